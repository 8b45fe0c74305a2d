-- What a published file says of itself, made in the file while it is attached as upcoming.
create schema if not exists upcoming.meta;

create table upcoming.meta.publication (
    version bigint, refreshed_at timestamptz, fingerprint varchar, duckdb_version varchar, warehouse_version varchar
);
comment on table upcoming.meta.publication is 'What this snapshot is: one row.';
comment on column upcoming.meta.publication.version is 'number of the publication; a later one is higher';
comment on column upcoming.meta.publication.refreshed_at is 'when it was published';
comment on column upcoming.meta.publication.fingerprint is 'hash over all content: the same hash, the same answers';
comment on column upcoming.meta.publication.duckdb_version is 'DuckDB that wrote the file';
comment on column upcoming.meta.publication.warehouse_version is 'version of this project that wrote the file';

create table upcoming.meta.input as
select file, content_hash, rows_loaded, rows_quarantined, loaded_at
from audit.load
where superseded_at is null
order by file, loaded_at;
comment on table upcoming.meta.input is 'One file that this snapshot was made from.';
comment on column upcoming.meta.input.file is 'file, as the user named it';
comment on column upcoming.meta.input.content_hash is 'SHA-256 of the file';
comment on column upcoming.meta.input.rows_loaded is 'rows that count';
comment on column upcoming.meta.input.rows_quarantined is 'rows set aside, with their reasons in audit.quarantine';
comment on column upcoming.meta.input.loaded_at is 'when it was read';

create table upcoming.meta.change (
    table_name varchar, row_key varchar, change varchar, column_name varchar, before varchar, after varchar
);
comment on table upcoming.meta.change is 'One difference between this snapshot and the one before it, in core and marts.';
comment on column upcoming.meta.change.table_name is 'schema.table';
comment on column upcoming.meta.change.row_key is 'grain of the row, its parts separated by |';
comment on column upcoming.meta.change.change is 'added, removed, changed, table added, table removed or too large to list';
comment on column upcoming.meta.change.column_name is 'column that changed; empty when the whole row came or went';
comment on column upcoming.meta.change.before is 'value as text, or the row that went';
comment on column upcoming.meta.change.after is 'value as text, or the row that came';
