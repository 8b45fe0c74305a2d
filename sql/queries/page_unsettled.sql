-- Which figures are younger than the settling age of their series, and between which values each will end.
select
    platform.name,
    young.date,
    young.channel,
    young.partnership_id,
    young.metric,
    young.value,
    young.currency,
    young.age,
    young.final_low as final_from,
    young.final_high as final_to,
    young.settling,
    young.settles_on,
    young.delivered_on
from marts.delivery_final as young
left join core.platform as platform on platform.platform = young.platform
order by young.platform, young.date desc, young.channel, young.partnership_id, young.metric, young.currency
