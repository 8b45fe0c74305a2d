"""The contracts of the daily data: what a team delivers, each column with its unit and null rule.

They give the tables of core and their history in raw, with comments, the types with which a file is read, and the
conditions under which a row is quarantined. A further column of a file is kept in `extra`. A contract is chosen by
a file's columns, never by its name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """A column of a contract: its DuckDB type and meaning with its unit.

    `required` says that a file must have it and no row may leave it empty. Without a value a row has `default`, a
    SQL literal, which is always allowed. `least` is the smallest value, `words` are the only ones, `known_in` names
    the column, as schema.table.column, that defines them.
    """

    name: str
    type: str
    meaning: str
    required: bool = False
    default: str = "null"
    least: int | None = None
    words: tuple[str, ...] = ()
    known_in: str = ""


@dataclass(frozen=True)
class Rule:
    """A condition, in SQL, under which a row breaks the contract; `column` is the one to blame."""

    breaks: str
    column: str
    reason: str


@dataclass(frozen=True)
class Contract:
    """One kind of file: what a row tells, its grain, its columns and what holds between them.

    A newer file replaces rows of the same grain; the older ones stay in `history`. `day` is the column
    that says which days a file touches.
    """

    name: str
    tells: str
    grain: tuple[str, ...]
    day: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]

    @property
    def table(self) -> str:
        """The table of rows that count."""
        return f"core.{self.name}"

    @property
    def history(self) -> str:
        """The table of rows that a newer file replaced."""
        return f"raw.{self.name}_history"

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]


# What the warehouse adds to every row.
ORIGIN = (
    Column("extra", "map(varchar, varchar)", "further columns of the file, as text; empty where there are none"),
    Column("load_id", "integer", "number of the load that brought it; audit.load has its file and SHA-256"),
    Column("loaded_at", "timestamptz", "when this warehouse knew it"),
)
SUPERSEDED = Column("superseded_at", "timestamptz", "when a newer file replaced it")

MONEY = "decimal(18,4)"
RATE = "decimal(18,8)"


def _count(name: str, meaning: str) -> Column:
    return Column(name, "bigint", f"{meaning}; empty: not delivered, which is not 0", least=0)


def _money(name: str, meaning: str) -> Column:
    return Column(name, MONEY, f"{meaning}, in currency; empty: not delivered, which is not 0", least=0)


def _choice(name: str, meaning: str, *words: str, default: str = "null") -> Column:
    """A column of a few words, which its meaning lists; required unless there is a default."""
    meaning += f"{', '.join(words[:-1])} or {words[-1]}"
    return Column(name, "varchar", meaning, required=default == "null", default=default, words=words)


def _future(column: str) -> Rule:
    return Rule(f"{column} > $latest", column, "lies in the future; correct it, or deliver it when it is over")


def _currency_code(column: str) -> Rule:
    reason = "is no ISO 4217 code; write three capital letters, CNY and not RMB"
    return Rule(f"not regexp_full_match({column}, '[A-Z]{{3}}')", column, reason)


_PLATFORM = Column(
    *("platform", "varchar", "platform slug, as core.platform has it"),
    required=True,
    known_in="core.platform.platform",
)
_CHANNEL = Column("channel", "varchar", "channel of the traffic; '' is the total of all channels", default="''")
_PARTNERSHIP = Column(
    *("partnership_id", "varchar", "partnership that brought it, as core.partnership has it; '' is none"),
    default="''",
    known_in="core.partnership.partnership_id",
)
_CURRENCY = Column("currency", "varchar", "ISO 4217 code of every amount of the row; empty where there is none")
_SIMULATED = Column("is_simulated", "boolean", "true where the figure is made up, for a demo", default="false")
_PERIOD_ENDS = Rule("period_end < period_start", "period_end", "is before period_start; correct one of the two")
_COUNTS = (
    _count("dau", "active users of the day, persons"),
    _count("sessions", "visits"),
    _count("orders", "orders placed"),
    _count("buyers", "persons who placed an order that day"),
    _count("new_buyers", "persons whose first order it was"),
)
_AMOUNTS = (
    _money("gmv", "value of the orders placed, with those cancelled or refunded later"),
    _money("cancelled_gmv", "value of orders cancelled"),
    _money("refunded_gmv", "value of orders refunded"),
    _money("marketing_spend", "spent on marketing"),
    _money("subsidies", "coupons and subsidies paid by the platform"),
    _money("commission", "commission paid to or received from the partner"),
)

PLATFORM_METRIC_DAILY = Contract(
    "platform_metric_daily",
    "What a platform did on one day, by channel and partnership, as its team delivered it.",
    ("platform", "date", "channel", "partnership_id"),
    "date",
    (
        _PLATFORM,
        Column("date", "date", "the day, as the platform's team counts it", required=True),
        *(_CHANNEL, _PARTNERSHIP, _CURRENCY, *_COUNTS, *_AMOUNTS, _SIMULATED),
    ),
    (
        _future("date"),
        Rule(
            f"currency is null and coalesce({', '.join(column.name for column in _AMOUNTS)}) is not null",
            "currency",
            "is empty where amounts are given; name the currency",
        ),
        _currency_code("currency"),
        Rule("refunded_gmv > gmv", "refunded_gmv", "is above gmv; correct one of the two"),
        Rule("new_buyers > buyers", "new_buyers", "is above buyers; correct one of the two"),
        Rule(
            " and ".join(f"{column.name} is null" for column in (*_COUNTS, *_AMOUNTS)),
            "",
            "has no figure at all; deliver one, or leave the row out",
        ),
    ),
)

PARTNER_TARGET = Contract(
    "partner_target",
    "What the partners agreed to reach in a period; a later agreement replaces the earlier.",
    ("partnership_id", "metric", "period_start"),
    "period_start",
    (
        replace(_PARTNERSHIP, required=True, default="null"),
        _choice("metric", "", "new_buyers", "net_gmv", "orders"),
        Column("period_start", "date", "first day of the period", required=True),
        Column("period_end", "date", "last day of the period", required=True),
        Column("target", MONEY, "to be reached: persons, currency or orders", required=True, least=0),
        replace(_CURRENCY, meaning="ISO 4217 code of a target in money; else empty"),
        _choice("shape", "how it builds up: ", "linear", "seasonal", "milestone", default="'linear'"),
        Column("agreed_on", "date", "day of the agreement; empty where unknown"),
        _SIMULATED,
    ),
    (
        _PERIOD_ENDS,
        _future("agreed_on"),
        Rule("metric = 'net_gmv' and currency is null", "currency", "is empty where money is the target"),
        _currency_code("currency"),
    ),
)

ORDER_EVENT = Contract(
    "order_event",
    "One order and what became of it; a newer row of the same event replaces it.",
    ("event_id",),
    "event_time",
    (
        Column("event_id", "varchar", "identifier of the order event", required=True),
        Column("event_time", "timestamp", "when it happened, UTC", required=True),
        *(_PLATFORM, _CHANNEL, _PARTNERSHIP),
        Column("buyer_id_hash", "varchar", "hash of the buyer's identifier", required=True),
        Column("amount", MONEY, "value of the order, in currency; never negative", required=True, least=0),
        replace(_CURRENCY, meaning="ISO 4217 code of the amount", required=True),
        _choice("status", "", "placed", "cancelled", "refunded"),
        _SIMULATED,
    ),
    (_future("event_time"), _currency_code("currency")),
)

FX_RATE = Contract(
    "fx_rate",
    "What one unit of a currency cost in another, on a day or on average over a period, and who says so.",
    ("currency", "quote_currency", "period_start", "period_end", "source"),
    "period_start",
    (
        replace(_CURRENCY, meaning="ISO 4217 code of the currency", required=True),
        Column("quote_currency", "varchar", "ISO 4217 code of the currency of the rate", required=True),
        Column("period_start", "date", "first day of the rate", required=True),
        Column("period_end", "date", "last day; equal to the first for a day's rate", required=True),
        Column("rate", RATE, "units of quote_currency for one unit of currency", required=True),
        Column("source", "varchar", "who says so", required=True),
    ),
    (
        _PERIOD_ENDS,
        Rule("rate <= 0", "rate", "is not above 0"),
        _currency_code("currency"),
        _currency_code("quote_currency"),
    ),
)

CONTRACTS = (PLATFORM_METRIC_DAILY, PARTNER_TARGET, ORDER_EVENT, FX_RATE)


def contract_tables() -> dict[str, tuple[str, tuple[Column, ...]]]:
    """What a row tells and the columns, by table: each contract's rows and their history."""
    tables: dict[str, tuple[str, tuple[Column, ...]]] = {}
    for contract in CONTRACTS:
        columns = (*contract.columns, *ORIGIN)
        tables[contract.table] = contract.tells, columns
        tables[contract.history] = f"Replaced by a newer file: {contract.tells}", (*columns, SUPERSEDED)
    return tables


def as_of_macro(contract: Contract) -> str:
    """The statement that makes raw.<name>_as_of(known_at): the rows that counted at that time.

    The macro is in raw, as the history is that it reads, and so is not published.
    """
    names = ", ".join(f"r.{column.name}" for column in (*contract.columns, *ORIGIN))
    known = "r.loaded_at <= known_at"
    return (
        f"create or replace macro raw.{contract.name}_as_of(known_at timestamptz) as table "
        f"select {names} from {contract.table} as r where {known} "
        f"union all select {names} from {contract.history} as r where {known} and r.superseded_at > known_at"
    )
