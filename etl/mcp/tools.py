"""What an assistant can ask the snapshot. Each function answers over one open snapshot, and raises MendError.

A question that the data cannot answer gets the reason that the marts have, and never a number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from etl.ask.explain import by_symbol, figures_of, filled, near_names
from etl.errors import MendError
from etl.mcp.answer import (
    Change,
    Changes,
    CitedAnswer,
    CitedFact,
    ColumnMeaning,
    Explanation,
    Input,
    Named,
    Names,
    SnapshotAsked,
    TableMeaning,
    Tables,
    Then,
    within_bounds,
)
from etl.mcp.facts import Shape, cited_figure, facts_of, meaning, shape_of, source
from etl.warehouse import Connection, day_of, prepared

COST, PEERS, CLAIMS = "marts.cac_trend", "marts.peer_rank", "marts.claim_verdict"
KINDS = ("platform", "metric", "definition", "deal", "claim", "word")
MOST = 200  # rows of an answer
LISTED = 40  # values of a column that are all named where another was asked for
ALL = 1_000_000
WHOLE = "whole"  # as in a row_id; in the tables it is ''
# What two costs must have in common before they can be compared, and how it is called.
COMPARABLE = {
    "definition": "definition of cost",
    "currency": "currency",
    "expense_nature": "nature of the expense",
    "consolidation": "parts of the company",
}
Row = Mapping[str, Any]


def find(con: Connection, told: SnapshotAsked, words: str, kind: str = "", limit: int = 20) -> Names:
    """Platforms, metrics, definitions, deals, claims and words that have all these words in name or meaning."""
    if kind and kind not in KINDS:
        raise MendError(f"kind is one of {', '.join(KINDS)}, or empty for all of them")
    parts = words.lower().split()
    found = con.execute(prepared("mcp_named"), {"kind": kind, "words": parts}).fetchall()
    notes = _left_out(len(found), limit)
    if not found:
        every = con.execute(prepared("mcp_named"), {"kind": kind, "words": []}).fetchall()
        known = {text.lower() for _, name, label, _ in every for text in (name, label)}
        hint = near_names(words.lower(), known, "")
        platforms = ", ".join(f"{name} ({label})" for one, name, label, _ in every if one == "platform")
        notes = [f"nothing that questions can name has all of the words {words!r}", *([hint] if hint else [])]
        notes += [f"names are English here; the platforms: {platforms}"] if platforms else []
    names = [
        Named(kind=kind, name=name, label=label, meaning=text) for kind, name, label, text in found[: _at_most(limit)]
    ]
    answer = Names(snapshot=told, found=len(found), names=names, notes=notes)
    return within_bounds(answer, "names", "ask with more words, or of one kind")


def tables(con: Connection, told: SnapshotAsked, table: str = "") -> Tables:
    """The published tables, or one with its columns, their units and meanings."""
    if table:
        shape_of(con, table)
    rows = con.execute(prepared("mcp_tables"), {"table": table}).fetchall()
    return Tables(snapshot=told, tables=[_table(con, *row, is_whole=bool(table)) for row in rows])


def _table(con: Connection, name: str, text: str, rows: int, has_as_of: bool, *, is_whole: bool) -> TableMeaning:
    columns = []
    if is_whole:
        shape = shape_of(con, name)
        columns = [
            ColumnMeaning(name=column, type=kind, unit=shape.units.get(column, ""), meaning=text)
            for column, (kind, text) in shape.columns.items()
        ]
    told = text or ""
    return TableMeaning(
        name=name,
        meaning=told if is_whole else told.partition(". ")[0],
        rows=rows,
        has_as_of=has_as_of,
        columns=columns,
    )


def rows(
    con: Connection,
    told: SnapshotAsked,
    table: str,
    where: Mapping[str, str],
    *,
    as_of: str = "",
    limit: int = 20,
    columns: Sequence[str] = (),
) -> CitedAnswer:
    """Rows of a published table whose columns have these values, as facts; `columns` keeps of their numbers these."""
    shape, day = shape_of(con, table), _day(as_of)
    if unknown := sorted({*where, *columns} - shape.columns.keys()):
        raise MendError(f"{table} has no column {unknown[0]!r}; it has {', '.join(shape.columns)}")
    found, matching = _matching(con, shape, where, day, _at_most(limit))
    notes = _left_out(found, limit) if found else list(_nothing(con, shape, where, day))
    notes += _ahead(told, day)
    facts = facts_of(con, shape, matching, columns)
    answer = CitedAnswer(snapshot=told, as_of=day, found=found, facts=facts, notes=notes)
    return within_bounds(answer, "facts", "give more columns their value, such as platform and period_end")


def _matching(
    con: Connection, shape: Shape, where: Mapping[str, str], day: str | None, limit: int
) -> tuple[int, list[Row]]:
    """How many rows match, and the first of them in the order of their columns."""
    read, values = source(shape, day, where.get("platform"))
    tests = [f"cast(t.{column} as varchar) = $value_{number}" for number, column in enumerate(where)]
    values |= {f"value_{number}": value for number, value in enumerate(where.values())}
    result = con.execute(
        f"select t.*, count(*) over () as rows_found from {read} as t where {' and '.join(tests) or 'true'} "
        f"order by all limit {limit}",
        values,
    )
    names = [column[0] for column in result.description]
    found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return (found[0]["rows_found"] if found else 0), [
        {n: v for n, v in row.items() if n != "rows_found"} for row in found
    ]


def _nothing(con: Connection, shape: Shape, where: Mapping[str, str], day: str | None) -> Iterator[str]:
    """Why no row matches: the first value that no row has, and those like it."""
    when = f" as known on {day}" if day else ""
    wanted = " and ".join(f"{column} = {value!r}" for column, value in where.items())
    yield f"no number: no row of {shape.name}{when} has {wanted or 'anything'}"
    for column, value in where.items():
        known = con.execute(f"select distinct cast(t.{column} as varchar) from {shape.name} as t").fetchall()
        texts = sorted(one for (one,) in known if one is not None)
        if value not in texts:
            near = near_names(value, texts)
            listed = f"; there are {', '.join(map(repr, texts))}" if 0 < len(texts) <= LISTED else ""
            yield f"in {shape.name} {column} is never {value!r}{listed or (near and f'; {near}')}"


@dataclass(frozen=True)
class Asked:
    """Which acquisition costs are asked for; an empty day or perimeter is all of them, `whole` the whole platform."""

    platform: str
    definition: str = "cac_net_12m"
    period_end: str = ""
    scope: str = ""

    @property
    def where(self) -> dict[str, str]:
        """The columns of marts.cac_trend and the text that they must have."""
        given = {"platform": self.platform, "definition": self.definition}
        given |= {"scope": "" if self.scope == WHOLE else self.scope} if self.scope else {}
        return given | ({"period_end": self.period_end} if self.period_end else {})


def cost(con: Connection, told: SnapshotAsked, asked: Asked, as_of: str = "", limit: int = 5) -> CitedAnswer:
    """What it cost a platform to win a buyer, newest window first, or that of one window."""
    shape, day = shape_of(con, COST), _day(as_of)
    _known(con, "definition", asked.definition)
    _window(con, asked)
    found, matching = _matching(con, shape, asked.where, day, MOST)
    newest = sorted(matching, key=lambda row: (row["period_end"], row["row_id"]), reverse=True)[: _at_most(limit)]
    facts = [_cost(fact) for fact in facts_of(con, shape, newest)]
    notes = _left_out(found, limit)
    if not found:
        notes = [*_nothing(con, shape, asked.where, day), *([] if day else _what_is_known(con, asked.platform))]
    elif all(fact.no_number for fact in facts) and (priced := [row for row in matching if row["cac"] is not None]):
        last = max(priced, key=lambda row: (row["period_end"], row["row_id"]))
        notes.append(f"none of these has a number; the newest that has one is {last['row_id']}: explain it")
    answer = CitedAnswer(snapshot=told, as_of=day, found=found, facts=facts, notes=notes + _ahead(told, day))
    return within_bounds(answer, "facts", "name the window with period_end, or the perimeter with scope")


def _window(con: Connection, asked: Asked) -> None:
    """Raises MendError for an end of a window that is no day, with the ends that there are in such a year."""
    try:
        _day(asked.period_end)
    except MendError as error:
        where = "platform = $platform and definition = $definition and year(period_end)::varchar = left($end, 4)"
        ends = con.execute(
            f"select distinct period_end::varchar from {COST} where {where} order by 1",
            {"platform": asked.platform, "definition": asked.definition, "end": asked.period_end},
        ).fetchall()
        told = f"those of {asked.platform} in that year: {', '.join(end for (end,) in ends)}" if ends else ""
        raise MendError(
            f"period_end is the last day of a window, written as 2017-12-31, and not {asked.period_end!r}"
            + (f"; {told}" if told else "; without it the newest windows are told")
        ) from error


def _cost(fact: CitedFact) -> CitedFact:
    """A row of marts.cac_trend; where it has no cost, its spend and buyers are no answer."""
    bounds = [number for number in fact.numbers if number.column == "cac"]
    return fact.model_copy(update={"numbers": bounds}) if fact.no_number else fact


def _what_is_known(con: Connection, platform: str) -> Iterator[str]:
    """What figures there are of a platform without a cost, which needs an expense and counts of buyers."""
    found = con.execute(prepared("mcp_metrics"), {"platform": platform}).fetchall()
    if not found:
        yield f"no figure is of a platform called {platform!r}: ask find for its name here"
        return
    told = ", ".join(f"{metric} ({number})" for metric, number in found)
    yield f"a cost needs sm_expense and annual_active_buyers; of {platform} there are figures of {told}"


def _known(con: Connection, what: str, name: str) -> None:
    """Raises MendError for a platform or definition that is not there, with those that are."""
    known = [one for (one,) in con.execute(f"select {what} from core.{what} order by all").fetchall()]
    if name not in known:
        raise MendError(f"no {what} is called {name!r}; there are {', '.join(known)}")


def claims(
    con: Connection, told: SnapshotAsked, *, claim_id: str = "", subject: str = "", verdict: str = "", limit: int = 20
) -> CitedAnswer:
    """Whether claims hold: the verdict on each part, as known on the claim's own day, else now."""
    given = {"claim_id": claim_id, "subject": subject, "verdict": verdict}
    return rows(con, told, CLAIMS, {name: value for name, value in given.items() if value}, limit=limit)


