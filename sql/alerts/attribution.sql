-- Orders that stand in another channel since the rules of attribution changed.
-- needs: marts.attribution_moved
select
    moved.platform as key,
    max(moved.changed_at) || ' '
    || list_sort(list_distinct(list(moved.channel_before || ' to ' || moved.channel)))::varchar as state,
    true as tell_when_new,
    sum(moved.orders) || ' orders are in another channel since the rules changed at '
    || strftime(max(moved.changed_at), '%Y-%m-%d %H:%M UTC') as words,
    'make sql Q="select channel_before, channel, sum(orders) from marts.attribution_moved where platform = '''
    || moved.platform
    || ''' group by all order by 3 desc"' as look
from marts.attribution_moved as moved
group by moved.platform
