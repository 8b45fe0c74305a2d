-- How far delivered figures of a series still moved from an age in days to what they became, and when they settle.
-- Read from the last 99 final days (older than the horizon of steps.delivered_cell) of which the figure at that age is
-- known because its channel was delivered on that day. A series settles at the age from which on at most 5 % of these
-- days were still off by more than 0.5 %, at each age with 19 days or more; an age with fewer counts as unsettled.
-- The band has 90 % of the next ratio, whatever its distribution: of n ratios in order, those with the ranks
-- 0.05 (n + 1) and 0.95 (n + 1), between two ratios on a line. Where many days have the ratio at one end (such as 1:
-- nothing more came), fewer than 5 % lie beyond it, and the rest of the 10 % is taken off at the other end.
-- grain: platform, channel, partnership_id, metric, currency, age
-- twin: no
-- contract: deliveries
with delivered as (
    select distinct
        version.platform,
        version.channel,
        version.partnership_id,
        version.known_on
    from core.delivered_version as version
),
series as (
    select
        cell.platform,
        cell.channel,
        cell.partnership_id,
        cell.metric,
        cell.currency,
        any_value(cell.horizon) as horizon,
        greatest(any_value(cell.horizon) + 1, min(cell.first_age)) as last_age
    from steps.delivered_cell as cell
    group by all
),
spanned as (
    select
        version.platform,
        version.date,
        version.channel,
        version.partnership_id,
        version.metric,
        version.currency,
        version.value,
        unnest(
            range(
                version.known_on - version.date,
                least(coalesce(version.known_until - version.date, 2147483647), series.last_age + 1)
            )
        ) as age
    from core.delivered_version as version
    join series
        on
            series.platform = version.platform
            and series.channel = version.channel
            and series.partnership_id = version.partnership_id
            and series.metric = version.metric
            and series.currency = version.currency
),
known as (
    select
        spanned.*,
        cell.value as final,
        cell.is_watched and cell.is_final and cell.age > spanned.age as counts
    from spanned
    join delivered
        on
            delivered.platform = spanned.platform
            and delivered.channel = spanned.channel
            and delivered.partnership_id = spanned.partnership_id
            and delivered.known_on = spanned.date + spanned.age::integer
    join steps.delivered_cell as cell
        on
            cell.platform = spanned.platform
            and cell.date = spanned.date
            and cell.channel = spanned.channel
            and cell.partnership_id = spanned.partnership_id
            and cell.metric = spanned.metric
            and cell.currency = spanned.currency
),
recent as (
    select known.* from known
    qualify
        not known.counts
        or row_number()
            over (
                partition by
                    known.platform,
                    known.channel,
                    known.partnership_id,
                    known.metric,
                    known.currency,
                    known.age,
                    known.counts
                order by known.date desc
            )
        <= 99
),
by_age as (
    select
        recent.platform,
        recent.channel,
        recent.partnership_id,
        recent.metric,
        recent.currency,
        recent.age,
        count(*) filter (where recent.counts) as days,
        count(*) filter (where recent.counts and abs(recent.value - recent.final) > 0.005 * abs(recent.final))
            as moved,
        coalesce(
            list(ratio(recent.final, recent.value) order by ratio(recent.final, recent.value)) filter (
                where recent.counts and recent.value > 0
            ),
            []
        ) as ratios
    from recent
    group by all
),
ends as (
    select
        by_age.*,
        len(by_age.ratios) as ratio_days,
        if(len(by_age.ratios) >= 19, at_rank(by_age.ratios, (len(by_age.ratios) + 1) / 20), null) as first_low,
        if(len(by_age.ratios) >= 19, at_rank(by_age.ratios, 19 * (len(by_age.ratios) + 1) / 20), null) as first_high
    from by_age
),
beyond as (
    select
        ends.*,
        len(list_filter(ends.ratios, lambda one: one < ends.first_low)) as below,
        len(list_filter(ends.ratios, lambda one: one > ends.first_high)) as above,
        len(list_filter(ends.ratios, lambda one: one = ends.first_low)) > 1 as is_low_tied,
        len(list_filter(ends.ratios, lambda one: one = ends.first_high)) > 1 as is_high_tied
    from ends
),
banded as (
    select
        beyond.*,
        if(
            beyond.is_high_tied and not beyond.is_low_tied,
            at_rank(beyond.ratios, (beyond.ratio_days + 1) / 10 - beyond.above),
            beyond.first_low
        ) as ratio_low,
        if(
            beyond.is_low_tied and not beyond.is_high_tied,
            at_rank(beyond.ratios, 9 * (beyond.ratio_days + 1) / 10 + beyond.below),
            beyond.first_high
        ) as ratio_high
    from beyond
),
blocking as (
    select
        banded.*,
        banded.days < 19 as is_short,
        max(banded.age) filter (where banded.days < 19 or banded.moved > 0.05 * banded.days)
            over (
                partition by banded.platform, banded.channel, banded.partnership_id, banded.metric, banded.currency
            )
            as last_unsettled
    from banded
),
judged as (
    select
        blocking.*,
        bool_or(blocking.is_short and blocking.age = blocking.last_unsettled)
            over (
                partition by
                    blocking.platform,
                    blocking.channel,
                    blocking.partnership_id,
                    blocking.metric,
                    blocking.currency
            )
            as is_short_there
    from blocking
)
select
    judged.platform::varchar as platform,              -- slug
    judged.channel::varchar as channel,                -- channel; '' is the total
    judged.partnership_id::varchar as partnership_id,  -- partnership; '' is none
    judged.metric::varchar as metric,                  -- column of core.platform_metric_daily
    judged.currency::varchar as currency,              -- ISO 4217 code of an amount; '' for a count
    judged.age::integer as age,                        -- days from the day of a figure to its delivery
    judged.days::bigint as days,                       -- final days whose figure at that age is known, at most 99
    ratio(judged.moved, judged.days)::double as moved_share,
    -- share of these days that were still off by more than 0.5 % at that age; empty without a day
    judged.ratio_days::bigint as ratio_days,           -- those with a figure above 0 at that age, which have a ratio
    list_aggregate(judged.ratios, 'quantile_cont', 0.05)::double as ratio_p05,
    -- 5 % point of the final figure over the figure at that age; empty without a ratio
    list_aggregate(judged.ratios, 'median')::double as ratio_median,  -- median of the same
    list_aggregate(judged.ratios, 'quantile_cont', 0.95)::double as ratio_p95,  -- 95 % point of the same
    judged.ratio_low::double as ratio_low,
    -- lower end of the 90 % band of the next ratio; empty with fewer than 19 ratios
    judged.ratio_high::double as ratio_high,           -- upper end of it
    coalesce(judged.last_unsettled + 1, 0)::integer as settles_after_days,
    -- settling age of the series: figures of this age and older are settled
    (not judged.is_short_there)::boolean as history_suffices
    -- whether the settling age was seen; false where it only is the age up to which fewer than 19 days are known
from judged