def compare(
    con: Connection,
    told: SnapshotAsked,
    platforms: Sequence[str],
    *,
    definition: str = "cac_net_12m",
    period: str = "",
    as_of: str = "",
) -> CitedAnswer:
    """The costs of platforms in one period beside each other, and what keeps each pair from being compared."""
    if len(set(platforms)) < 2:
        raise MendError("name two platforms or more")
    for platform in platforms:
        _known(con, "platform", platform)
    _known(con, "definition", definition)
    shape, day = shape_of(con, PEERS), _day(as_of)
    where = {"definition": definition, **({"period": period} if period else {})}
    own = {one: _matching(con, shape, {"platform": one, **where}, day, ALL)[1] for one in dict.fromkeys(platforms)}
    notes = [
        note for one, its in own.items() if not its for note in _nothing(con, shape, {"platform": one, **where}, day)
    ]
    notes += [note for one, its in own.items() if not its for note in _what_is_known(con, one)]
    found = _beside([row for its in own.values() for row in its])
    if missing := [one for one, its in own.items() if its and one not in {row["platform"] for row in found}]:
        notes.append(f"no period has a row of each: {', '.join(missing)} has none in the newest of most")
    notes += [
        sentence for a, b in combinations(found, 2) if a["platform"] != b["platform"] for sentence in _apart(a, b)
    ]
    facts = facts_of(con, shape, found)
    answer = CitedAnswer(snapshot=told, as_of=day, found=len(found), facts=facts, notes=notes + _ahead(told, day))
    return within_bounds(answer, "facts", "compare fewer platforms at once")


