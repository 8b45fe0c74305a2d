-- Loads have numbers, and rows the number of the load that brought them, not its file, SHA-256 and line.
-- when: from duckdb_columns() where schema_name = 'core' and table_name = 'platform_metric_daily' and column_name = 'content_hash'  -- noqa: LT05
create table audit.migrated as
select
    * exclude (numbered),
    numbered::integer as load_id
from (
    select
        *,
        if(source = 'inbox' and status <> 'refused', row_number() over (order by rowid), null) as numbered
    from audit.load
);
drop table audit.load;
alter table audit.migrated rename to load;

create table core.migrated as
with numbered as (
    select
        content_hash,
        max(load_id) as load_id
    from audit.load
    where source = 'inbox'
    group by content_hash
)

select
    delivered.* exclude (file, content_hash, line),
    numbered.load_id
from core.platform_metric_daily as delivered
left join numbered on numbered.content_hash = delivered.content_hash;
drop table core.platform_metric_daily;
alter table core.migrated rename to platform_metric_daily;

create table core.migrated as
with numbered as (
    select
        content_hash,
        max(load_id) as load_id
    from audit.load
    where source = 'inbox'
    group by content_hash
)

select
    delivered.* exclude (file, content_hash, line),
    numbered.load_id
from core.partner_target as delivered
left join numbered on numbered.content_hash = delivered.content_hash;
drop table core.partner_target;
alter table core.migrated rename to partner_target;

create table core.migrated as
with numbered as (
    select
        content_hash,
        max(load_id) as load_id
    from audit.load
    where source = 'inbox'
    group by content_hash
)

select
    delivered.* exclude (file, content_hash, line),
    numbered.load_id
from core.order_event as delivered
left join numbered on numbered.content_hash = delivered.content_hash;
drop table core.order_event;
alter table core.migrated rename to order_event;

create table core.migrated as
with numbered as (
    select
        content_hash,
        max(load_id) as load_id
    from audit.load
    where source = 'inbox'
    group by content_hash
)

select
    delivered.* exclude (file, content_hash, line),
    numbered.load_id
from core.fx_rate as delivered
left join numbered on numbered.content_hash = delivered.content_hash;
drop table core.fx_rate;
alter table core.migrated rename to fx_rate;

create table raw.migrated as
with numbered as (
    select
        content_hash,
        max(load_id) as load_id
    from audit.load
    where source = 'inbox'
    group by content_hash
)

select
    delivered.* exclude (file, content_hash, line),
    numbered.load_id
from raw.platform_metric_daily_history as delivered
left join numbered on numbered.content_hash = delivered.content_hash;
drop table raw.platform_metric_daily_history;
alter table raw.migrated rename to platform_metric_daily_history;

create table raw.migrated as
with numbered as (
    select
        content_hash,
        max(load_id) as load_id
    from audit.load
    where source = 'inbox'
    group by content_hash
)

select
    delivered.* exclude (file, content_hash, line),
    numbered.load_id
from raw.partner_target_history as delivered
left join numbered on numbered.content_hash = delivered.content_hash;
drop table raw.partner_target_history;
alter table raw.migrated rename to partner_target_history;

create table raw.migrated as
with numbered as (
    select
        content_hash,
        max(load_id) as load_id
    from audit.load
    where source = 'inbox'
    group by content_hash
)

select
    delivered.* exclude (file, content_hash, line),
    numbered.load_id
from raw.order_event_history as delivered
left join numbered on numbered.content_hash = delivered.content_hash;
drop table raw.order_event_history;
alter table raw.migrated rename to order_event_history;

create table raw.migrated as
with numbered as (
    select
        content_hash,
        max(load_id) as load_id
    from audit.load
    where source = 'inbox'
    group by content_hash
)

select
    delivered.* exclude (file, content_hash, line),
    numbered.load_id
from raw.fx_rate_history as delivered
left join numbered on numbered.content_hash = delivered.content_hash;
drop table raw.fx_rate_history;
alter table raw.migrated rename to fx_rate_history;
