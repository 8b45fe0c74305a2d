-- What is new since the publication before, in sentences: why how many rows changed, new filings, restated figures,
-- flipped verdicts, costs that changed, targets and plans that turned; the first eight of each, and how many more.
with change as (
    select
        listed.*,
        coalesce(listed.reasons, []) as why
    from meta.change as listed
),
counted as (
    select
        because.reason,
        count(distinct concat_ws(chr(31), because.table_name, because.row_key)) as changed_rows,
        count(distinct because.table_name) as changed_tables
    from (
        select
            change.table_name,
            change.row_key,
            unnest(if(change.why = [], ['unexplained'], change.why)) as reason
        from change
    ) as because
    group by because.reason
),
cell as (
    -- the columns of a row that changed, each with its value before
    select
        change.table_name,
        change.row_key,
        map_from_entries(list(struct_pack(k := change.column_name, v := change.before))) as before,
        list_sort(list_distinct(flatten(list(change.why)))) as reasons,
        list_sort(list_distinct(flatten(list(change.causes))))[:5] as causes
    from change
    where change.change = 'changed'
    group by change.table_name, change.row_key
),
filing as (
    select
        'filing' as sentence,
        coalesce(document.title, document.document_id) as title,
        document.published_on as first_published_on,
        document.publisher as company,
        count(observation.observation_id) as figures,
        document.document_id
    from change
    join core.document as document on document.document_id = change.row_key
    left join core.observation as observation on observation.document_id = document.document_id
    where change.table_name = 'core.document' and change.change = 'added'
    group by document.document_id, document.title, document.published_on, document.publisher
),
restated as (
    select
        'restated' as sentence,
        platform.name,
        metric.label as figure,
        step.scope,
        step.period_start,
        step.period_end,
        step.old_value as value_before,
        step.old_low as value_before_low,
        step.old_high as value_before_high,
        step.new_value as value_after,
        step.new_low as value_after_low,
        step.new_high as value_after_high,
        step.unit,
        step.restated_on,
        [step.old_observation_id, step.new_observation_id] as input_observation_ids
    from change
    join marts.restatement_step as step
        on
            change.row_key = concat_ws(
                ' | ',
                step.platform,
                step.metric,
                coalesce(nullif(step.scope, ''), '-'),
                step.unit,
                coalesce(step.period_start::varchar, '-'),
                step.period_end,
                step.restated_on
            )
    join core.platform as platform on platform.platform = step.platform
    join core.metric as metric on metric.metric = step.metric
    where change.table_name = 'marts.restatement_step' and change.change = 'added'
),
flipped as (
    select
        'flipped' as sentence,
        verdict.statement,
        verdict.subject,
        meaning.meaning,
        cell.before['verdict'] as verdict_before,
        verdict.verdict,
        cell.reasons,
        cell.causes,
        verdict.document_id
    from cell
    join marts.claim_verdict as verdict
        on cell.row_key = concat_ws(' | ', verdict.claim_id, verdict.part, coalesce(nullif(verdict.subject, ''), '-'))
    left join core.term as meaning on meaning.kind = 'claim_part' and meaning.term = verdict.part
    where cell.table_name = 'marts.claim_verdict' and map_contains(cell.before, 'verdict')
),
known_cost as (
    select
        trend.*,
        platform.name,
        concat_ws(
            ' | ', trend.platform, coalesce(nullif(trend.scope, ''), '-'), trend.definition, trend.period_end
        ) as row_key
    from marts.cac_trend as trend
    join core.platform as platform on platform.platform = trend.platform
    where trend.definition = 'cac_net_12m' or trend.definition = 'cac_pooled_2y'
),
cost as (
    select
        case
            when cost.cac is null then 'cost_lost' when cell.before['cac'] is null then 'cost_found' else 'cost'
        end as sentence,
        cost.name,
        cost.scope,
        cost.period_start,
        cost.period_end,
        cell.before['cac']::double as cac_before,
        if(map_contains(cell.before, 'cac_low'), cell.before['cac_low']::double, cost.cac_low) as cac_before_low,
        if(map_contains(cell.before, 'cac_high'), cell.before['cac_high']::double, cost.cac_high) as cac_before_high,
        cost.cac as cac_after,
        cost.cac_low as cac_after_low,
        cost.cac_high as cac_after_high,
        cost.currency,
        cost.validity,
        cell.reasons,
        cell.causes,
        cost.input_observation_ids
    from cell
    join known_cost as cost on cost.row_key = cell.row_key
    where cell.table_name = 'marts.cac_trend' and map_contains(cell.before, 'cac')
    union all by name
    select
        'cost_found' as sentence,
        cost.name,
        cost.scope,
        cost.period_start,
        cost.period_end,
        cost.cac as cac_after,
        cost.cac_low as cac_after_low,
        cost.cac_high as cac_after_high,
        cost.currency,
        cost.validity,
        change.why as reasons,
        change.causes,
        cost.input_observation_ids
    from change
    join known_cost as cost on cost.row_key = change.row_key
    where change.table_name = 'marts.cac_trend' and change.change = 'added' and cost.cac is not null
),
turned as (
    select
        'turned' as sentence,
        concat_ws(' ', platform.name, nullif(pacing.channel, '')) as subject,
        pacing.metric,
        pacing.month as period_start,
        cell.before['status'] as status_before,
        pacing.status,
        cell.reasons,
        cell.causes
    from cell
    join marts.channel_pacing as pacing
        on
            cell.row_key
            = concat_ws(' | ', pacing.platform, coalesce(nullif(pacing.channel, ''), '-'), pacing.month, pacing.metric)
    join core.platform as platform on platform.platform = pacing.platform
    where cell.table_name = 'marts.channel_pacing' and map_contains(cell.before, 'status')
    union all
    select
        'turned' as sentence,
        concat_ws(' ', platform.name, pacing.partnership_id) as subject,
        pacing.metric,
        pacing.period_start,
        cell.before['status'] as status_before,
        pacing.status,
        cell.reasons,
        cell.causes
    from cell
    join marts.partnership_pacing as pacing
        on
            cell.row_key = concat_ws(
                ' | ',
                coalesce(nullif(pacing.platform, ''), '-'),
                pacing.partnership_id,
                coalesce(nullif(pacing.metric, ''), '-'),
                coalesce(pacing.period_start::varchar, '-')
            )
    left join core.platform as platform on platform.platform = pacing.platform
    where cell.table_name = 'marts.partnership_pacing' and map_contains(cell.before, 'status')
),
told as (
    select
        1 as part,
        'because' as sentence,
        [counted.reason] as reasons,
        counted.changed_rows,
        counted.changed_tables
    from counted
    union all by name
    select
        2 as part,
        filing.*
    from filing
    union all by name
    select
        3 as part,
        restated.*
    from restated
    union all by name
    select
        4 as part,
        flipped.*
    from flipped
    union all by name
    select
        5 as part,
        cost.*
    from cost
    union all by name
    select
        6 as part,
        turned.*
    from turned
),
placed as (
    select
        told.*,
        row_number() over (
            partition by told.part
            order by
                told.first_published_on desc,
                told.restated_on desc,
                told.changed_rows desc,
                told.period_end desc,
                told.name,
                told.title,
                told.statement,
                told.subject,
                told.scope,
                told.metric
        ) as place,
        count(*) over (partition by told.part) as found
    from told
),
shown as (
    select
        0 as part,
        0 as place,
        case
            when publication.version = 1 then 'first' when (select count(*) from counted) = 0 then 'same' else 'changed'
        end as sentence,
        publication.version,
        publication.refreshed_at::date as refreshed_on,
        (
            select count(distinct concat_ws(chr(31), change.table_name, change.row_key)) from change
        ) as changed_rows,
        (select count(distinct change.table_name) from change) as changed_tables
    from meta.publication as publication
    union all by name
    select placed.* exclude (found) from placed
    where placed.place <= 8
    union all by name
    select
        placed.part,
        9 as place,
        case placed.part
            when 2 then 'more_filings'
            when 3 then 'more_restated'
            when 4 then 'more_flipped'
            when 5 then 'more_costs'
            else 'more_turned'
        end as sentence,
        placed.found - 8 as further
    from placed
    where placed.place = 9 and placed.part > 1
)
select
    shown.sentence,
    shown.version,
    shown.refreshed_on,
    shown.changed_rows,
    shown.changed_tables,
    shown.title,
    shown.first_published_on,
    shown.company,
    shown.figures,
    shown.name,
    shown.figure,
    shown.statement,
    shown.subject,
    shown.meaning,
    shown.metric,
    shown.scope,
    shown.period_start,
    shown.period_end,
    shown.value_before,
    shown.value_before_low,
    shown.value_before_high,
    shown.value_after,
    shown.value_after_low,
    shown.value_after_high,
    shown.unit,
    shown.restated_on,
    shown.verdict_before,
    shown.verdict,
    shown.status_before,
    shown.status,
    shown.cac_before,
    shown.cac_before_low,
    shown.cac_before_high,
    shown.cac_after,
    shown.cac_after_low,
    shown.cac_after_high,
    shown.currency,
    shown.validity,
    shown.reasons,
    shown.causes,
    shown.further,
    coalesce(shown.input_observation_ids, []) as input_observation_ids,
    shown.document_id
from shown
order by shown.part, shown.place