def _beside(found: Sequence[Row]) -> list[Row]:
    """Of rows of marts.peer_rank those of one comparison: with a cost of most platforms, in the newest period.

    In their own currency where it is one, and of equal windows rather than of years that nearly agree.
    """
    groups: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in found:
        groups[row["compared_in"], row["basis"], row["period"]].append(row)

    def worth(group: tuple[str, ...]) -> tuple[object, ...]:
        its = groups[group]
        costs = {row["platform"] for row in its if row["cac"] is not None}
        is_own = group[0] == "own_currency"
        if is_own and len({row["currency"] for row in its}) > 1:
            costs = set()
        return (
            len(costs),
            len({row["platform"] for row in its}),
            group[2][:4],
            is_own,
            group[1] == "same_window",
            group[2],
        )

    return groups[max(groups, key=worth)] if groups else []


def _apart(a: Row, b: Row) -> Iterator[str]:
    """What keeps two costs from being compared, or that their intervals leave the order open."""
    pair = f"{a['row_id']} and {b['row_id']}"
    differing = [f"{text} ({a[name]} and {b[name]})" for name, text in COMPARABLE.items() if a[name] != b[name]]
    if a["period"] != b["period"]:
        differing.append(f"period ({a['period']} and {b['period']})")
    if without := [row["row_id"] for row in (a, b) if row["cac"] is None]:
        yield f"{pair} cannot be compared: there is no number of {' and '.join(without)}"
    elif differing:
        yield f"{pair} cannot be compared: they differ in {', '.join(differing)}"
    elif None in (a["rank"], b["rank"]):
        unranked = [row["row_id"] for row in (a, b) if row["rank"] is None]
        yield f"{pair} cannot be compared: no rank of {' and '.join(unranked)}"
    elif _reaches(a, b) and _reaches(b, a):
        yield f"{pair}: their intervals overlap, so nobody can tell which is cheaper"
    else:
        cheaper, dearer = (a, b) if a["cac"] < b["cac"] else (b, a)
        ends = {row["period_end"] for row in (a, b)}
        windows = f", over windows that end on {' and '.join(map(str, sorted(ends)))}" if len(ends) > 1 else ""
        flags = sorted({flag for row in (a, b) for flag in row["flags"]})
        mind = f"; mind what {' and '.join(flags)} says of them" if flags else ""
        told = f"{cheaper['row_id']} is cheaper than {dearer['row_id']}, beyond the rounding of the prints"
        yield f"{told}{windows}{mind}"


