-- Buyers are kept as keyed hashes only: what was delivered as their identifier is replaced by its hash, and lines in
-- quarantine with an address are no longer shown. The column that is added says that it was done;
-- the tables are written anew, because DuckDB 1.5 cannot update and alter a table in one transaction.
-- clears: identifiers of persons
-- when: from duckdb_tables() where table_name = 'order_event' and not contains(sql, 'refunded')
create table core.migrated as
select
    * replace (
        left(
            sha256(
                getvariable('buyer_key')
                || if(contains(buyer_id_hash, '@'), lower(trim(buyer_id_hash)), trim(buyer_id_hash))
            ), 32
        ) as buyer_id_hash,
        map_from_entries(list_transform(map_entries(extra), lambda e: {
            'key': e.key, 'value': if(contains(e.value, '@'), '(address)', e.value)
        })) as extra
    ),
    null::decimal(18, 4) as refunded
from core.order_event;
drop table core.order_event;
alter table core.migrated rename to order_event;

create table raw.migrated as
select
    * replace (
        left(
            sha256(
                getvariable('buyer_key')
                || if(contains(buyer_id_hash, '@'), lower(trim(buyer_id_hash)), trim(buyer_id_hash))
            ), 32
        ) as buyer_id_hash,
        map_from_entries(list_transform(map_entries(extra), lambda e: {
            'key': e.key, 'value': if(contains(e.value, '@'), '(address)', e.value)
        })) as extra
    ),
    null::decimal(18, 4) as refunded
from raw.order_event_history;
drop table raw.order_event_history;
alter table raw.migrated rename to order_event_history;

update audit.quarantine set raw_text = '(not shown: this line may name a buyer)'
where source = 'inbox' and contains(raw_text, '@');
