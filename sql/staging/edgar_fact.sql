-- The facts of one companyfacts body, typed. $path is the body, gzip or plain; $size bounds its JSON, in bytes.
-- With an explicit schema: detection would build a type of 120,000 characters for each file.
-- A number with a point has to be a text already: the reader would make it a DOUBLE. One that would be rounded is
-- no number of ours. A whole number goes through BIGINT: the straight cast took nine tenths of the time.
with body as (
    select
        cik,
        facts
    from read_json(
        $path, format = 'unstructured', maximum_object_size = $size, auto_detect = false, records = 'true',
        compression = 'uncompressed', hive_partitioning = false, union_by_name = false, filename = false,
        ignore_errors = false,
        columns = {
            cik: 'VARCHAR',
            facts: 'MAP(VARCHAR, MAP(VARCHAR, STRUCT(units MAP(VARCHAR, STRUCT("start" VARCHAR, "end" VARCHAR,
                val VARCHAR, accn VARCHAR, fy VARCHAR, fp VARCHAR, form VARCHAR, filed VARCHAR, frame VARCHAR)[]))))'
        }
    )
),
taxonomies as (
    select
        cik,
        unnest(map_entries(facts)) as taxonomy
    from body
),
concepts as (
    select
        cik,
        taxonomy.key as taxonomy,
        unnest(map_entries(taxonomy.value)) as concept
    from taxonomies
),
units as (
    select
        cik,
        taxonomy,
        concept.key as concept,
        unnest(map_entries(concept.value.units)) as unit
    from concepts
),
facts as (
    select
        cik,
        taxonomy,
        concept,
        unit.key as unit,
        unnest(unit.value) as fact
    from units
),
typed as (
    select
        try_cast(cik as bigint) as cik,
        taxonomy,
        concept,
        unit,
        if(regexp_full_match(fact."start", '[0-9-]{10}'), try_cast(fact."start" as date), null) as period_start,
        if(regexp_full_match(fact."end", '[0-9-]{10}'), try_cast(fact."end" as date), null) as period_end,
        fact.accn as accn,
        case
            when regexp_full_match(fact.val, '-?[0-9]{1,18}') then fact.val::bigint::decimal(38, 10)
            when regexp_full_match(fact.val, '-?[0-9]{1,28}([.][0-9]{1,10}0*)?') then fact.val::decimal(38, 10)
        end as val,
        fact.form as form,
        if(regexp_full_match(fact.filed, '[0-9-]{10}'), try_cast(fact.filed as date), null) as filed,
        try_cast(fact.fy as integer) as fy,
        fact.fp as fp,
        fact.frame as frame,
        fact
    from facts
)
select
    typed.* exclude (fact),
    if(
        cik is null or accn is null or form is null or val is null or period_end is null or filed is null
        or (fact."start" is not null and (period_start is null or period_start > period_end)),
        fact, null
    ) as broken, -- the fact as it came, where it is none
    case
        when broken is null then null
        when val is null and regexp_full_match(fact.val, '-?[0-9]+([.][0-9]+)?')
            then 'val has more digits than are kept, 28 before the point and 10 behind it, and is not rounded'
        else 'a fact needs accn, form, val, end and filed, and a start before its end'
    end as reason -- what is wrong with it
from typed
