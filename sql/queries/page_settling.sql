-- After how many days do delivered figures no longer change, and how far does one of the youngest age still move: one
-- row a series, at the youngest age that was delivered.
select
    platform.name,
    settling.channel,
    settling.partnership_id,
    settling.metric,
    settling.currency,
    settling.settles_after_days,
    settling.history_suffices,
    settling.age,
    settling.days,
    settling.moved_share,
    settling.ratio_median,
    settling.ratio_low as ratio_median_low,
    settling.ratio_high as ratio_median_high
from marts.delivery_settling as settling
left join core.platform as platform on platform.platform = settling.platform
qualify
    row_number() over (
        partition by
            settling.platform, settling.channel, settling.partnership_id, settling.metric, settling.currency
        order by settling.age
    ) = 1
order by settling.platform, settling.channel, settling.partnership_id, settling.metric, settling.currency
