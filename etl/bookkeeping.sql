-- Tables that are written row by row and never rebuilt: what sources said, and the audit trail.
create table if not exists raw.published_row (
    kind varchar, file varchar, content_hash varchar, line bigint,
    fields map(varchar, varchar), reading map(varchar, varchar),
    loaded_at timestamptz, superseded_at timestamptz
);
comment on table raw.published_row is 'One row of a reference file, as the file said it.';
comment on column raw.published_row.kind is 'platform, party, metric, document, definition_break, observation, partnership, claim or edgar_concept';
comment on column raw.published_row.file is 'file, by the folder as WAREHOUSE_FIGURES names it';
comment on column raw.published_row.content_hash is 'SHA-256 of the file';
comment on column raw.published_row.line is 'physical line on which the row starts; the header is line 1';
comment on column raw.published_row.fields is 'header to text, as it stands in the file';
comment on column raw.published_row.reading is 'what the strict reader concluded: identifier and rounding half width';
comment on column raw.published_row.loaded_at is 'when this warehouse first read the row in this content of the file';
comment on column raw.published_row.superseded_at is 'when a newer content of the file replaced it; empty while it counts';

create table if not exists audit.load (
    source varchar, file varchar, content_hash varchar,
    rows_read bigint, rows_loaded bigint, rows_quarantined bigint, rows_superseded bigint,
    status varchar, message varchar, loaded_at timestamptz, superseded_at timestamptz, load_id integer
);
alter table audit.load add column if not exists load_id integer;
comment on table audit.load is 'One reading of one file: what became of its rows. rows_read = rows_loaded + rows_quarantined.';
comment on column audit.load.source is 'source module';
comment on column audit.load.file is 'file, as the user named it';
comment on column audit.load.content_hash is 'SHA-256 of the file';
comment on column audit.load.rows_read is 'rows in the file';
comment on column audit.load.rows_loaded is 'rows that count';
comment on column audit.load.rows_quarantined is 'rows set aside, with their reasons in audit.quarantine';
comment on column audit.load.rows_superseded is 'earlier rows that this reading replaced';
comment on column audit.load.status is 'loaded, partly_loaded, refused or superseded';
comment on column audit.load.message is 'why a file was refused or superseded; empty otherwise';
comment on column audit.load.loaded_at is 'when it was read';
comment on column audit.load.superseded_at is 'when a later reading replaced it; empty while it counts';
comment on column audit.load.load_id is 'number by which rows of the inbox name the load that brought them; empty for other sources';

create table if not exists audit.quarantine (
    source varchar, file varchar, content_hash varchar, line bigint, column_name varchar,
    raw_text varchar, reason varchar, loaded_at timestamptz, superseded_at timestamptz
);
comment on table audit.quarantine is 'One row that broke its contract: kept as it was, counted, and out of every figure.';
comment on column audit.quarantine.source is 'source module';
comment on column audit.quarantine.file is 'file, as the user named it';
comment on column audit.quarantine.content_hash is 'SHA-256 of the file';
comment on column audit.quarantine.line is 'physical line on which the row starts';
comment on column audit.quarantine.column_name is 'column that broke the contract; empty when the row as a whole did';
comment on column audit.quarantine.raw_text is 'the row as it stands in the file';
comment on column audit.quarantine.reason is 'what is wrong and what would mend it';
comment on column audit.quarantine.loaded_at is 'when it was set aside';
comment on column audit.quarantine.superseded_at is 'when a later reading replaced it; empty while it stands';

create table if not exists audit.expectation_result (
    run_id varchar, checked_at timestamptz, table_name varchar, check_name varchar, expectation_type varchar,
    severity varchar, success boolean, observed_value varchar, unexpected_count bigint, element_count bigint,
    kwargs varchar, why varchar, exception varchar
);
comment on table audit.expectation_result is 'One expectation on one table in one run.';
comment on column audit.expectation_result.run_id is 'run of the refresh';
comment on column audit.expectation_result.checked_at is 'when it was checked';
comment on column audit.expectation_result.table_name is 'schema.table';
comment on column audit.expectation_result.check_name is 'name of the check in its suite and in the Dagster UI';
comment on column audit.expectation_result.expectation_type is 'Great Expectations type';
comment on column audit.expectation_result.severity is 'critical blocks and rolls back; warning shows';
comment on column audit.expectation_result.success is 'whether it held';
comment on column audit.expectation_result.observed_value is 'what was observed, as JSON';
comment on column audit.expectation_result.unexpected_count is 'rows that broke it';
comment on column audit.expectation_result.element_count is 'rows looked at';
comment on column audit.expectation_result.kwargs is 'its arguments, as JSON';
comment on column audit.expectation_result.why is 'why it matters';
comment on column audit.expectation_result.exception is 'error that kept it from running';

