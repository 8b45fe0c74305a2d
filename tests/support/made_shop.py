"""A shop with planted truth: which channel brought each order is known, and the files say it in pieces.

Six channels leave different traces: parameters of the landing page, the shop's own source, coupons, what GA4 saw, what
an affiliate network claims by order id. GA4 claims the affiliate orders too, and records 30 % of all orders once more;
12 % leave no trace. A fifth of the buyers uses a second device under another identifier, one order in twenty tells no
buyer. The three ad platforms claim 1.4 times the orders that they brought, and a tracker repeats the spend of one of
them under another name. Everything follows from the number of the order: the same size gives the same bytes.
Amounts and spend are in CNY. Nothing of it describes a company.
"""

from __future__ import annotations

from pathlib import Path

from etl.warehouse import literal, memory

PLATFORM, FIRST_DAY, UNPLACED = "made_shop", "2025-01-01", "unattributed"
PLATFORMS = (
    "platform,name,company,role,sec_cik,listing,fiscal_year_end,reporting_currency\n"
    f"{PLATFORM},Made Shop,Made Shop Ltd,supply,,,12-31,CNY\n"
)
CLAIMED = 1.4  # orders that an ad platform reports for one that it brought
# Share of the orders in percent, by channel; the rest leaves no trace.
SHARES = {"google_ads": 24, "meta_ads": 18, "tiktok_ads": 12, "affiliate": 12, "email": 12, "influencer": 10}
PAID = {"google_ads": 4000, "meta_ads": 3000, "tiktok_ads": 2000}  # spend of a day, at least, in CNY
RULES = """platform,rank,evidence,reporter,value,channel,valid_from
made_shop,1,coupon,,FRIEND*,influencer,2024-01-01
made_shop,1,coupon,,CREATOR*,influencer,2024-01-01
made_shop,2,touch_source,awin,*,affiliate,2024-01-01
made_shop,3,utm_source_medium,,google / cpc,google_ads,2024-01-01
made_shop,3,utm_source,,facebook,meta_ads,2024-01-01
made_shop,3,utm_source,,fb,meta_ads,2024-01-01
made_shop,3,utm_source,,ig,facebook_ads,2024-01-01
made_shop,4,order_source,,tiktok,tiktok_ads,2024-01-01
made_shop,5,touch_source_medium,ga4,google / cpc,google_ads,2024-01-01
made_shop,5,touch_source_medium,ga4,newsletter / email,email,2024-01-01
made_shop,6,touch_source,ga4,google,google_ads,2024-01-01
made_shop,6,touch_source,ga4,newsletter,email,2024-01-01
"""
NAMES = """platform,delivered_channel,account,counts_as,repeats,valid_from
made_shop,facebook_ads,,meta_ads,false,2024-01-01
made_shop,facebook_ads,tracker,meta_ads,true,2024-01-01
"""
_TRUTH = """
create table truth as
select
    i, event_id, transaction_id, event_time, event_time::date as date, buyer, who, amount, status, refunded,
    coalesce(channel, '{unplaced}') as channel, detail
from (
    select
        i, 'o' || lpad(i::varchar, 9, '0') as event_id, 't' || i as transaction_id,
        timestamp '{first_day}' + to_seconds(i * {days} * 86400 // {orders}) as event_time,
        if(hash(i, 1) % 20 = 0, null, hash(i, 2) % ({orders} * 6 // 10)) as buyer,
        if(buyer % 5 = 0 and hash(i, 3) % 2 = 0, 'app-' || buyer, 'b' || buyer || '@example.org') as who,
        (10 + hash(i, 4) % 99991 / 100)::decimal(18, 2) as amount,
        if(hash(i, 5) % 100 < 4, 'cancelled', if(hash(i, 5) % 100 < 9, 'refunded', 'placed')) as status,
        if(hash(i, 5) % 100 between 9 and 11, (amount / 2)::decimal(18, 2), null) as refunded,
        hash(i, 6) % 100 as drawn, hash(i, 7) % 100 as detail,
        case {channel} end as channel
    from range({orders}) as r(i)
)
"""
_GA4 = """case channel when 'google_ads' then if(detail % 2 = 1, 'google', null) when 'affiliate' then 'google'
    when 'email' then 'newsletter' end"""
