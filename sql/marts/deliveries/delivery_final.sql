-- A delivered figure that is younger than its series' settling age, and between which values it will end.
-- The band is the figure times the 90 % band of marts.delivery_settling for its age. A figure of 0 or less has no ratio
-- to its final value and so no band. Settled figures have no row.
-- grain: platform, date, channel, partnership_id, metric, currency
-- twin: no
-- contract: deliveries
with series as (
    select distinct
        settling.platform,
        settling.channel,
        settling.partnership_id,
        settling.metric,
        settling.currency,
        settling.settles_after_days
    from marts.delivery_settling as settling
),
young as (
    select
        cell.*,
        series.settles_after_days,
        settling.ratio_days,
        case
            when cell.value <= 0 then 'value_not_positive'
            when settling.ratio_low is null then 'short_history'
            else 'band'
        end as settling,
        if(cell.value > 0, cell.value::double * settling.ratio_low, null) as final_low,
        if(cell.value > 0, cell.value::double * settling.ratio_high, null) as final_high
    from steps.delivered_cell as cell
    join series
        on
            series.platform = cell.platform
            and series.channel = cell.channel
            and series.partnership_id = cell.partnership_id
            and series.metric = cell.metric
            and series.currency = cell.currency
    left join marts.delivery_settling as settling
        on
            settling.platform = cell.platform
            and settling.channel = cell.channel
            and settling.partnership_id = cell.partnership_id
            and settling.metric = cell.metric
            and settling.currency = cell.currency
            and settling.age = cell.age
    where cell.age < series.settles_after_days
)
select
    young.platform::varchar as platform,              -- slug
    young.date::date as date,                         -- day that the figure is about
    young.channel::varchar as channel,                -- channel; '' is the total
    young.partnership_id::varchar as partnership_id,  -- partnership; '' is none
    young.metric::varchar as metric,                  -- column of core.platform_metric_daily
    young.currency::varchar as currency,              -- ISO 4217 code of an amount; '' for a count
    young.value::decimal(28, 6) as value,             -- figure as known: persons, clicks, orders or in currency
    young.age::integer as age,                        -- days from its day to the last delivery
    young.final_low::double as final_low,             -- lower end of the 90 % band for its final value, in its unit
    young.final_high::double as final_high,           -- upper end of it; both empty without a band
    young.settling::varchar as settling,              -- band, or why there is none, see core.term
    coalesce(young.ratio_days, 0)::bigint as ratio_days,  -- final days from which the band is read
    (young.date + young.settles_after_days)::date as settles_on,
    -- day of the delivery with which it will be settled
    young.delivered_on::date as delivered_on,         -- day (UTC) of the last delivery of its channel
    (['unsettled'])::varchar[] as flags               -- what a reader must know, see core.term
from young
