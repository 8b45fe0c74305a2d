r"""The cells of a plain worksheet by python-calamine, where the bytes of its part prove that openpyxl says the same.

openpyxl takes 17 times as long. But python-calamine tells neither formulas nor the formats of numbers, leaves error
values empty, strips texts and undoes escapes like _x000D_. So it is given the cells alone, without their styles: every
number comes as it is stored, and openpyxl, which reads the workbook without its rows, says what its format means.

A row has a shape: its bytes without digits, points and texts. Large sheets have few shapes, and each must match a
narrow grammar: no formula, error, date in ISO form, rich or phonetic text, comment, prefix of a namespace. The numbers
of rows ascend, the cells of a row are its own and ascend. Whatever is different is None here, and openpyxl reads it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import openpyxl  # type: ignore[import-untyped]
from openpyxl.cell.read_only import ReadOnlyCell  # type: ignore[import-untyped]
from openpyxl.utils.datetime import from_excel  # type: ignore[import-untyped]

_MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OPEN, _CLOSE = b"<sheetData>", b"</sheetData>"
_STRINGS = "xl/sharedStrings.xml"
_MARK = "no text"
_EMPTY_STRINGS = b"<sst %b><si><t>%b</t></si></sst>" % (_MAIN, _MARK.encode())
_PACKAGE = b'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATION = b'<Relationships %b><Relationship Id="r1" Type="%b/%b" Target="%b"/></Relationships>'
# The parts around the cells that python-calamine asks for.
_AROUND = {
    "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "_rels/.rels": _RELATION % (_PACKAGE, _OFFICE, b"officeDocument", b"xl/workbook.xml"),
    "xl/workbook.xml": b'<workbook %b xmlns:r="%b"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>'
    % (_MAIN, _OFFICE),
    "xl/_rels/workbook.xml.rels": _RELATION % (_PACKAGE, _OFFICE, b"worksheet", b"worksheets/s.xml"),
}
_DIGITS = b"0123456789."
_TEXT = rb"<t(?: xml:space=\"preserve\")?>[^<]*</t>"
_INLINE = re.compile(rb"<is>(%b)</is>" % _TEXT)
_TYPED = re.compile(rb' t="str"><v>([^<]*)')
_SHAPE = re.compile(
    rb"""(?:\s*<row\ r=""(?:\s[\w:]+="[^"<]*")*/>)*\s*
    <row\ r=""(?:\s[\w:]+="[^"<]*")*(?:/>|>(?:\s*
        <c\ r="[A-Z]{1,3}"(?:\ s="")?(?:
            (?:\ t="[nsb]")?/>
            |(?:\ t="n")?>(?:<v>-?(?:[eE][+-]?)?</v>)?</c>
            |\ t="[sb]">(?:<v></v>)?</c>
            |\ t="inlineStr">(?:<is/>)?</c>
            |\ t="str"><v></v></c>
        )
    )*\s*)""",
    re.VERBOSE,
)
_SHARED = re.compile(
    r"(?:<\?xml[^<>]*\?>)?\s*<sst [^<>]*>(?:\s*<si>\s*(?:<t>(?!\s)[^<]*(?<!\s)</t>|<t xml:space=\"preserve\">[^<]*</t>)"
    r"\s*</si>)*+\s*</sst>\s*"
)
_ENCODED = re.compile(rb"<\?xml[^>]*encoding=[\"'](?!utf-8[\"'])", re.IGNORECASE)
# Escapes of blanks and returns, those of Excel, and returns, which XML makes line feeds.
_ESCAPED = re.compile(r"&#(?![1-9]\d{2,6};)|_x[0-9A-Fa-f]{4}_|x005F_|\r")
_ODD_NUMBER = re.compile(r"[0-9.eE+-]+")
LEAP_DAY = 60  # the number of 29 February 1900, which never was
MOST_STYLES = 65_536  # that Excel allows
SPARSE, SMALL = 16, 1_000_000  # cells without a value for each that has one, and cells in all, held in memory
_Bytes = npt.NDArray[np.uint8]
_Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PlainSheet:
    """The only filled sheet: the number and the texts of each row with cells; `rest` is its part without the rows."""

    rows: Iterator[tuple[int, list[str]]]
    rest: bytes


@dataclass(frozen=True)
class _Cells:
    """The row, the column (from 1) and the style of every cell, and whether it may hold a number."""

    row: _Places
    column: _Places
    style: _Places
    is_number: npt.NDArray[np.bool_]


def read_plain(
    parts: Mapping[str, bytes], text: Callable[[Any], str], number: Callable[[float], str]
) -> PlainSheet | None:
    """The only filled sheet of a workbook with these parts; None where openpyxl must read it.

    `text` makes a text of a cell of openpyxl, `number` of a number.
    """
    try:
        return _read(parts, text, number)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # what is wrong with it openpyxl says; an error within python-calamine is no Exception
        return None


class _Texts(dict[Any, str]):
    """Texts of the values of columns, made once for each value."""

    def __init__(self, made: Callable[[float], str]) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, value: Any) -> str:
        if isinstance(value, str):
            if _ODD_NUMBER.fullmatch(value):
                float(value)  # what a cell of no type says and no number is comes as a text
            text = value
        else:
            text = self._made(value)
        self[value] = text
        return text


def _read(parts: Mapping[str, bytes], text: Callable[[Any], str], number: Callable[[float], str]) -> PlainSheet | None:
    from python_calamine import CalamineWorkbook  # a library of its own in Rust, for the few files that are workbooks

    data = {name: (at + len(_OPEN), part.rfind(_CLOSE)) for name, part in parts.items() if (at := part.find(_OPEN)) > 0}
    filled = [name for name, place in data.items() if b"<c" in parts[name][slice(*place)]]
    if len(filled) != 1:
        return None
    name, part, (start, end) = filled[0], parts[filled[0]], data[filled[0]]
    strings = {_STRINGS: _EMPTY_STRINGS} if _STRINGS in parts else {}
    _check_text(part[:start], (_MAIN,))
    if strings:
        _check_strings(parts[_STRINGS])
    _check_shapes(part[start:end])
    cells = _cells(part, start, end)
    if cells.style.max() >= MOST_STYLES or cells.row[-1] * cells.column.max() > max(SPARSE * len(cells.row), SMALL):
        return None
    rest = {name: parts[name][:start] + parts[name][end:] for name, (start, end) in data.items()}
    book = openpyxl.load_workbook(_packed({**parts, **rest, **strings}), read_only=True, data_only=True)
    for sheet in book.worksheets:  # without what was taken out; what openpyxl finds wrong beside it is found here too
        sheet.reset_dimensions()
        if any(sheet.iter_rows()) or sheet._shared_strings != ([_MARK] if strings else []):
            return None
    sheets = [sheet for sheet in book.worksheets if sheet._worksheet_path.lstrip("/") == name]
    if len(sheets) != 1:
        return None
    content = _AROUND | {"xl/worksheets/s.xml": part} | {key: parts[key] for key in strings}
    with CalamineWorkbook.from_filelike(_packed(content)) as found:
        values = found.get_sheet_by_index(0).to_python(skip_empty_area=False)
    return PlainSheet(_texts(values, cells, _formats(cells, book, sheets[0], text, number)), rest[name])


def _packed(parts: Mapping[str, bytes]) -> BytesIO:
    """The parts as an archive, not compressed."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    target.seek(0)
    return target


