-- A document in which figures, deals or claims stand.
-- grain: document_id
select
    r.fields['document_id']::varchar                as document_id,  -- identifier of the document
    r.fields['kind']::varchar                       as kind,         -- filing, company_release, media or secondary
    case r.fields['kind']
        when 'filing' then 1
        when 'company_release' then 1
        when 'media' then 2
        else 3
    end::integer                                    as class_rank,   -- source class: 1 filing and company release, 2 media, 3 secondary
    r.fields['publisher']::varchar                  as publisher,    -- who published it
    r.fields['title']::varchar                      as title,        -- its title
    r.fields['url']::varchar                        as url,          -- where it stands
    nullif(r.fields['published_on'], '')::date      as published_on, -- when the world could know it; empty where the document has no date
    r.loaded_at::timestamptz                        as loaded_at     -- when this warehouse knew it
from raw.published_row as r
where r.kind = 'document' and r.superseded_at is null
