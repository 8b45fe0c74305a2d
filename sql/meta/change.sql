-- One difference between this snapshot and the one before it, in core, steps and marts, and why it differs.
create table meta.change (
    table_name varchar, -- schema.table
    row_key varchar, -- grain of the row, its parts separated by |
    change varchar, -- added, removed, changed, table added, table removed or too large to list
    column_name varchar, -- column that changed; empty when the whole row came or went
    before varchar, -- value as text, or the row that went
    after varchar, -- value as text, or the row that came
    reasons varchar[], -- why, in words of core.term (change_reason): without each of them the value would be another
    causes varchar[] -- documents, files, rates, definitions, rules or models that are behind it, at most five
)
