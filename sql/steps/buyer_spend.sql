-- What a buyer spent in twelve months: as the platform prints it, and recomputed as GMV over annual active buyers of
-- one perimeter.
-- group: cost_steps
-- grain: platform, scope, metric, period_start, period_end
with figure as (
    select
        figure.*,
        platform.reporting_currency || '_per_person' as per_person
    from core.observation_latest as figure
    join core.platform as platform on platform.platform = figure.platform
    where span_kind(figure.period_end - figure.period_start + 1) = 'year' and (
        figure.metric = 'annual_active_buyers' and figure.unit = 'persons'
        or figure.metric = 'gmv' and figure.unit = platform.reporting_currency
        or figure.metric = 'annual_spend_per_buyer' and figure.unit = platform.reporting_currency || '_per_person'
    )
),
span as (
    select distinct
        figure.platform,
        figure.scope,
        figure.period_start,
        figure.period_end,
        figure.per_person as unit
    from figure
    where figure.metric <> 'gmv'
),
side as (
    select
        span.*,
        print.value as printed,
        print.value_low as printed_low,
        print.value_high as printed_high,
        print.qualifier as printed_qualifier,
        print.flags as printed_flags,
        print.observation_id as printed_id,
        print.published_on as printed_on,
        ratio(gmv.value, buyers.value) as ratio,
        ratio(gmv.value_low, buyers.value_high) as ratio_low,
        ratio(gmv.value_high, buyers.value_low) as ratio_high,
        gmv.observation_id as gmv_id,
        buyers.observation_id as buyers_id,
        gmv.qualifier = 'exact' and buyers.qualifier = 'exact' as ratio_is_exact,
        coalesce(gmv.consolidation <> buyers.consolidation, false) as is_mixed,
        coalesce(buyers.covered_on, gmv.covered_on) as covered_on,
        exists(
            select 1 from core.definition_break as definition_break
            where
                definition_break.platform = span.platform
                and definition_break.metric in ('gmv', 'annual_active_buyers')
                and definition_break.scope = span.scope
                and definition_break.from_period_end between span.period_start and span.period_end
        ) as has_break,
        list_concat(coalesce(gmv.flags, []), coalesce(buyers.flags, [])) as ratio_flags,
        known_on(
            day_if(gmv.observation_id is not null, gmv.published_on),
            day_if(buyers.observation_id is not null, buyers.published_on)
        ) as ratio_on
    from span
    left join figure as print
        on
            print.metric = 'annual_spend_per_buyer' and print.platform = span.platform and print.scope = span.scope
            and print.period_start = span.period_start and print.period_end = span.period_end
    left join figure as gmv
        on
            gmv.metric = 'gmv' and gmv.platform = span.platform and gmv.scope = span.scope
            and gmv.period_start = span.period_start and gmv.period_end = span.period_end
    left join
        figure
            as buyers
        on
            buyers.metric = 'annual_active_buyers' and buyers.platform = span.platform and buyers.scope = span.scope
            and buyers.period_start = span.period_start and buyers.period_end = span.period_end
),
spend as (
    select
        side.*,
        'spend_per_buyer' as metric,
        side.printed::double as value,
        side.printed_low::double as low,
        side.printed_high::double as high,
        if(side.printed_qualifier <> 'exact', 'bounds_only', null) as obstacle,
        list_concat(
            side.printed_flags,
            if(
                not side.has_break
                and not side.is_mixed
                and (side.ratio_on is not null or side.printed_on is null)
                and are_apart(side.printed_low, side.printed_high, side.ratio_low, side.ratio_high),
                ['recomputed_disagrees'],
                []
            )
        ) as flags,
        [side.printed_id] as inputs,
        side.printed_on as known_on
    from side
    where side.printed_id is not null
    union all
    select
        side.*,
        'spend_per_buyer_recomputed',
        if(side.has_break or side.is_mixed, null, side.ratio),
        if(side.has_break or side.is_mixed, null, side.ratio_low),
        if(side.has_break or side.is_mixed, null, side.ratio_high),
        case
            when side.has_break then 'definition_break'
            when side.gmv_id is null then 'gmv_not_disclosed'
            when side.buyers_id is null then 'missing_buyers_end'
            when side.is_mixed then 'consolidation_mismatch'
            when not side.ratio_is_exact then 'bounds_only'
        end,
        side.ratio_flags,
        present([side.gmv_id, side.buyers_id]),
        side.ratio_on
    from side
    where side.gmv_id is not null or side.buyers_id is not null
)
select
    spend.platform::varchar as platform,               -- platform slug
    spend.scope::varchar as scope,  -- perimeter of GMV and buyers, the same for both; '' is the whole
    spend.metric::varchar as metric,  -- spend_per_buyer (as printed) or spend_per_buyer_recomputed (GMV over buyers)
    spend.period_start::date as period_start,          -- first day of the twelve months
    spend.period_end::date as period_end,              -- last day of the twelve months
    spend.value::double as value,                      -- in unit; empty where a figure is missing
    spend.low::double as low,                          -- least the prints allow
    spend.high::double as high,                        -- greatest the prints allow
    spend.unit::varchar as unit,                       -- currency per person, such as CNY_per_person
    spend.covered_on::date as covered_on,
    -- day of the first document of the company that covers the end of the period; empty where none did by known_on
    spend.obstacle::varchar as obstacle,               -- why there is no number; empty when there is one
    all_flags(spend.flags)::varchar[] as flags,
    -- what a reader must know; recomputed_disagrees: print and GMV over buyers do not meet
    spend.inputs::varchar[] as input_observation_ids,  -- figures it stands on
    spend.known_on::date as known_on  -- first day on which it could have been known; empty with an undated figure
from spend
