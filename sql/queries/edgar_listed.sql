-- The filings that EDGAR lists for issuer $cik: new ones are added, changed ones corrected. $rows are the filings.
merge into raw.edgar_filing as filing
using (
    select
        $cik as cik,
        *,
        $now as first_seen_at,
        if(is_xbrl, 'pending_at_source', 'no_facts') as status
    from (
        select
            unnest(
                $rows::struct(
                    accession varchar, form varchar, filing_date date, accepted_at timestamptz, report_date date,
                    is_xbrl boolean, primary_document varchar
                )[],
                recursive := true
            )
    )
    order by accepted_at, accession
) as listed
    on filing.cik = listed.cik and filing.accession = listed.accession
when matched and (
    filing.form,
    filing.filing_date,
    filing.accepted_at,
    filing.report_date,
    filing.is_xbrl,
    filing.primary_document
) is distinct from (
    listed.form,
    listed.filing_date,
    listed.accepted_at,
    listed.report_date,
    listed.is_xbrl,
    listed.primary_document
)
then
    update
        set
            form = listed.form,
            filing_date = listed.filing_date,
            accepted_at = listed.accepted_at,
            report_date = listed.report_date,
            is_xbrl = listed.is_xbrl,
            primary_document = listed.primary_document,
            status = if(filing.status = 'no_facts' and not filing.is_xbrl, listed.status, filing.status)
when not matched then insert by name -- noqa: PRS
returning merge_action