def _check_text(part: bytes, needed: Sequence[bytes] = ()) -> str:
    """The text of a part in UTF-8 without escapes. Raises ValueError."""
    if _ENCODED.match(part) or any(word not in part for word in needed):
        raise ValueError
    text = part.decode()
    if "<!" in text or _ESCAPED.search(text):
        raise ValueError
    return text


def _check_strings(part: bytes) -> None:
    """Raise ValueError unless every shared text is plain, and kept as it stands by both readers."""
    if not _SHARED.fullmatch(_check_text(part, (_MAIN,))):
        raise ValueError


def _check_shapes(data: bytes) -> None:
    """Raise ValueError unless every row matches the grammar, and its texts are plain."""
    if b"\r" in data:
        raise ValueError
    texts: set[bytes] = set()
    for sign, form, left in ((b"<is>", _INLINE, b"<is/>"), (b' t="str"', _TYPED, b' t="str"><v>')):
        if sign in data:
            pieces = form.split(data)
            texts.update(pieces[1::2])
            data = left.join(pieces[::2])
    for text in map(_check_text, texts):
        inner = text.removeprefix("<t>").removesuffix("</t>")
        if text.startswith("<t>") and inner != inner.strip():
            raise ValueError
    *rows, rest = data.translate(None, _DIGITS).split(b"</row>")
    if rest.strip() or not all(map(_SHAPE.fullmatch, set(rows))):
        raise ValueError


def _cells(part: bytes, start: int, end: int) -> _Cells:
    """Where the cells between two places of a part are. Raises ValueError where a cell is not where its row is."""
    values, words = np.frombuffer(part, np.uint8), _words(part)
    tags = np.flatnonzero(values[start:end] == ord("<")) + start
    second = values[tags + 1]
    rows, cells = tags[second == ord("r")] + len('<row r="'), tags[second == ord("c")] + len('<c r="')
    number, digits = _whole(part, rows)
    row = np.searchsorted(rows, cells) - 1
    if not len(cells) or row[0] < 0 or (np.diff(number) <= 0).any():
        raise ValueError
    has_second = values[cells + 1] >= ord("A")
    has_third = has_second & (values[cells + 2] >= ord("A"))
    column = values[cells].astype(np.int64) - 64
    for has_letter, place in ((has_second, 1), (has_third, 2)):
        if has_letter.any():
            column = np.where(has_letter, column * 26 + values[cells + place] - 64, column)
    if ((np.diff(column) <= 0) & (np.diff(row) == 0)).any():
        raise ValueError
    behind = cells + 1 + has_second + has_third
    shift = (8 * (7 - digits)).astype(np.uint64)
    own = words[rows] << shift  # the number of the row and the mark behind it alone
    if (words[behind] << shift[row] != own[row]).any():
        raise ValueError
    behind += digits[row] + 1
    is_styled = words[behind] & 0xFFFFFFFF == int.from_bytes(b' s="', "little")
    style = np.zeros(len(cells), np.int64)
    style[is_styled], style_digits = _whole(part, behind[is_styled] + 4)
    behind[is_styled] += style_digits + 5
    is_shared = words[behind] == int.from_bytes(b' t="s"><', "little")
    _digits(part, behind[is_shared] + len(' t="s"><v>'), "<")  # python-calamine takes other indexes for 0
    is_number = (values[behind] != ord(" ")) | (values[behind + 4] == ord("n"))
    return _Cells(number[row], column, style, is_number & (values[behind] != ord("/")))


