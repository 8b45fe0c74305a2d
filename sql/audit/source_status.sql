-- How a source that is asked over the network answered, one row a change.
create table audit.source_status (
    source varchar, -- source module
    status varchar, -- current, stale (asked in vain, what was loaded before serves) or off (not configured)
    reason varchar, -- why it is stale or off, and what mends it; empty when current
    since timestamptz, -- first refresh that found it so
    until timestamptz, -- refresh that found it otherwise; empty while it holds
    not_before timestamptz -- the source wants no request before; empty when it said nothing
)
