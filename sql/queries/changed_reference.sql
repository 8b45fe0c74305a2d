-- Rows of reference files that came or went since the moment $since, and what kind of change each is: $brings has that
-- of each of the $kinds of rows; a figure that the company had printed differently before is a restatement, unless it
-- corrects the entry of the same print. A row that only moved to another file is no change: its reason is empty.
with moved as (
    select
        entry.kind,
        entry.fields,
        entry.reading
    from raw.reference_row as entry
    where entry.loaded_at > $since or entry.superseded_at > $since
    group by all
    having
        bool_or(entry.loaded_at <= $since) and bool_or(entry.superseded_at is null)
),
edited as (
    select distinct
        entry.fields['document_id'] as document_id,
        entry.fields['platform'] as platform,
        entry.fields['metric'] as metric,
        coalesce(entry.fields['scope'], '') as scope,
        entry.fields['unit'] as unit,
        entry.fields['period_start'] as period_start,
        entry.fields['period_end'] as period_end
    from raw.reference_row as entry
    where entry.kind = 'observation' and entry.loaded_at <= $since and entry.superseded_at > $since
)
select
    entry.rowid as entry_id,
    case
        when moved.kind is not null then null
        when
            entry.superseded_at is null and entry.kind = 'observation'
            and restating.observation_id is not null and edited.document_id is null then 'restatement'
        else map($kinds, $brings)[entry.kind]
    end as reason,
    case
        when entry.kind = 'euro_rate' then concat_ws(' ', entry.fields['currency'], entry.fields['month'])
        else coalesce(nullif(entry.fields['document_id'], ''), entry.file)
    end as cause,
    nullif(entry.fields['platform'], '') as platform,
    entry.reading['observation_id'] as observation_id,
    null::date as first_day,
    null::date as last_day,
    nullif(entry.fields['currency'], '') as currency
from raw.reference_row as entry
left join (
    select observation.observation_id
    from core.observation as observation
    where observation.is_restatement
) as restating on restating.observation_id = entry.reading['observation_id']
left join moved on moved.kind = entry.kind and moved.fields = entry.fields and moved.reading = entry.reading
left join edited
    on
        edited.document_id = entry.fields['document_id']
        and edited.platform = entry.fields['platform']
        and edited.metric = entry.fields['metric']
        and edited.scope = coalesce(entry.fields['scope'], '')
        and edited.unit = entry.fields['unit']
        and edited.period_start is not distinct from entry.fields['period_start']
        and edited.period_end = entry.fields['period_end']
where entry.loaded_at > $since or entry.superseded_at > $since
