-- A question about the effect of a deal: one of its partners and one figure of it.
-- Every deal is asked about every figure that a partner has by quarter, of twelve months or by week; one of partners
-- without such figures has one row without a figure. A declared study of the same deal, partner, figure and period
-- takes the place of that.
-- group: studies
-- grain: study_id
-- twin: no
-- portable: yes
with series as (
    select distinct
        study_value.metric,
        study_value.period,
        study_value.platform
    from steps.study_value as study_value
),
partner as (
    select
        deal.partnership_id,
        deal.traffic_platform as platform,
        coalesce(deal.effective_on, deal.announced_on) as event_on
    from core.partnership as deal
    union
    select
        deal.partnership_id,
        deal.supply_platform,
        coalesce(deal.effective_on, deal.announced_on)
    from core.partnership as deal
),
asked as (
    select
        declared_study.study_id,
        declared_study.partnership_id,
        declared_study.platform,
        declared_study.metric,
        declared_study.period,
        coalesce(declared_study.event_on, deal.effective_on, deal.announced_on) as event_on,
        declared_study.first_on,
        declared_study.last_on,
        declared_study.donors,
        declared_study.reason
    from core.declared_study as declared_study
    join core.partnership as deal on deal.partnership_id = declared_study.partnership_id
    union all
    select
        concat(partner.partnership_id, '/', partner.platform, '/', series.metric, '/', series.period),
        partner.partnership_id,
        partner.platform,
        series.metric,
        series.period,
        partner.event_on,
        cast(null as date),
        cast(null as date),
        cast(null as varchar[]),
        cast(null as varchar)
    from partner
    join series on series.platform = partner.platform
    where
        not exists (
            select declared_study.study_id
            from core.declared_study as declared_study
            where
                declared_study.partnership_id = partner.partnership_id
                and declared_study.platform = partner.platform
                and declared_study.metric = series.metric
                and declared_study.period = series.period
        )
    union all
    select
        deal.partnership_id,
        deal.partnership_id,
        '',
        '',
        '',
        coalesce(deal.effective_on, deal.announced_on),
        cast(null as date),
        cast(null as date),
        cast(null as varchar[]),
        cast(null as varchar)
    from core.partnership as deal
    where
        not exists (
            select series.metric
            from series
            where series.platform = deal.traffic_platform or series.platform = deal.supply_platform
        )
)
select
    asked.study_id::varchar as study_id,              -- deal/partner/figure/period, or the slug of a declared study
    asked.partnership_id::varchar as partnership_id,  -- the deal
    asked.platform::varchar as platform,              -- the partner whose figure it is; '' where no partner has figures
    asked.metric::varchar as metric,                  -- the figure; '' where there is none
    asked.period::varchar as period,                  -- quarter, ttm (twelve months) or week; '' without a figure
    asked.event_on::date as event_on,
    -- day from which the effect is looked for: the first day live, else the announcement; empty where unknown
    asked.first_on::date as first_on,                 -- no period that began before it is used; empty: as many as exist
    coalesce(asked.last_on, case when deal.ended_on > asked.event_on then deal.ended_on end)::date as last_on,
    -- no period that ended after it is used: declared, else the day on which the deal ended; empty: as many as exist
    asked.donors::varchar[] as donors,               -- the only platforms that may be donors; empty: all
    asked.reason::varchar as reason                   -- why it is asked like this; empty where nobody declared it
from asked
left join core.partnership as deal on deal.partnership_id = asked.partnership_id