create table if not exists audit.publication (
    version bigint, published_at timestamptz, fingerprint varchar, size_bytes bigint, action varchar
);
comment on table audit.publication is 'One publication or rollback of the serving snapshot.';
comment on column audit.publication.version is 'version that readers saw from then on';
comment on column audit.publication.published_at is 'when';
comment on column audit.publication.fingerprint is 'hash over the content of all published tables';
comment on column audit.publication.size_bytes is 'size of the file in bytes';
comment on column audit.publication.action is 'publish or rollback';

create table if not exists raw.edgar_body (
    kind varchar, cik bigint, part varchar, content_hash varchar, path varchar, size_bytes bigint,
    fetched_at timestamptz, headers map(varchar, varchar)
);
comment on table raw.edgar_body is 'One answer of SEC EDGAR, kept once as it came: the body on disk by its hash, here where it came from.';
comment on column raw.edgar_body.kind is 'submissions, submissions_page or companyfacts';
comment on column raw.edgar_body.cik is 'number of the issuer at the SEC';
comment on column raw.edgar_body.part is 'which older page, and how it was listed; empty for a whole body';
comment on column raw.edgar_body.content_hash is 'SHA-256 of the body, unpacked';
comment on column raw.edgar_body.path is 'file with the packed body, from $WAREHOUSE_HOME';
comment on column raw.edgar_body.size_bytes is 'size of the body in bytes, unpacked';
comment on column raw.edgar_body.fetched_at is 'when this content was first seen';
comment on column raw.edgar_body.headers is 'headers it came with then; empty for one loaded from disk';

create table if not exists raw.edgar_filing (
    cik bigint, accession varchar, form varchar, filing_date date, accepted_at timestamptz,
    report_date date, is_xbrl boolean, primary_document varchar, first_seen_at timestamptz,
    status varchar, fact_count bigint, facts_hash varchar, content_hash varchar,
    looked_at timestamptz, facts_changed_at timestamptz
);
comment on table raw.edgar_filing is 'One annual, quarterly or interim report that EDGAR lists, and whether its facts are here.';
comment on column raw.edgar_filing.cik is 'number of the issuer at the SEC';
comment on column raw.edgar_filing.accession is 'number of the filing at the SEC';
comment on column raw.edgar_filing.form is '10-K, 10-Q, 20-F, 40-F, 6-K, their amendments and transition forms';
comment on column raw.edgar_filing.filing_date is 'day of filing, by the SEC';
comment on column raw.edgar_filing.accepted_at is 'when the SEC accepted it';
comment on column raw.edgar_filing.report_date is 'last day of the period reported on; empty where the SEC names none';
comment on column raw.edgar_filing.is_xbrl is 'whether the SEC says that it carries facts';
comment on column raw.edgar_filing.primary_document is 'file name of the report within the filing';
comment on column raw.edgar_filing.first_seen_at is 'when this warehouse first saw it listed';
comment on column raw.edgar_filing.status is 'facts_loaded, pending_at_source (listed, its facts not yet served) or no_facts';
comment on column raw.edgar_filing.fact_count is 'facts that the newest body has of it; empty before';
comment on column raw.edgar_filing.facts_hash is 'SHA-256 over these facts, to notice when they change; empty before';
comment on column raw.edgar_filing.content_hash is 'companyfacts body in which they were last seen as they are; empty before';
comment on column raw.edgar_filing.looked_at is 'when companyfacts was last asked for them; empty before';
comment on column raw.edgar_filing.facts_changed_at is 'when another body last had other facts under this accession; empty if never';

create table if not exists audit.source_status (
    source varchar, status varchar, reason varchar, since timestamptz, until timestamptz, not_before timestamptz
);
comment on table audit.source_status is 'How a source that is asked over the network answered, one row a change.';
comment on column audit.source_status.source is 'source module';
comment on column audit.source_status.status is 'current, stale (asked in vain, what was loaded before serves) or off (not configured)';
comment on column audit.source_status.reason is 'why it is stale or off, and what mends it; empty when current';
comment on column audit.source_status.since is 'first refresh that found it so';
comment on column audit.source_status.until is 'refresh that found it otherwise; empty while it holds';
comment on column audit.source_status.not_before is 'the source wants no request before; empty when it said nothing';

