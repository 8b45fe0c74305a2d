"""Rows of published tables as facts: numbers with unit and interval, words, meaning, day and citations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from etl.ask.explain import CitedFigure, clean, figures_of
from etl.errors import MendError
from etl.mcp.answer import Citation, CitedFact, Meaning, Number, SnapshotAsked
from etl.measures import Measure, main_number, measures
from etl.page.numbers import machine_value
from etl.warehouse import Connection, prepared

SIMULATED = "SIMULATED DATA: made up for a demo, no figure of any company"
AS_OF, ONE = "_as_of", "_for_platform"
FIGURES, DOCUMENTS = ("observation_id", "observation_ids"), ("document_id", "document_ids")
# What is told in a place of its own, or is about this warehouse and not about the world.
APART = frozenset({"row_id", "validity", "flags", "known_on", "loaded_at", "is_simulated"})
# Where a row says whether it holds, and why it has no number.
STANDING, WHY = ("validity", "status", "verdict", "figure_verdict"), ("reason", "missing", "not_known")
# Where a row names a study and no figure, its figures are those of the path that the study compares.
STUDY = (
    "select distinct observation_id from marts.partnership_path where study_id = $study and observation_id is not null"
)
# A verdict on a claim names no figure either: they are those of the readings with what it says was computed.
CLAIM = """
    select distinct unnest(reading.input_observation_ids) as observation_id
    from marts.claim_check as reading
    where reading.claim_id = $claim_id and reading.part = $part and reading.subject = $subject
        and reading.definition = $definition and reading.period_end is not distinct from $period_end
        and reading.computed = $computed
    order by observation_id
