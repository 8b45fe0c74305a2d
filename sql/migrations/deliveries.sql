-- Deliveries of real exports: spend to a millionth. A sum that no longer fits, from 10^12 on, goes into `extra`.
-- The tables are written anew: DuckDB 1.5 cannot replay an ALTER COLUMN with an expression after a kill.
-- when: from duckdb_columns() where table_name like 'plat%' and column_name like '%_spend' and data_type like '%,4)'
create table core.migrated as
select
    * replace (
        try_cast(marketing_spend as decimal(18, 6)) as marketing_spend,
        if(
            abs(marketing_spend) >= 1000000000000,
            map_concat(extra, map(['marketing_spend'], [marketing_spend::varchar])),
            extra
        ) as extra
    )
from core.platform_metric_daily;
drop table core.platform_metric_daily;
alter table core.migrated rename to platform_metric_daily;

create table raw.migrated as
select
    * replace (
        try_cast(marketing_spend as decimal(18, 6)) as marketing_spend,
        if(
            abs(marketing_spend) >= 1000000000000,
            map_concat(extra, map(['marketing_spend'], [marketing_spend::varchar])),
            extra
        ) as extra
    )
from raw.platform_metric_daily_history;
drop table raw.platform_metric_daily_history;
alter table raw.migrated rename to platform_metric_daily_history;