_TOUCHES = f"""
    select
        '{PLATFORM}' as platform, 'ga4' as reporter, transaction_id,
        event_time + to_seconds(seen * 1200 + 2) as touched_at, {_GA4} as source,
        if(channel = 'email', 'email', 'cpc') as medium
    from truth, (values (0), (1)) as again (seen)
    where {_GA4} is not null and (seen = 0 or detail < 30)
    union all
    select '{PLATFORM}', 'awin', transaction_id, event_time + interval 2 hour, 'blog' || detail, null
    from truth where channel = 'affiliate'
"""
_ORDERS = f"""
    select
        event_id, event_time, '{PLATFORM}' as platform, if(buyer is null, null, who) as buyer_id_hash, amount,
        'CNY' as currency, status, refunded, transaction_id,
        if(channel = 'tiktok_ads', 'TikTok', null) as order_source,
        case when channel = 'influencer' then if(detail < 50, 'FRIEND', 'creator') || detail end as coupon,
        case
            when channel = 'google_ads' and detail % 2 = 0
                then 'https://shop.example/p' || detail || '?gclid=' || i || '&utm_source=google&utm_medium=cpc'
            when channel = 'meta_ads'
                then 'https://shop.example/p' || detail || '?utm_source='
                    || ['facebook', 'FB', 'ig'][1 + (detail % 3)::bigint]
        end as landing_page
    from truth
"""
_RECORDED = f"""
    select
        'ga4:' || transaction_id as event_id, event_time + interval 3 second as event_time, '{PLATFORM}' as platform,
        'ga4' as recorder, amount, 'CNY' as currency, 'placed' as status, transaction_id,
        coalesce({_GA4}, '(direct)') as order_source
    from truth where detail between 40 and 69
"""
_SPENT = f"""
    with brought as (
        select date, channel, count(*) as orders from truth where channel in {tuple(PAID)} group by all
    ),
    told as (
        select
            date, channel, orders,
            (case channel {" ".join(f"when '{c}' then {spend}" for c, spend in PAID.items())} end
            + hash(date, channel) % 10000 / 100)::decimal(18, 2) as spend
        from brought
    )
    select
        '{PLATFORM}' as platform, date, channel, 'own' as account, 'CNY' as currency, spend as marketing_spend,
        orders * 20 as clicks, (orders * {CLAIMED})::decimal(18, 4) as reported_orders
    from told
    union all
    select '{PLATFORM}', date, 'facebook_ads', 'tracker', 'CNY', spend + 0.01, orders * 19, orders
    from told where channel = 'meta_ads'
"""
_SAME = f"""
    select distinct
        '{PLATFORM}' as platform, 'b' || buyer || '@example.org' as buyer_id_hash, 'app-' || buyer as same_as,
        date '2025-01-01' as valid_from
    from truth where buyer % 5 = 0
"""
FILES = {"orders": _ORDERS, "ga4_orders": _RECORDED, "touches": _TOUCHES, "spend": _SPENT, "same_buyers": _SAME}


def make_shop(folder: Path, orders: int, days: int, truth: Path, *, rules: str = RULES, form: str = "csv") -> None:
    """Write the files of the shop into a folder, and what is true of each order into a Parquet file."""
    con, at, cases = memory(), 0, []
    for channel, share in SHARES.items():
        cases.append(f"when drawn < {at + share} then '{channel}'")
        at += share
    con.execute(
        _TRUTH.format(unplaced=UNPLACED, first_day=FIRST_DAY, days=days, orders=orders, channel=" ".join(cases))
    )
    for name, query in FILES.items():
        path = folder / f"{name}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        con.execute(f"copy ({query} order by all) to {literal(str(path))}")
    con.execute(f"copy truth to {literal(str(truth))} (format parquet)")
    (folder / "rules.csv").write_text(rules, encoding="utf-8")
    (folder / "names.csv").write_text(NAMES, encoding="utf-8")