create table if not exists raw.edgar_fact (
    cik bigint, taxonomy varchar, concept varchar, unit varchar, period_start date, period_end date, accn varchar,
    val decimal(38, 10), form varchar, filed date, fy integer, fp varchar, frame varchar,
    content_hash varchar, loaded_at timestamptz, superseded_at timestamptz
);
comment on table raw.edgar_fact is 'One fact of one filing, as SEC EDGAR''s companyfacts tell it.';
comment on column raw.edgar_fact.cik is 'SEC central index key of the issuer';
comment on column raw.edgar_fact.taxonomy is 'us-gaap, ifrs-full, dei, ... or the issuer''s own';
comment on column raw.edgar_fact.concept is 'XBRL concept';
comment on column raw.edgar_fact.unit is 'ISO 4217 code, shares, pure, ...';
comment on column raw.edgar_fact.period_start is 'first day of the period; empty for an instant';
comment on column raw.edgar_fact.period_end is 'last day of the period, or the instant';
comment on column raw.edgar_fact.accn is 'accession number of the filing';
comment on column raw.edgar_fact.val is 'value, in unit';
comment on column raw.edgar_fact.form is 'form of the filing';
comment on column raw.edgar_fact.filed is 'day of filing: when the world could know it';
comment on column raw.edgar_fact.fy is 'fiscal year of the filing, not of the fact: never a key';
comment on column raw.edgar_fact.fp is 'fiscal period of the filing, not of the fact: never a key';
comment on column raw.edgar_fact.frame is 'calendar frame; only the latest filing keeps it: never a key';
comment on column raw.edgar_fact.content_hash is 'SHA-256 of the body in which it was first seen';
comment on column raw.edgar_fact.loaded_at is 'when this warehouse first read the fact with this value';
comment on column raw.edgar_fact.superseded_at is 'when a later body told it otherwise or no longer; empty while it counts';

create table if not exists raw.edgar_statement (
    cik bigint, accn varchar, name varchar, form varchar, filed date, period date, fiscal_year_end varchar,
    tag varchar, version varchar, is_custom boolean, month_end date, quarters integer, unit varchar,
    segments varchar, coregistrant varchar, is_consolidated boolean, val decimal(38, 4),
    statement varchar, label varchar, content_hash varchar, loaded_at timestamptz
);
comment on table raw.edgar_statement is 'One number of the SEC''s Financial Statement Data Sets. Its days are rounded to month ends: no figure is made of it.';
comment on column raw.edgar_statement.cik is 'SEC central index key of the issuer';
comment on column raw.edgar_statement.accn is 'accession number of the filing';
comment on column raw.edgar_statement.name is 'issuer as the SEC names it';
comment on column raw.edgar_statement.form is 'form of the filing';
comment on column raw.edgar_statement.filed is 'day of filing';
comment on column raw.edgar_statement.period is 'balance sheet day, rounded to a month end';
comment on column raw.edgar_statement.fiscal_year_end is 'MMDD, rounded to a month end';
comment on column raw.edgar_statement.tag is 'concept, standard or the issuer''s own';
comment on column raw.edgar_statement.version is 'taxonomy and year, or the accession number for a custom tag';
comment on column raw.edgar_statement.is_custom is 'whether the tag is the issuer''s own';
comment on column raw.edgar_statement.month_end is 'last day of the period, rounded to a month end';
comment on column raw.edgar_statement.quarters is 'length in quarters, rounded; 0 for an instant';
comment on column raw.edgar_statement.unit is 'unit of measure';
comment on column raw.edgar_statement.segments is 'axis and member of a part; empty for the whole';
comment on column raw.edgar_statement.coregistrant is 'co-registrant; empty for the issuer';
comment on column raw.edgar_statement.is_consolidated is 'whether it is the whole company: neither segments nor co-registrant';
comment on column raw.edgar_statement.val is 'value, in unit; empty where the filing states none';
comment on column raw.edgar_statement.statement is 'BS, IS, CF, EQ, CI or UN; empty where no statement shows it';
comment on column raw.edgar_statement.label is 'label in the statement, else of the tag';
comment on column raw.edgar_statement.content_hash is 'SHA-256 of num.txt';
comment on column raw.edgar_statement.loaded_at is 'when this warehouse read it';

create table if not exists raw.daily_due (table_name varchar, day date);
comment on table raw.daily_due is 'One day of one table that is built day by day, and whose input changed since it was built.';
comment on column raw.daily_due.table_name is 'schema.table';
comment on column raw.daily_due.day is 'day of the input that changed';

create table if not exists raw.daily_state (table_name varchar, state varchar);
comment on table raw.daily_state is 'How far the daily tables have come, one row a table.';
comment on column raw.daily_state.table_name is 'schema.table';
comment on column raw.daily_state.state is 'of a delivered table when its newest row that was noticed came; of a built one a hash of its query and of its inputs without days';

create table if not exists raw.bookkeeping (text_hash varchar);
comment on table raw.bookkeeping is 'Which text the tables of sources and the audit were made from, so that a step need not make them again.';
comment on column raw.bookkeeping.text_hash is 'SHA-256 of that text';
