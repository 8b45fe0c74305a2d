-- A document in which figures, deals or claims stand: of the reference files, and each filing whose facts EDGAR gave.
-- group: figures
-- grain: document_id
with document as (
    select
        entry.fields['document_id'] as document_id,
        entry.fields['kind'] as kind,
        entry.fields['publisher'] as publisher,
        entry.fields['title'] as title,
        entry.fields['url'] as url,
        nullif(entry.fields['published_on'], '')::date as published_on,
        entry.loaded_at
    from raw.reference_row as entry
    where entry.kind = 'document' and entry.superseded_at is null
    union all
    select
        filing.document_id,
        'filing',
        'SEC EDGAR',
        filing.title,
        filing.url,
        filing.published_on,
        filing.loaded_at
    from core.edgar_filing as filing
)
select
    document.document_id::varchar as document_id,  -- identifier of the document
    document.kind::varchar as kind,                -- filing, company_release, media or secondary
    case document.kind
        when 'filing' then 1
        when 'company_release' then 1
        when 'media' then 2
        else 3
    end::integer as class_rank,                    -- source class: 1 filing and company release, 2 media, 3 secondary
    document.publisher::varchar as publisher,      -- who published it
    document.title::varchar as title,              -- its title
    document.url::varchar as url,                  -- where it stands
    document.published_on::date as published_on,   -- when the world could know it; empty where the document has no date
    document.loaded_at::timestamp as loaded_at   -- when this warehouse knew it, UTC
from document
