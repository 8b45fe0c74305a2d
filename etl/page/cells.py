"""Cells, sentences and citations of the page as HTML.

Every value has its column as `data-c`. A number stands in <data>, with the value of the mart, with every digit, as
`value`; a day stands in <time>. tests/page reads both from the page and holds them against the mart.

A text is escaped where it enters, once; names of columns, numbers and days have nothing to escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from etl.ask.explain import clean
from etl.page.content import CITED, IS_BOUND, SILENT, PageContent, QueryRows, Row
from etl.page.numbers import DIGITS, machine_value, printed

_NAMED = re.compile(r"\{(\w+)\}")
EMPTY = Markup("")
ENDS = ("low", "high")
ROOM = ((200, "longest"), (40, "long"))  # characters from which a column gets more room


class TableColumn(NamedTuple):
    """A column of a table: its name, its label, and how much room its longest text needs: a class of the style."""

    name: str
    label: str
    room: str


class CellMaker:
    """Makes cells from the content of one snapshot; `used` collects the words that need an explanation."""

    def __init__(self, content: PageContent, texts: Mapping[str, Any]) -> None:
        self.content, self.texts = content, texts
        self.used: set[tuple[str, str]] = set()
        self.files = {file.name for file in content.files}
        self.cited: dict[str, int] = {}
        self.entries: list[str] = []

    def columns(self, part: QueryRows) -> list[TableColumn]:
        """The columns of a table; an interval is in the column of its number, documents are one column."""
        merged = {f"{name}_{end}" for name in part.columns if self._has_interval(part.columns, name) for end in ENDS}
        hidden = {*merged, *SILENT, *CITED}
        shown = [name for name in part.columns if name not in hidden and not name.endswith(IS_BOUND)]
        return [
            TableColumn(
                name, self.texts["columns"][name]["label"], _room(max(len(str(row[name])) for row in part.rows))
            )
            for name in shown
        ]

    def cell(self, row: Row, name: str, *, is_spoken: bool = False) -> Markup:
        """The value of a column, with its interval if it has one; a day of knowledge with what is known of that day.

        Where a bound is all that is known, a table says first that there is no number; a sentence (`is_spoken`) has
        said it in its own words.
        """
        if f"{name}{IS_BOUND}" in row:
            return self._known(row[name], name, is_bound=row[f"{name}{IS_BOUND}"])
        if not self._has_interval(row, name):
            return self._value(row[name], name)
        value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
        if low is None and high is None:
            return self._none() if value is None else self._value(value, name)
        first, last = (self._number(end, f"{name}_{side}", name) for end, side in ((low, "low"), (high, "high")))
        if value is None and (low is None or high is None):
            bound = (
                f"{escape(self.texts['at_most'])} {last}"
                if low is None
                else f"{escape(self.texts['at_least'])} {first}"
            )
            return safe(bound if is_spoken else f"{self._none()}: {bound}")
        number = self._none() if value is None else self._number(value, name, name)
        last = last if high is not None else safe(f'<span class="open">{escape(self.texts["open_high"])}</span>')
        return safe(f'{number} <span class="interval">[{first}, {last}]</span>')

    def table_cell(self, row: Row, name: str) -> Markup:
        """The value of a column as an open cell: attributes of its tag, and what is in it.

        A text is the cell, and needs no element of its own: of long tables that is a fifth.
        """
        value = row[name]
        if not isinstance(value, str | bool | list) or (not value and value is not False):
            return safe(f">{self.cell(row, name)}")
        return safe(f' data-c="{name}">{self._text(value, name)}')

    def sentence(self, question: Mapping[str, Any], row: Row) -> Markup:
        """The sentences of a row: the texts of its kinds, with the columns that they name in braces filled in."""
        kinds = row["sentence"] if isinstance(row["sentence"], list) else [row["sentence"]]
        text = " ".join(question["each"][kind] for kind in kinds)
        parts = _NAMED.split(text)
        return EMPTY.join(
            self.cell(row, part, is_spoken=True) if number % 2 else escape(part) for number, part in enumerate(parts)
        )

    def citations(self, row: Row) -> Markup:
        """A button for each figure and document that a row rests on; it opens what `cited` says of it, without script.

        Empty where the row names none.
        """
        keys = row.get("input_observation_ids") or ()
        documents = [row.get("document_id"), *(row.get("document_ids") or ())]
        named = list(dict.fromkeys(filter(None, [*keys, *documents])))
        if not named:
            return EMPTY
        buttons = " ".join(self._button(key) for key in named)
        summary = escape(self.texts["documents"].format(count=len(named)))
        return safe(f'<details class="cited"><summary>{summary}</summary>{buttons}</details>')

    def _button(self, key: str) -> Markup:
        figure = self.content.figures.get(key)
        if figure is None:
            words = escape(clean(self.content.documents[key]["title"] or key))
        elif figure["derived_from"]:
            words = escape(self.texts["derived_figure"].format(**figure))
        else:
            words = escape(f"{figure['figure']}, {figure['period']}: {_as_printed(figure, figure['printed_as'])}")
        if key not in self.cited:
            self.cited[key] = len(self.cited)
            self.entries.append(key)
        return safe(f'<button popovertarget="c{self.cited[key]}">{words}</button>')

    def documents(self) -> Iterator[tuple[int, Markup]]:
        """What the buttons open, once for each: its number, and the figure or document in words."""
        for key in self.entries:  # grows while it is read, by the figures that a derived one follows from
            figure = self.content.figures.get(key)
            yield self.cited[key], self._figure(figure) if figure else self._document(key)

    def _figure(self, figure: Row) -> Markup:
        """A figure as it is printed, and where; of a derived one the figures that it follows from."""
        scope = f" ({figure['scope'].replace('_', ' ')})" if figure["scope"] else ""
        period = [day for day in (figure["period_start"], figure["period_end"]) if day]
        days = " – ".join(f"<time>{printed(day)}</time>" for day in period)
        named = f"{escape(figure['name'])}, {escape(figure['figure'])}{escape(scope)}, {days}"
        if sources := figure["derived_from"]:
            buttons = " ".join(self._button(key) for key in sources)
            return safe(f"{named} {escape(self.texts['derived'])} {buttons}")
        quote = _as_printed(figure, f"<q>{escape(figure['printed_as'])}</q>")
        quoted = f"{escape(self.texts['printed'])} {quote}"
        return safe(f"{named}: {quoted}. {self._document(figure['document_id'])}")

    def _document(self, key: str) -> Markup:
        document = self.content.documents[key]
        url, title = document["url"] or "", escape(clean(document["title"] or key))
        link = f'<a href="{escape(url)}">{title}</a>' if _is_web(url) else title
        day = document["published_on"]
        dated = f"<time>{day.isoformat()}</time>" if day else escape(self.texts["undated"])
        where = "" if url else f", {escape(self.texts['no_address'])}"
        return safe(f"{link}, {escape(document['publisher'] or '')}, {dated}{where}")

    def _value(self, value: object, name: str) -> Markup:
        settings = self.texts["columns"].get(name, {})
        if value is None or value in ("", []):
            return escape(settings.get("empty", self.texts["empty"]))
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return self._number(value, name, name)
        if isinstance(value, date):
            return safe(f'<time data-c="{name}">{printed(value)}</time>')
        return safe(f'<span data-c="{name}">{self._text(value, name)}</span>')

    def _text(self, value: object, name: str) -> Markup:
        """A text, a list of texts, yes or no."""
        if isinstance(value, bool):
            return escape(self.texts["yes_no"][not value])
        settings = self.texts["columns"].get(name, {})
        listed = value if isinstance(value, list) else [value]
        words = Markup(", ").join(self._word(str(word), settings.get("kind", "")) for word in listed)
        file = settings.get("file", "").format(value)
        return safe(f'<a href="{escape(file)}.html">{words}</a>') if file in self.files else words

    def _known(self, day: date | None, name: str, *, is_bound: bool) -> Markup:
        """Since when something is known: on a day, by a day at the latest, or from an undated document."""
        kind = "undated" if day is None else "bound" if is_bound else "dated"
        before, _, after = self.texts["known"][kind].partition("{day}")
        return escape(before) + (EMPTY if day is None else self._value(day, name)) + escape(after)

    def _word(self, word: str, kind: str) -> Markup:
        """A text; a word of core.term links to its meaning, others lose their underscores."""
        if (kind, word) in self.content.words:
            self.used.add((kind, word))
            return safe(f'<a href="#{escape(anchor(kind, word))}">{escape(word.replace("_", " "))}</a>')
        return escape(word.replace("_", " ") if kind else word)

    def _number(self, value: object, name: str, settings_of: str) -> Markup:
        digits = self.texts["columns"].get(settings_of, {}).get("digits", DIGITS)
        text = printed(value, digits)
        return safe(f'<data data-c="{name}" value="{machine_value(value)}">{text}</data>')

    def _none(self) -> Markup:
        return safe(f'<span class="none">{escape(self.texts["no_number"])}</span>')

    @staticmethod
    def _has_interval(columns: Sequence[str] | Row, name: str) -> bool:
        return all(f"{name}_{end}" in columns for end in ENDS)

    def glossary(self) -> Iterator[tuple[str, str, str]]:
        """The words that were used: anchor, word, meaning."""
        for kind, word in sorted(self.used):
            yield anchor(kind, word), word.replace("_", " "), self.content.words[kind, word]


def _as_printed(figure: Row, quote: str) -> str:
    """What is printed of a figure, with its unit where that is not printed beside it."""
    return f"{quote} {figure['unit']}" if figure["unit"] else quote


def _room(characters: int) -> str:
    return next((room for least, room in ROOM if characters > least), "")


def safe(html: str) -> Markup:
    """HTML whose texts are escaped already. Markup.format would go over all of it again at each step."""
    return Markup(html)  # noqa: S704


def anchor(kind: str, word: str) -> str:
    """The identifier of a word's explanation on the page."""
    return f"word-{kind}-{word}"


def _is_web(url: str) -> bool:
    """Whether an address may be a link: documents are typed in by people, and a page must not run what they typed."""
    return url.startswith(("https://", "http://"))