"""
READING = ("claim_id", "part", "subject", "definition", "period_end", "computed")


@dataclass(frozen=True)
class Shape:
    """A published table: its columns with types and comments, its numbers, and whether it has a twin."""

    name: str
    columns: Mapping[str, tuple[str, str]]
    measures: Mapping[str, Measure]
    has_as_of: bool
    by_platform: bool

    @property
    def units(self) -> dict[str, str]:
        """The unit of each number and bound, as etl/measures.yaml says it."""
        every = ((column, one.unit) for one in self.measures.values() for column in (one.column, one.low, one.high))
        return {column: unit for column, unit in every if column}

    @property
    def bounds(self) -> frozenset[str]:
        """The columns that are bounds of others."""
        return frozenset(
            column for measure in self.measures.values() for column in (measure.low, measure.high) if column
        )


def snapshot(con: Connection, *, is_demo: bool) -> SnapshotAsked:
    """Which snapshot is open."""
    version, refreshed_at = con.execute("select version, refreshed_at from meta.publication").fetchall()[0]
    return SnapshotAsked(version=version, refreshed_at=refreshed_at.isoformat(), simulated=SIMULATED if is_demo else "")


def shape_of(con: Connection, table: str) -> Shape:
    """A published table by its name. Raises MendError for another name, with those like it."""
    columns = con.execute(prepared("mcp_columns"), {"table": table}).fetchall()
    if not columns:
        known = [name for (name,) in con.execute(prepared("published_names")).fetchall()]
        marts = ", ".join(name for name in known if name.startswith("marts."))
        raise MendError(f"no published table is called {table!r}; the marts: {marts}")
    macros = {name for (name,) in con.execute(prepared("mcp_macros")).fetchall()}
    found = {name: (kind, comment or "") for name, kind, comment in columns}
    return Shape(table, found, measures(table, found), table + AS_OF in macros, table + AS_OF + ONE in macros)


def source(shape: Shape, as_of: str | None, platform: str | None) -> tuple[str, dict[str, Any]]:
    """What to read: the table, or what it was on a day, with its parameters. Raises MendError where it has no twin."""
    if as_of is None:
        return shape.name, {}
    if not shape.has_as_of:
        raise MendError(
            f"{shape.name} cannot be asked as of a day: it is about delivered data, about several days itself, or an "
            "estimate of today's figures; ask without as_of and read known_on"
        )
    if platform and shape.by_platform:
        return f"{shape.name}{AS_OF}{ONE}($as_of::date, $for_platform)", {"as_of": as_of, "for_platform": platform}
    return f"{shape.name}{AS_OF}($as_of::date)", {"as_of": as_of}


def facts_of(
    con: Connection, shape: Shape, rows: Iterable[Mapping[str, Any]], only: Sequence[str] = ()
) -> list[CitedFact]:
    """Facts of rows of one table; with `only`, of their numbers these."""
    return [_fact(con, shape, row, only) for row in rows]


def _fact(con: Connection, shape: Shape, row: Mapping[str, Any], only: Sequence[str]) -> CitedFact:
    numbers = [
        number
        for name, measure in shape.measures.items()
        if (not only or name in only) and (number := _number(shape, measure, row))
    ]
    words = {
        name: text_of(value)
        for name, value in row.items()
        if name not in APART and name not in shape.measures and name not in shape.bounds and _is_told(name, value)
    }
    main = main_number(shape.name)
    has_number = row.get(main) is not None if main else any(number.value is not None for number in numbers)
    standing = _standing(con, row)
    return CitedFact(
        table=shape.name,
        row_id=row.get("row_id"),
        words=words,
        numbers=numbers,
        no_number=None if has_number else _reason(row, standing),
        validity=standing,
        flags=[Meaning(word=word, meaning=told) for word, told in _flags(con, row.get("flags") or [])],
        known_on=_day(row.get("known_on") or row.get("published_on")),
        citations=citations_of(con, row),
    )


def _number(shape: Shape, measure: Measure, row: Mapping[str, Any]) -> Number | None:
    value, low, high = (row.get(column) for column in (measure.column, measure.low, measure.high))
    if value is None and low is None and high is None:
        return None
    return Number(
        column=measure.column,
        value=_digits(value),
        low=_digits(low),
        high=_digits(high),
        unit=measure.unit_in(row),
        meaning=shape.columns[measure.column][1],
    )


def _standing(con: Connection, row: Mapping[str, Any]) -> Meaning | None:
    """Whether the row holds: the first of its columns that says so, with the meaning of its word."""
    for column in STANDING:
        if row.get(column):
            return meaning(con, column, row[column])
    return None


def _reason(row: Mapping[str, Any], standing: Meaning | None) -> str:
    """Why a row has no number, in the words of the mart."""
    parts = [f"{standing.word}: {standing.meaning}"] if standing else []
    parts += [f"{column.replace('_', ' ')}: {text_of(row[column])}" for column in WHY if row.get(column)]
    return "; ".join(parts) or "the row has no number"


def meaning(con: Connection, kind: str, word: str) -> Meaning:
    """What a word of core.term means, of this kind where there is one; a word that is not there stands for itself."""
    found = con.execute(
        "select meaning from core.term where term = $word order by kind <> $kind, kind limit 1",
        {"kind": kind, "word": word},
    ).fetchall()
    return Meaning(word=word, meaning=found[0][0] if found else word.replace("_", " "))


def _flags(con: Connection, flags: Sequence[str]) -> list[tuple[str, str]]:
    return con.execute(prepared("explain_flags"), {"flags": list(flags)}).fetchall()


def citations_of(con: Connection, row: Mapping[str, Any]) -> list[Citation]:
    """The figures and documents that a row names, else the files delivered to this warehouse."""
    named = {name: value for name, value in row.items() if value and name not in APART}
    figures = _unique(value for name, value in named.items() if name.endswith(FIGURES) for value in _list(value))
    if not figures and named.get("study_id"):
        figures = [one for (one,) in con.execute(STUDY, {"study": named["study_id"]}).fetchall()]
    if not figures and row.get("row_id"):
        figures = [one for (one,) in con.execute(prepared("mcp_inputs"), {"ids": _list(row["row_id"])}).fetchall()]
    is_claim = "claim_id" in named and "part" in named
    if not figures and is_claim and row.get("computed") is not None:
        figures = [one for (one,) in con.execute(CLAIM, {name: row[name] for name in READING}).fetchall()]
    cited = [cited_figure(figure) for figure in figures_of(con, figures)]
    roles = {one: name for name, value in named.items() if name.endswith(DOCUMENTS) for one in _list(value)}
    if is_claim:
        roles = dict.fromkeys(roles, "the claim itself")
    if roles:
        told = {(citation.title, citation.url) for citation in cited}
        cited += [one for one in _documents(con, roles) if (one.title, one.url) not in told]
    return cited or _delivered(con)


def cited_figure(figure: CitedFigure) -> Citation:
    """A figure with its document."""
    return Citation(
        observation_id=figure.observation_id,
        figure=figure.quantity,
        value=clean(figure.amount),
        printed_as=clean(figure.printed_as) if figure.printed_as else None,
        locator=clean(figure.locator) if figure.locator else None,
        derivation=f"{figure.derivation}, from {', '.join(figure.derived_from)}" if figure.derivation else None,
        title=clean(figure.title or "no title"),
        publisher=figure.publisher,
        kind=figure.kind,
        published_on=_day(figure.published_on),
        url=figure.url,
    )


def _documents(con: Connection, roles: Mapping[str, str]) -> list[Citation]:
    found = con.execute(
        "select document_id, title, publisher, kind, published_on, url from core.document "
        "where list_contains($ids, document_id) order by document_id",
        {"ids": list(roles)},
    ).fetchall()
    return [
        Citation(
            observation_id=None,
            figure=roles[document_id].replace("_", " "),
            value=None,
            printed_as=None,
            locator=None,
            derivation=None,
            title=clean(title or document_id),
            publisher=publisher,
            kind=kind,
            published_on=_day(published_on),
            url=url,
        )
        for document_id, title, publisher, kind, published_on, url in found
    ]


def _delivered(con: Connection) -> list[Citation]:
    """The files behind delivered data, which no document prints. Source: audit.load."""
    ((files, last),) = con.execute(prepared("mcp_delivered")).fetchall()
    if not files:
        return []
    told = f"{files} files delivered to this warehouse, the last loaded at {last}; audit.load names each"
    return [
        Citation(
            observation_id=None,
            figure="delivered data",
            value=None,
            printed_as=None,
            locator="audit.load",
            derivation=None,
            title=told,
            publisher=None,
            kind="delivery",
            published_on=None,
            url=None,
        )
    ]


def _is_told(name: str, value: Any) -> bool:
    is_named_apart = name.endswith((*FIGURES, *DOCUMENTS)) and isinstance(value, list)
    return value is not None and value != [] and not is_named_apart


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _digits(value: Any) -> str | None:
    if isinstance(value, Decimal):
        text = machine_value(value)
        return text.rstrip("0").rstrip(".") if "." in text else text
    return None if value is None else machine_value(value)


def _day(value: Any) -> str | None:
    return None if value is None else value.isoformat()


def text_of(value: Any) -> str:
    """A value as a text: every digit, days as in ISO 8601, a list with commas."""
    if isinstance(value, list):
        return ", ".join(map(text_of, value))
    return clean(str(value).lower() if isinstance(value, bool) else machine_value(value))