def _reaches(a: Row, b: Row) -> bool:
    """Whether the least of one is not above the greatest of the other; a bound that lacks is open."""
    return a["cac_low"] is None or b["cac_high"] is None or a["cac_low"] <= b["cac_high"]


def explain(con: Connection, told: SnapshotAsked, row_id: str, as_of: str = "") -> Explanation:
    """One acquisition cost: formula with its figures, each figure down to documents, what was known when."""
    shape, day = shape_of(con, COST), _day(as_of)
    where = {"row_id": row_id, "platform": row_id.partition("/")[0]}
    _, found = _matching(con, shape, where, day, 1)
    if not found:
        known = [name for (name,) in con.execute("select row_id from marts.cac_trend").fetchall()]
        when = f" on {day}" if day else ""
        hint = near_names(row_id, known)
        raise MendError(f"no acquisition cost is called {row_id!r}{when}" + (f"; {hint}" if hint and not day else ""))
    row = found[0]
    ((words, formula),) = con.execute(
        "select words, formula from core.definition where definition = $name", {"name": row["definition"]}
    ).fetchall()
    symbols = by_symbol(figures_of(con, row["input_observation_ids"]), row["period_start"], row["period_end"])
    (fact,) = facts_of(con, shape, [row])
    inputs = [
        Input(
            symbol=symbol,
            meaning=meaning(con, "symbol", symbol).meaning,
            citations=[cited_figure(one) for figure in group for one in _down(con, figure, frozenset())],
        )
        for symbol, group in symbols.items()
    ]
    return Explanation(
        snapshot=told,
        as_of=day,
        fact=_cost(fact),
        definition=words,
        formula=formula,
        filled=filled(formula, symbols),
        inputs=inputs,
        history=list(_history(con, shape, where, day)),
    )


def _down(con: Connection, figure: Any, above: frozenset[str]) -> Iterator[Any]:
    """A figure and those that it follows from, down to the printed ones."""
    yield figure
    seen = above | {figure.observation_id}
    for parent in figures_of(con, [one for one in figure.derived_from if one not in seen]):
        yield from _down(con, parent, seen)


def _history(con: Connection, shape: Shape, where: Mapping[str, str], until: str | None) -> Iterator[Then]:
    """The cost from each day of a document of the platform on which it changed, oldest first."""
    days = con.execute(prepared("mcp_days_of_cost"), {"row_id": where["row_id"], "until": until}).fetchall()
    last = None
    for (day,) in days:
        _, found = _matching(con, shape, where, day.isoformat(), 1)
        if not found:
            continue
        fact = _cost(facts_of(con, shape, found)[0])
        then = (next((one for one in fact.numbers if one.column == "cac"), None), fact.no_number)
        if then != last:
            yield Then(from_day=day.isoformat(), numbers=[then[0]] if then[0] else [], no_number=then[1])
        last = then


def changes(con: Connection, told: SnapshotAsked, table: str = "", reason: str = "", limit: int = 50) -> Changes:
    """What the last publication changed, and why."""
    if table:
        shape_of(con, table)
    found = con.execute(prepared("mcp_changes"), {"table": table, "reason": reason}).fetchall()
    nothing = "this is the first publication" if told.version == 1 else "the last publication changed nothing of that"
    notes = _left_out(len(found), limit) or ([] if found else [nothing])
    listed = [
        Change(
            table=name,
            row=row,
            change=change,
            column=column,
            before=before,
            after=after,
            reasons=[meaning(con, "change_reason", one) for one in reasons],
            causes=causes,
        )
        for name, row, change, column, before, after, reasons, causes in found[: _at_most(limit)]
    ]
    answer = Changes(snapshot=told, found=len(found), changes=listed, notes=notes)
    return within_bounds(answer, "changes", "ask for one table or one reason")


def _at_most(limit: int) -> int:
    if limit < 1:
        raise MendError("limit is at least 1")
    return min(limit, MOST)


def _left_out(found: int, limit: int) -> list[str]:
    shown = min(found, _at_most(limit))
    more = f"raise limit up to {MOST}, or narrow the question" if limit < MOST else "narrow the question"
    return [f"{found - shown} of {found} rows are left out: {more}"] if found > shown else []


def _ahead(told: SnapshotAsked, day: str | None) -> list[str]:
    """That a day is later than the snapshot, which then knows no more than today."""
    made = told.refreshed_at[:10]
    return (
        [f"as_of {day} is after this snapshot of {made}: the answer is what was known then"]
        if day and day > made
        else []
    )


def _day(text: str) -> str | None:
    return day_of(text).isoformat() if text else None
