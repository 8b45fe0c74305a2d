-- What a delivered channel counts as, from day to day: other names of a channel, and accounts that repeat its figures.
-- Of several declarations for one name and account the one that began last holds.
-- group: channel_steps
-- grain: platform, delivered_channel, account, valid_from
-- twin: no
-- portable: yes
select
    alias.platform::varchar as platform,                    -- slug
    alias.delivered_channel::varchar as delivered_channel,  -- channel as a file has it
    alias.account::varchar as account,                      -- account whose rows are meant; '' is every account
    alias.counts_as::varchar as counts_as,                  -- channel that it is
    alias.repeats::boolean as repeats,
    -- whether its figures repeat those of the channel's own export
    alias.valid_from::date as valid_from,                   -- first day from which it holds
    coalesce(
        lead(alias.valid_from)
            over (partition by alias.platform, alias.delivered_channel, alias.account order by alias.valid_from)
        - 1,
        date '9999-12-31'
    )::date as valid_to                                     -- last day on which it holds
from core.channel_alias as alias
