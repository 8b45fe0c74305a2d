-- What the publication changed, of $table and for $reason where they are not empty.
select
    change.table_name,
    change.row_key,
    change.change,
    change.column_name,
    change.before,
    change.after,
    change.reasons,
    change.causes
from meta.change as change
where
    ($table = '' or change.table_name = $table)
    and ($reason = '' or list_contains(change.reasons, $reason))
order by change.table_name, change.row_key, change.column_name
