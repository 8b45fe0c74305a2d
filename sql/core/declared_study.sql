-- A study of an effect that somebody declared: which deal, partner and figure, from which day, against whom, and why.
-- group: studies
-- grain: study_id
select
    entry.fields['study_id']::varchar as study_id,                -- slug of the study
    entry.fields['partnership_id']::varchar as partnership_id,    -- the deal
    entry.fields['platform']::varchar as platform,                -- whose figure it is
    entry.fields['metric']::varchar as metric,                    -- the figure
    entry.fields['period']::varchar as period,                    -- quarter, ttm or week
    nullif(entry.fields['event_on'], '')::date as event_on,
    -- day from which the effect is looked for; empty: the deal's own
    nullif(entry.fields['first_on'], '')::date as first_on,       -- no period that began before it is used
    nullif(entry.fields['last_on'], '')::date as last_on,         -- no period that ended after it is used
    string_split(nullif(entry.fields['donors'], ''), ';')::varchar[] as donors,
    -- the only platforms that may be donors; empty: all
    entry.fields['reason']::varchar as reason,                    -- why it is asked like this
    entry.loaded_at::timestamp as loaded_at                     -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'study' and entry.superseded_at is null
