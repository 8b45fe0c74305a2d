"""Releases as people read them: HTML and PDF text become sentences and table cells, each with its place.

Source of the files: results releases and filings as a browser saves them. What goes wrong: footnote marks glued to
numbers, a number spread over several cells ("$", "(1,234", ")"), tables that only lay out a page, hidden and struck
out text, other encodings, scans without text.

Text in superscript or subscript is no part of a number: it is taken off and kept in `marks`. Nothing is fetched:
images, styles and entities of other files are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from typing import Any

from etl.errors import MendError
from etl.printed.words import normalized

LARGEST = 64 << 20  # bytes of a file
_LONG = 90  # characters of a cell that is text and no label
_NEAR = 4  # paragraphs above a table that may say its unit or period
_BLOCKS = re.compile(
    "address|article|aside|blockquote|body|br|center|d[dlt]|div|fieldset|figure|footer|form|h[1-6r]|header|html|li|main|"
    "nav|[ou]l|p|pre|section|t[drh]"
)
_SKIPPED = re.compile("script|style|head|del|s|strike|template|noscript|title")
_RAISED = re.compile(r"vertical-align:\s*(super|sub)|position:\s*relative;\s*(top|bottom):\s*-", re.IGNORECASE)
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_OPENS = re.compile(r"(?:US|HK|NT|R)?\$|RMB|Rmb|CNY|USD|¥|€|£|[-−–(]", re.IGNORECASE)
_CLOSES = re.compile(r"\)?\s*(?:%|\))?\s*(?:[*†‡§])?|pts?|%")
_SENTENCE = re.compile(
    r"(?<=[.!?][\"”]) |(?<=[^A-Z][.!?])(?<!\bNo\.)(?<!\bInc\.)(?<!\bLtd\.) (?=[\"“(]?[A-Z])|(?<=[。；！？])"
)
_UNIT = re.compile(r"\b(?:thousands?|millions?|billions?)\b|['’]000|单位|[千万亿]元|人民币元", re.IGNORECASE)
_BULLET = re.compile(r"^[·•●▪■◦○-]\s+")
_DIGITS = re.compile(r"\d")


@dataclass(frozen=True)
class Passage:
    """A sentence, or a cell of a table with what says what it is.

    `label` is the text of the row, `heads` the texts above the column, top first, `captions` the section of the row
    and the lines above the table, nearest first, `beside` the heads of other columns. They are empty in a sentence.
    `marks` are the footnote marks that were taken off.
    """

    place: str
    text: str
    label: str = ""
    heads: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    in_table: bool = False


@dataclass
class Cell:
    """A cell of a table: its text and the columns that it spans, last exclusive."""

    text: str
    first: int
    last: int
    marks: tuple[str, ...] = ()

    def is_over(self, other: Cell) -> bool:
        """Whether the two share a column."""
        return self.first < other.last and other.first < self.last


@dataclass
class _Reader:
    """What was read so far: the passages, and the paragraphs since the last table."""

    passages: list[Passage] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    paragraphs: int = 0
    tables: int = 0

    def paragraph(self, text: str, marks: tuple[str, ...] = ()) -> None:
        """Note the sentences of a paragraph."""
        text = _BULLET.sub("", _tidy(text))
        if text:
            self.paragraphs += 1
            self.above = [text, *self.above][:_NEAR]
            for number, sentence in enumerate(filter(None, map(_tidy, _SENTENCE.split(text))), 1):
                place = f"paragraph {self.paragraphs}, sentence {number}"
                self.passages.append(Passage(place, sentence, marks=marks))

    def table(self, rows: list[list[Cell]]) -> None:
        """Note the cells of a table."""
        self.tables += 1
        self.passages += _cells(rows, f"table {self.tables}", tuple(self.above))
        self.above = []


def read_pages(data: bytes) -> tuple[Passage, ...]:
    """The sentences and cells of an HTML or PDF file, in order.

    Raises MendError for a file that is too large, cannot be read or has no text.
    """
    if len(data) > LARGEST:
        raise MendError(f"the file has {len(data):,} bytes, at most {LARGEST:,} are read: propose a part of it")
    if b"\0" in data and not data.startswith(b"%PDF-"):
        raise MendError("the file is neither HTML nor PDF, or it is UTF-16: save it as UTF-8")
    reader = _Reader()
    if data.startswith(b"%PDF-"):
        _read_pdf(data, reader)
    else:
        _read_html(data, reader)
    if not reader.passages:
        raise MendError("the file has no text that can be read; fix: if it is a scan, copy the figures by hand")
    return tuple(reader.passages)


def _tidy(text: str) -> str:
    return " ".join(normalized(text).split())


def _read_html(data: bytes, reader: _Reader) -> None:
    from lxml import etree, html

    try:
        encoding = "utf-8" if data.decode("utf-8-sig") is not None else None
    except UnicodeDecodeError:
        encoding = None
        if not re.search(rb"charset|encoding=", data[:4096], re.IGNORECASE):
            raise MendError("the file is not UTF-8 and names no other encoding: save it as UTF-8") from None
    parser = html.HTMLParser(encoding=encoding, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise MendError(f"the file is no HTML that can be read ({error})") from error
    pieces: list[str] = []
    marks: list[str] = []

    def flush() -> None:
        reader.paragraph("".join(pieces), tuple(marks))
        pieces.clear()
        marks.clear()

    def walk(element: Any) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if _is_skipped(element):
            pass
        elif tag == "table" and (rows := _grid(element)):
            flush()
            reader.table(rows)
        elif _is_raised(element):
            marks.append(_tidy(element.text_content()))
        else:
            if _is_block(tag):
                flush()
            pieces.append(element.text or "")
            for child in element:
                walk(child)
            if _is_block(tag):
                flush()
        pieces.append(element.tail or "")

    walk(root)
    flush()


def _is_block(tag: str) -> bool:
    return _BLOCKS.fullmatch(tag) is not None


def _is_skipped(element: Any) -> bool:
    is_known = isinstance(element.tag, str) and not _SKIPPED.fullmatch(element.tag)
    return not is_known or bool(_HIDDEN.search(element.get("style") or "")) or element.get("hidden") is not None


def _is_raised(element: Any) -> bool:
    """Whether an element holds a footnote mark: raised or lowered text, or a short link within the page."""
    is_link = element.tag == "a" and (element.get("href") or "").startswith("#")
    if is_link:
        return re.fullmatch(r"\s*[\[(]?[0-9a-z*†‡]{1,2}[\])]?\s*", element.text_content()) is not None
    return element.tag in ("sup", "sub") or bool(_RAISED.search(element.get("style") or ""))


def _text(element: Any, marks: list[str]) -> str:
    """The text of a cell without hidden text and footnote marks, which are noted."""
    if _is_skipped(element):
        return ""
    if _is_raised(element):
        marks.append(_tidy(element.text_content()))
        return ""
    inner = "".join(_text(child, marks) + (child.tail or "") for child in element)
    space = " " if _is_block(element.tag) else ""
    return f"{space}{element.text or ''}{inner}{space}"


def _grid(table: Any) -> list[list[Cell]]:
    """The rows of a table with columns counted over spans; none for one that only lays out a page.

    A table that holds another, or long text, lays out a page: its text is read as paragraphs.
    """
    if table.find(".//table") is not None:
        return []
    rows: list[list[Cell]] = []
    below: dict[int, int] = {}  # column: rows that a cell above still spans
    for line in table.iter("tr"):
        cells: list[Cell] = []
        at, spans = 0, {column: left - 1 for column, left in below.items() if left > 1}
        for element in line.iterchildren("td", "th"):
            while below.get(at, 0) > 0:
                at += 1
            marks: list[str] = []
            text = _tidy(_text(element, marks))
            wide, high = _span(element, "colspan"), _span(element, "rowspan")
            if text or marks:
                cells.append(Cell(text, at, at + wide, tuple(marks)))
            if high > 1:
                spans |= dict.fromkeys(range(at, at + wide), high - 1)
            at += wide
        below = spans
        rows.append(cells)
    longest = max((len(cell.text) for row in rows for cell in row[1:]), default=0)
    is_list = all(len(row) < 3 for row in rows) and longest > _LONG
    return [] if is_list or longest > 4 * _LONG or not any(len(row) > 1 for row in rows) else rows


def _span(element: Any, name: str) -> int:
    text = element.get(name) or "1"
    return min(max(int(text), 1), 200) if text.isascii() and text.isdigit() else 1


def _joined(row: list[Cell]) -> list[Cell]:
    """The cells of a row with signs, brackets and currencies put to the number beside them."""
    joined: list[Cell] = []
    opening: Cell | None = None
    for cell in row:
        if opening and _DIGITS.search(cell.text):
            joined.append(Cell(f"{opening.text}{cell.text}", opening.first, cell.last, opening.marks + cell.marks))
            opening = None
            continue
        if opening:
            joined.append(opening)
            opening = None
        if _OPENS.fullmatch(cell.text) and cell.text not in "-−–":
            opening = cell
        elif joined and joined[-1].text and _CLOSES.fullmatch(cell.text) and _DIGITS.search(joined[-1].text):
            before = joined[-1]
            joined[-1] = Cell(before.text + cell.text, before.first, cell.last, before.marks + cell.marks)
        else:
            joined.append(cell)
    return [*joined, *([opening] if opening else [])]


def is_figure(text: str) -> bool:
    """Whether a cell has a number and no words of a period, as the head of a column has."""
    is_year = re.fullmatch(r"(?:FY\s?)?(?:19|20)\d\d(?:[\s*(（]*[A-Za-z年经重].*|\*)?", text) is not None
    return (
        bool(_DIGITS.search(text))
        and not is_year
        and not re.search(r"[A-Za-z]{3,}\.? ?\d{1,2}\b|\d月|\d{4} ?年|止|ended|quarter|months|季度", text)
    )


def _cells(rows: list[list[Cell]], place: str, above: tuple[str, ...]) -> Iterator[Passage]:
    """The cells of a table below its heads; a row without figures begins or continues the heads."""
    heads: list[list[Cell]] = []
    section = ""
    has_data = False
    for number, row in enumerate(map(_joined, rows), 1):
        if not row:
            continue
        first = row[0]
        has_label = (first.first == 0 and not is_figure(first.text)) or (
            len(row) > 1 and not _DIGITS.search(first.text)
        )
        values = row[1:] if has_label else row
        if not any(is_figure(cell.text) or cell.text in "-–—" for cell in values):
            if len(row) == 1 and has_label and not heads_period(first.text):
                if has_data or not _UNIT.search(first.text):
                    section = first.text
                else:
                    above = (first.text, *above)
                continue
            heads = [*([] if has_data else heads), row]
            has_data = False
            continue
        has_data = True
        label = first if has_label else Cell("", 0, 0)
        captions = tuple(filter(None, (section, *above)))
        corner = tuple(cell.text for head in heads for cell in head if cell.first == 0 and cell.is_over(label))
        for column, cell in enumerate(values, 2 if has_label else 1):
            over = tuple(head.text for line in heads for head in line if head.is_over(cell))
            yield Passage(
                f"{place}, row {number}, cell {column}",
                cell.text,
                label.text,
                over,
                (*corner, *captions),
                tuple(head.text for line in heads for head in line if not head.is_over(cell)),
                label.marks + cell.marks,
                in_table=True,
            )


def heads_period(text: str) -> bool:
    """Whether a line alone in its row heads the columns below it: it has the words of a period."""
    return re.search(r"ended|ending|months|quarter|weeks|止|季度|年度", text, re.IGNORECASE) is not None


def _read_pdf(data: bytes, reader: _Reader) -> None:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        pdf = PdfReader(BytesIO(data))
        pages = [page.extract_text(extraction_mode="layout") for page in pdf.pages]
    except (PyPdfError, ValueError, KeyError, TypeError) as error:
        raise MendError(f"the PDF cannot be read ({error}); fix: print it to a PDF without a password") from error
    if not any(_DIGITS.search(page) for page in pages):
        raise MendError(f"the PDF has {len(pages)} pages and no text with a number; fix: if it is a scan, copy by hand")
    for page in pages:
        lines = [_line(text) for text in page.splitlines()]
        for is_table, block in groupby(lines, lambda line: len(line) > 1):
            rows = list(block)
            if is_table and any(is_figure(cell.text) for row in rows for cell in row[1:]):
                reader.table(rows)
            else:
                _paragraphs(rows, reader)


def _line(text: str) -> list[Cell]:
    """A line of a page as cells: texts that two spaces or more part, at the places where they stand."""
    return [Cell(_tidy(found.group()), found.start(), found.end()) for found in re.finditer(r"\S+(?: \S+)*", text)]


def _paragraphs(rows: list[list[Cell]], reader: _Reader) -> None:
    """Lines as paragraphs, which empty lines part."""
    for is_text, block in groupby(rows, bool):
        if is_text:
            reader.paragraph(" ".join(cell.text for row in block for cell in row))
