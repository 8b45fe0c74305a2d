-- How much of its revenue does a platform spend on sales and marketing, year by year.
select
    platform.name,
    share.period_start,
    share.period_end,
    share.value as sm_intensity,
    share.low as sm_intensity_low,
    share.high as sm_intensity_high,
    share.validity,
    if(share.value is null, term.meaning, null) as why,
    term.is_ranked,
    term.is_missing,
    share.flags,
    share.known_on,
    share.input_observation_ids
from marts.unit_economics as share
join core.platform as platform on platform.platform = share.platform
join core.term as term on term.kind = 'validity' and term.term = share.validity
where
    share.metric = 'sm_intensity'
    and share.period_end - share.period_start > 300
    and (coalesce(share.value, share.low, share.high) is not null or not term.is_missing)
order by share.platform, share.period_end
