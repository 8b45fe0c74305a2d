-- The numbers of one quarter of the SEC's data sets with their filing, concept and statement line, typed.
-- num, sub, tag and pre are views of its four files; $hash is the SHA-256 of num.txt, $now the time of loading.
with line as (
    select
        adsh,
        tag,
        version,
        min_by(stmt, (report::integer, line::integer)) as stmt,
        min_by(plabel, (report::integer, line::integer)) as plabel
    from pre
    group by adsh, tag, version
)
select
    sub.cik::bigint as cik,
    sub.adsh as accn,
    sub.name,
    sub.form,
    strptime(sub.filed, '%Y%m%d')::date as filed,
    strptime(nullif(sub.period, ''), '%Y%m%d')::date as period,
    sub.fye as fiscal_year_end,
    num.tag,
    num.version,
    num.version = num.adsh as is_custom,
    strptime(num.ddate, '%Y%m%d')::date as month_end,
    num.qtrs::integer as quarters,
    num.uom as unit,
    nullif(num.segments, '') as segments,
    nullif(num.coreg, '') as coregistrant,
    nullif(num.segments, '') is null and nullif(num.coreg, '') is null as is_consolidated,
    case
        when num.value = '' then null
        when regexp_full_match(num.value, '-?[0-9]*([.][0-9]{0,4}0*)?') then num.value::decimal(38, 4)
        else error(num.value || ' has more than the four places of a number in num.txt')::decimal(38, 4)
    end as val,
    line.stmt as statement,
    coalesce(line.plabel, tag.tlabel) as label,
    $hash as content_hash,
    $now as loaded_at
from num
join sub on sub.adsh = num.adsh
left join tag on tag.tag = num.tag and tag.version = num.version
left join line on line.adsh = num.adsh and line.tag = num.tag and line.version = num.version
