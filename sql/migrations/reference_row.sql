-- Hand-kept figures are called reference, in data/reference; published means the snapshot that readers open.
-- when: from duckdb_tables() where schema_name = 'raw' and table_name = 'published_row'
alter table raw.published_row rename to reference_row;

update raw.reference_row
set file = 'data/reference/' || parse_filename(file)
where parse_dirpath(file) in ('data/published', getvariable('root') || '/data/published');

update audit.load
set
    source = 'reference',
    file = if(
        parse_dirpath(file) in ('data/published', getvariable('root') || '/data/published'),
        'data/reference/' || parse_filename(file), file
    )
where source = 'published';

update audit.quarantine
set
    source = 'reference',
    file = if(
        parse_dirpath(file) in ('data/published', getvariable('root') || '/data/published'),
        'data/reference/' || parse_filename(file), file
    )
where source = 'published';

update audit.expectation_result set table_name = 'raw.reference_row'
where table_name = 'raw.published_row';
