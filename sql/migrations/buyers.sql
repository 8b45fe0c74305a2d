-- Buyers are kept as keyed hashes only: what was delivered as their identifier is replaced by its hash, and lines in
-- quarantine with an address are no longer shown. The column that is added says that it was done.
-- when: from duckdb_tables() where table_name = 'order_event' and not contains(sql, 'refunded')
update core.order_event
set
    buyer_id_hash = left(
        sha256(
            getvariable('buyer_key')
            || if(contains(buyer_id_hash, '@'), lower(trim(buyer_id_hash)), trim(buyer_id_hash))
        ), 32
    ),
    extra = map_from_entries(list_transform(map_entries(extra), lambda e: {
        'key': e.key, 'value': if(contains(e.value, '@'), '(address)', e.value)
    }));
update raw.order_event_history
set
    buyer_id_hash = left(
        sha256(
            getvariable('buyer_key')
            || if(contains(buyer_id_hash, '@'), lower(trim(buyer_id_hash)), trim(buyer_id_hash))
        ), 32
    ),
    extra = map_from_entries(list_transform(map_entries(extra), lambda e: {
        'key': e.key, 'value': if(contains(e.value, '@'), '(address)', e.value)
    }));
update audit.quarantine set raw_text = '(not shown: this line may name a buyer)'
where source = 'inbox' and contains(raw_text, '@');
alter table core.order_event add column refunded decimal(18, 4);
alter table raw.order_event_history add column refunded decimal(18, 4);
