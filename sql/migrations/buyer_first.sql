-- The first orders of buyers by the hashes that the orders have; `make daily` builds them anew.
-- when: from duckdb_tables() o, duckdb_tables() f where o.table_name = 'order_event' and not contains(o.sql, 'refunded') and f.table_name = 'first_purchase'  -- noqa: LT05
update core.first_purchase
set
    buyer_id_hash = left(
        sha256(
            getvariable('buyer_key')
            || if(contains(buyer_id_hash, '@'), lower(trim(buyer_id_hash)), trim(buyer_id_hash))
        ), 32
    );
