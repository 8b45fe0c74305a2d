-- Rows that were set aside and are in no figure, by source, file and reason.
select
    quarantine.source,
    parse_filename(quarantine.file) as file,
    quarantine.column_name,
    quarantine.reason,
    count(*) as rows_set_aside,
    min(quarantine.line) as first_line,
    max(quarantine.loaded_at)::date as loaded_on
from audit.quarantine as quarantine
where quarantine.superseded_at is null
group by quarantine.source, file, quarantine.column_name, quarantine.reason
order by rows_set_aside desc, quarantine.source, file, quarantine.reason
limit 50
