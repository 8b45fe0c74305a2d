"""What a tool answers: facts with unit, interval, validity, day and citation, as JSON with a schema.

Numbers are texts with every digit, because JSON has no decimals; days are texts as in ISO 8601.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, Field

LONGEST = 40_000  # characters of an answer's facts, names or changes as JSON: what an assistant can still read


class SnapshotAsked(BaseModel):
    """The published snapshot that was asked."""

    version: int
    refreshed_at: str = Field(description="UTC")
    simulated: str = Field(description="empty; else says that the data is made up and must be labelled so")


class Meaning(BaseModel):
    """A word of the tables and what it means. Source: core.term."""

    word: str
    meaning: str


class Number(BaseModel):
    """A number of a row, with the interval that the printed digits or the count allow."""

    column: str
    value: str | None = Field(description="every digit; null where only bounds are known")
    low: str | None = Field(description="least true value; null where no bound is known or kept in this column")
    high: str | None = Field(description="greatest true value; null where no bound is known or kept in this column")
    unit: str
    meaning: str = Field(description="the comment of the column")


class Citation(BaseModel):
    """A document, and the figure as it is printed there, or the delivered files behind a number."""

    observation_id: str | None
    figure: str = Field(description="metric, platform, perimeter and period; for a document alone its role in the row")
    value: str | None = Field(description="the figure with its unit and interval")
    printed_as: str | None
    locator: str | None = Field(description="where in the document")
    derivation: str | None = Field(description="how the figure follows from printed ones; null for a printed one")
    title: str
    publisher: str | None
    kind: str | None
    published_on: str | None = Field(description="null for a document without a date")
    url: str | None


class CitedFact(BaseModel):
    """One row of a mart."""

    table: str
    row_id: str | None
    words: dict[str, str] = Field(description="what the row is about and says in words, by column")
    numbers: list[Number]
    no_number: str | None = Field(description="why the row has no number; null where it has one")
    validity: Meaning | None
    flags: list[Meaning] = Field(description="what a reader must know")
    known_on: str | None = Field(description="first day on which all inputs were public; null with an undated one")
    citations: list[Citation]


class CitedAnswer(BaseModel):
    """Rows of a mart, and what has to be said about them."""

    snapshot: SnapshotAsked
    as_of: str | None = Field(description="the day whose knowledge was asked; null for all that is known now")
    found: int = Field(description="rows that match, of which facts may be the first")
    facts: list[CitedFact]
    notes: list[str] = Field(description="what limits the answer: no row, rows left out, what cannot be compared")


class Named(BaseModel):
    """Something that questions can name."""

    kind: str
    name: str
    label: str
    meaning: str


class Names(BaseModel):
    """What was found by words."""

    snapshot: SnapshotAsked
    found: int
    names: list[Named]
    notes: list[str]


class ColumnMeaning(BaseModel):
    """A column of a table or of a query's answer."""

    name: str
    type: str
    unit: str = Field(description="empty where it is no number of a mart")
    meaning: str


class TableMeaning(BaseModel):
    """A published table."""

    name: str
    meaning: str
    rows: int
    has_as_of: bool = Field(description="whether it can be asked as of a day")
    columns: list[ColumnMeaning] = Field(description="only when one table is asked for")


class Tables(BaseModel):
    """The published tables."""

    snapshot: SnapshotAsked
    tables: list[TableMeaning]


class Input(BaseModel):
    """The figures for one symbol of a formula, down to the printed ones that a derived figure follows from."""

    symbol: str
    meaning: str
    citations: list[Citation]


class Then(BaseModel):
    """The answer from a day on."""

    from_day: str
    numbers: list[Number]
    no_number: str | None


class Explanation(BaseModel):
    """One acquisition cost down to its documents."""

    snapshot: SnapshotAsked
    as_of: str | None
    fact: CitedFact
    definition: str
    formula: str
    filled: str = Field(description="the formula with the figures")
    inputs: list[Input]
    history: list[Then] = Field(description="what was known when, as far as it changed")


class Change(BaseModel):
    """One difference between the snapshot and the one before it. Source: meta.change."""

    table: str
    row: str
    change: str
    column: str | None
    before: str | None
    after: str | None
    reasons: list[Meaning]
    causes: list[str]


class Changes(BaseModel):
    """What the last publication changed."""

    snapshot: SnapshotAsked
    found: int
    changes: list[Change]
    notes: list[str]


class SqlAnswer(BaseModel):
    """The answer of a query in SQL."""

    snapshot: SnapshotAsked
    columns: list[ColumnMeaning]
    rows: list[list[str | None]]
    complete: bool
    citations: list[Citation] = Field(description="of what the rows name: row_id, observation_id, document_id")
    notes: list[str]


Listing = TypeVar("Listing", CitedAnswer, Names, Changes)


def within_bounds(answer: Listing, listed: str, instead: str) -> Listing:
    """The answer with as many of what it lists as fit into LONGEST characters, and how to get the others.

    `listed` is the field that has them, of which the first stays always; `instead` says what to ask.
    """
    items = getattr(answer, listed)
    size = kept = 0
    for item in items:
        size += len(item.model_dump_json())
        if kept and size > LONGEST:
            break
        kept += 1
    if kept == len(items):
        return answer
    note = (
        f"{len(items) - kept} of {len(items)} {listed} are left out, which would make more than {LONGEST:,} characters"
    )
    return answer.model_copy(update={listed: items[:kept], "notes": [*answer.notes, f"{note}: {instead}"]})
