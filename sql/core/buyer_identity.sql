-- The one identifier under which a buyer with several counts: of all that declarations join, the first in the alphabet.
-- Declarations are followed over 32 steps; a check of the table fails where more would be needed.
-- group: buyers
-- grain: platform, buyer_id_hash
-- twin: no
-- portable: yes
with one as (
    select
        alias.platform,
        alias.buyer_id_hash as left_hash,
        alias.same_as as right_hash
    from core.buyer_alias as alias
    union
    select
        alias.platform,
        alias.same_as,
        alias.buyer_id_hash
    from core.buyer_alias as alias
    union
    select
        alias.platform,
        alias.buyer_id_hash,
        alias.buyer_id_hash
    from core.buyer_alias as alias
    union
    select
        alias.platform,
        alias.same_as,
        alias.same_as
    from core.buyer_alias as alias
),
two as (
    select distinct
        near.platform,
        near.left_hash,
        far.right_hash
    from one as near
    join one as far on far.platform = near.platform and far.left_hash = near.right_hash
),
four as (
    select distinct
        near.platform,
        near.left_hash,
        far.right_hash
    from two as near
    join two as far on far.platform = near.platform and far.left_hash = near.right_hash
),
eight as (
    select distinct
        near.platform,
        near.left_hash,
        far.right_hash
    from four as near
    join four as far on far.platform = near.platform and far.left_hash = near.right_hash
),
sixteen as (
    select distinct
        near.platform,
        near.left_hash,
        far.right_hash
    from eight as near
    join eight as far on far.platform = near.platform and far.left_hash = near.right_hash
),
joined as (
    select
        near.platform,
        near.left_hash,
        min(far.right_hash) as counts_as
    from sixteen as near
    join sixteen as far on far.platform = near.platform and far.left_hash = near.right_hash
    group by near.platform, near.left_hash
)
select
    joined.platform::varchar as platform,           -- slug
    joined.left_hash::varchar as buyer_id_hash,     -- hash of an identifier
    joined.counts_as::varchar as counts_as_hash     -- hash under which the buyer counts
from joined
