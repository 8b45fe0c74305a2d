-- How a source that is asked over the network answered, one row a change.
create table audit.source_status (
    source varchar, -- source module
    status varchar, -- current, stale (asked in vain, what was loaded before serves) or off (not configured)
    reason varchar, -- why it is stale or off, and what mends it; empty when current
    since timestamp, -- first refresh that found it so, UTC
    until timestamp, -- refresh that found it otherwise, UTC; empty while it holds
    not_before timestamp -- the source wants no request before, UTC; empty when it said nothing
)
