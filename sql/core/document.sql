-- A document in which figures, deals or claims stand: of the reference files, and each filing whose facts EDGAR gave.
-- grain: document_id
with document as (
    select
        r.fields['document_id'] as document_id, r.fields['kind'] as kind, r.fields['publisher'] as publisher,
        r.fields['title'] as title, r.fields['url'] as url, nullif(r.fields['published_on'], '')::date as published_on, r.loaded_at
    from raw.reference_row as r
    where r.kind = 'document' and r.superseded_at is null
    union all
    select f.document_id, 'filing', 'SEC EDGAR', f.title, f.url, f.published_on, f.loaded_at
    from core.edgar_filing as f
)
select
    d.document_id::varchar      as document_id,  -- identifier of the document
    d.kind::varchar             as kind,         -- filing, company_release, media or secondary
    case d.kind
        when 'filing' then 1
        when 'company_release' then 1
        when 'media' then 2
        else 3
    end::integer                as class_rank,   -- source class: 1 filing and company release, 2 media, 3 secondary
    d.publisher::varchar        as publisher,    -- who published it
    d.title::varchar            as title,        -- its title
    d.url::varchar              as url,          -- where it stands
    d.published_on::date        as published_on, -- when the world could know it; empty where the document has no date
    d.loaded_at::timestamptz    as loaded_at     -- when this warehouse knew it
from document as d
