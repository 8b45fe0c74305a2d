"""Reads the numbers of the page back, and holds them against what the SQL that it shows answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import html

from etl.page.content import IS_BOUND
from etl.warehouse import Connection

Element = Any
# Columns that say how their row is shown, and those that are shown as documents.
NOT_CELLS = {
    "file", "asked", "sentence", "is_ranked", "is_missing", "source_url", "input_observation_ids", "document_id",
    "document_ids",
}  # fmt: skip


def parsed(text: str) -> Element:
    return html.document_fromstring(text)


def articles(document: Element) -> dict[str, Element]:
    """The questions and views of the page, by key."""
    return {article.get("id"): article for article in document.iter("article")}


def answered(con: Connection, article: Element) -> list[dict[str, Any]]:
    """What the snapshot answers to the SQL that stands in an article."""
    (sql,) = article.xpath(".//details[@class='sql']/pre")
    answer = con.execute(sql.text_content())
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def shown_rows(article: Element) -> list[Element]:
    """The elements that show a row: those of the table, or the sentences."""
    found = article.xpath(".//table/tbody/tr") or article.xpath("./ul[@class='sentences']/li")
    return list(found)


def told(row: Element) -> str:
    """The words of a sentence, or those of a row's cells with a space between cells."""
    cells = row.xpath("./th|./td") or [row]
    return " ".join(" ".join(cell.text_content().split()) for cell in cells)


def opened(element: Element) -> list[Element]:
    """What the buttons of a row open, in their order, and what the buttons in there open: its figures and documents."""
    found = []
    for key in element.xpath(".//button/@popovertarget"):
        (entry,) = element.getroottree().xpath("//*[@id=$key][@popover]", key=key)
        found += [entry, *opened(entry)]
    return found


def wrong_documents(con: Connection, document: Element) -> Iterator[str]:
    """Every figure and document that a row rests on and that its buttons do not open as the snapshot has it."""
    figures = con.execute(
        "from core.observation as o select o.observation_id, o.printed_as, o.derived_from, o.document_id"
    )
    printed = {key: row for key, *row in figures.fetchall()}
    documents = con.execute("from core.document as d select d.document_id, d.published_on, d.url")
    known = {key: row for key, *row in documents.fetchall()}
    for key, article in articles(document).items():
        if not article.xpath(".//details[@class='sql']"):
            continue
        for number, (row, element) in enumerate(zip(answered(con, article), shown_rows(article), strict=False)):
            named = [
                *(row.get("input_observation_ids") or ()),
                row.get("document_id"),
                *(row.get("document_ids") or ()),
            ]
            said = [(" ".join(one.text_content().split()), one.xpath(".//a/@href")) for one in opened(element)]
            for cited in expected(dict.fromkeys(filter(None, named)), printed):
                text, document_id = printed[cited][0] if cited in printed else "", cited
                if cited in printed:
                    document_id = printed[cited][2]
                day, url = known[document_id]
                parts = [" ".join(text.split()), str(day) if day else "without a date"]
                is_linked = (url or "").startswith("http")
                if not any(
                    all(part in words for part in parts) and (url in links or not is_linked) for words, links in said
                ):
                    yield f"{key}, row {number}: {cited} is not opened as {text!r}, {day}, {url}"


def expected(keys: Iterable[str], printed: Mapping[str, list[Any]]) -> Iterator[str]:
    """The printed figures behind some figures: a derived one stands for those that it follows from."""
    for key in keys:
        sources = printed[key][1] if key in printed else []
        yield from expected(sources, printed) if sources else [key]


def differences(con: Connection, document: Element, *, whole: bool = True) -> Iterator[str]:
    """Every value of the page that is not that of the snapshot, and every number of a table that it lacks."""
    for key, article in articles(document).items():
        if not article.xpath(".//details[@class='sql']"):
            continue
        rows, shown = answered(con, article), shown_rows(article)
        if len(rows) != len(shown):
            yield f"{key}: {len(shown)} rows are shown of {len(rows)}"
        for number, (row, element) in enumerate(zip(rows, shown, strict=False)):
            place = f"{key}, row {number}"
            cells = {cell.get("data-c"): cell for cell in element.xpath(".//*[@data-c]")}
            yield from (f"{place}: {problem}" for name in cells for problem in wrong(name, cells[name], row))
            if article.xpath(".//table"):
                missing = {name for name, value in row.items() if value not in (None, "", [])} - cells.keys()
                shown_apart = {name for name in missing if name in NOT_CELLS or name.endswith(IS_BOUND)}
                yield from (f"{place}: {name} is not shown" for name in missing - shown_apart)


def wrong(name: str, cell: Element, row: dict[str, Any]) -> Iterator[str]:
    """What is wrong in a cell; nothing where it shows the value of the row."""
    value, text = row.get(name), cell.text_content()
    if isinstance(value, bool):
        is_right = text == ("yes" if value else "no")
    elif isinstance(value, float):
        is_right = float(cell.get("value")) == value and is_rounded(text, value)
    elif isinstance(value, int | Decimal):
        is_right = Decimal(cell.get("value")) == value == Decimal(text.replace(",", ""))
    elif isinstance(value, date):
        is_right = text == value.isoformat()
    else:
        words = value if isinstance(value, list) else [value]
        is_right = ", ".join(map(str, words)).replace("_", " ") == text.replace("_", " ")
    if not is_right:
        yield f"{name} is {text!r}, and {value!r} in the mart"


def is_rounded(text: str, value: float) -> bool:
    """Whether a text is a value, rounded to the digits that it has."""
    plain = text.replace(",", "")
    if "e" in plain:
        return float(plain) == float(f"{value:.1g}")
    digits = len(plain.partition(".")[2])
    return bool(abs(float(plain) - value) <= 0.5 * 10**-digits * (1 + 1e-9))