def _words(part: bytes) -> npt.NDArray[np.uint64]:
    """Eight bytes from every place of a part on."""
    return np.ndarray((len(part) - 7,), np.dtype("<u8"), buffer=part, strides=(1,))


def _digits(part: bytes, places: _Places, end: str = '"') -> tuple[_Bytes, _Places]:
    """Eight bytes from these places on, and how many digits, which all are before `end`. Raises ValueError."""
    signs = _words(part)[places].view(np.uint8).reshape(-1, 8)
    is_end = signs == ord(end)
    digits = is_end.argmax(axis=1)
    if len(places) and (not digits.min() or not is_end[np.arange(len(places)), digits].all()):
        raise ValueError
    # Beside digits a shape allows points alone.
    if ((signs == ord(".")) & (np.arange(8) < digits[:, None])).any():
        raise ValueError
    return signs, digits


def _whole(part: bytes, places: _Places) -> tuple[_Places, _Places]:
    """The whole numbers before a quotation mark that begin at these places, and their digits. Raises ValueError."""
    signs, digits = _digits(part, places)
    number = np.zeros(len(places), np.int64)
    for place in range(int(digits.max(initial=0))):
        number = np.where(place < digits, number * 10 + signs[:, place] - ord("0"), number)
    return number, digits


def _formats(
    cells: _Cells, book: Any, sheet: Any, text: Callable[[Any], str], number: Callable[[float], str]
) -> dict[int, _Texts]:
    """How the numbers of each column become texts. Raises ValueError where a column has days and other numbers."""
    styles: dict[int, str | None] = {}
    found: dict[int, _Texts] = {}
    made: dict[str | None, _Texts] = {None: _Texts(number)}
    number_of = int(cells.style.max()) + 1
    pairs = np.flatnonzero(np.bincount((cells.column * number_of + cells.style)[cells.is_number]))
    for column, style in zip(*map(np.ndarray.tolist, np.divmod(pairs, number_of)), strict=True):
        if style not in styles:
            form = ReadOnlyCell(sheet, 1, 1, None, "d", style).number_format if style in book._date_formats else None
            styles[style] = form
            if form not in made:
                made[form] = _Texts(_days(book, sheet, style, text))
        if found.setdefault(column, made[styles[style]]) is not made[styles[style]]:
            raise ValueError
    return found


def _days(book: Any, sheet: Any, style: int, text: Callable[[Any], str]) -> Callable[[float], str]:
    """How numbers with the format of a day or time become texts, as openpyxl does it."""
    is_duration = style in book._timedelta_formats

    def made(value: float) -> str:
        if is_day and value > LEAP_DAY and value.is_integer():  # the same at a tenth of the time
            day: datetime = book.epoch + timedelta(days=value)
            return day.date().isoformat()
        moment = from_excel(value, book.epoch, timedelta=is_duration)
        return text(ReadOnlyCell(sheet, 1, 1, moment, "d", style))

    is_day = False
    is_day = not is_duration and len(made(LEAP_DAY + 1)) == len("1900-03-01")
    return made


def _texts(
    values: Sequence[Sequence[Any]], cells: _Cells, formats: Mapping[int, _Texts]
) -> Iterator[tuple[int, list[str]]]:
    """The rows with cells as texts, each as far as its last cell. Raises ValueError and OverflowError at once."""
    columns: list[Sequence[str]] = []
    for number, found in enumerate(zip(*values, strict=True), 1):
        column = found
        if bool in set(map(type, found)):  # True is 1 to a dictionary
            column = tuple(str(value).lower() if isinstance(value, bool) else value for value in found)
        columns.append(tuple(map(formats[number].__getitem__, column)) if number in formats else column)
    last = np.append(np.flatnonzero(np.diff(cells.row)), len(cells.row) - 1)
    rows = list(zip(*columns, strict=True))
    numbers, widths = cells.row[last].tolist(), cells.column[last].tolist()
    rows += [("",) * len(columns)] * (numbers[-1] - len(rows))  # cells without values at the end
    further = [""] * (max(widths) - len(columns))
    placed = ((number, list(rows[number - 1]), width) for number, width in zip(numbers, widths, strict=True))
    return ((number, row if len(row) == width else [*row, *further][:width]) for number, row, width in placed)
