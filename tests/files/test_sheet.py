"""What python-calamine reads of a workbook is what openpyxl reads: the same records, or it is not taken."""

from __future__ import annotations

import io
import warnings
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import FileError
from etl.files import sheet, xlsx

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
FORMATS = ("0.00", "yyyy-mm-dd", "dd/mm/yyyy hh:mm", "h:mm", "[h]:mm:ss", '"days" 0', "mmm yy")  # styles 1 to 7
HEADER = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'


def package() -> dict[str, bytes]:
    """The parts of a workbook with a style for each of FORMATS, and a second sheet without cells."""
    book = openpyxl.Workbook()
    for number, form in enumerate(FORMATS, 1):
        book.worksheets[0].cell(number, 1, 1).number_format = form
    book.create_sheet("empty")
    target = io.BytesIO()
    book.save(target)
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


SHARED = '<si><t>a</t></si><si><t>1.5</t></si><si><t xml:space="preserve"> c </t></si>'
PARTS = package()


def workbook(
    rows: str, shared: str = "<si><t>a</t></si>", *, head: str = "", behind: str = "", **others: bytes
) -> bytes:
    """A workbook of these rows and shared texts, with further elements before and behind the rows."""
    parts = {
        **PARTS,
        SHEET: f"<worksheet {MAIN}>{head}<sheetData>{rows}</sheetData>{behind}</worksheet>".encode(),
        STRINGS: f"<sst {MAIN}>{shared}</sst>".encode(),
    }
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    types, links = "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
    more = f'<Override PartName="/{STRINGS}" ContentType="{kind}"/></Types>'
    parts[types] = parts[types].replace(b"</Types>", more.encode())
    parts |= {name.replace("__", "/") + ".xml": content for name, content in others.items()}
    assert links in parts
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def both(folder: Path, content: bytes) -> tuple[Any, Any, bool]:
    """The records, or the error, by the two readers in turn and by openpyxl alone; whether the faster one was taken."""
    path = folder / "a"
    path.write_bytes(content)
    taken, found, read_plain = list[bool](), list[Any](), sheet.read_plain

    def plain(*arguments: Any) -> Any:
        taken.append((rows := read_plain(*arguments)) is not None)
        return rows

    for reader in (plain, lambda *_: None):
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            patch.setattr(xlsx, "read_plain", reader)
            try:
                found.append(list(xlsx.read_rows(path, 1 << 30)))
            except FileError as error:
                found.append(str(error))
    return found[0], found[1], taken[0]


NUMBERS = [
    "0",
    "7",
    "-7",
    "007",
    "7.50",
    "0.30000000000000004",
    "1234.5600000000213",
    "45000",
    "45000.5",
    "45292.123456789",
]
NUMBERS += ["60", "1", "0.25", "-1", "2958466", "1E3", "1e-7", "123456789012345", "1234567890123456", "1.00005"]
ODD = ["", " 5", "1_0", "1..2", "-", "+5", ".5", "5.", "inf", "1e400", "0x1", "x", "１", "2025-01-01"]
TEXTS = [
    "a",
    "",
    " a",
    "a ",
    "a\nb",
    "_x000D_",
    "_x_note",
    "x005F_",
    "&#13;",
    "&lt;é京&amp;&#20140;",
    "\u00a0a",
    "12",
    "1.5",
    "\r\n",
]
PLACES = ["A", "B", "C", "AA"]


def text_form(text: str, is_kept: bool) -> str:
    kept = ' xml:space="preserve"' if is_kept else ""
    return f"<t{kept}>{text}</t>"


def cell(place: str, kind: str, value: str, style: str) -> str:
    """A cell at `place` in one of the forms that writers use, or that none should."""
    inner = {"is": f"<is>{value}</is>", "none": "", "f": f"<f>1+1</f><v>{value}</v>"}.get(kind, f"<v>{value}</v>")
    types = {"is": "inlineStr", "n": "", "typed": "n", "none": "", "f": "", "none_typed": "s"}
    name = types.get(kind, kind)
    typed = f' t="{name}"' if name else ""
    return f'<c r="{place}"{style}{typed}>{inner}</c>'


PLAIN_CELLS = st.one_of(
    st.tuples(st.sampled_from(["n", "typed"]), st.sampled_from(NUMBERS)),
    st.tuples(st.just("s"), st.sampled_from("012")),
    st.tuples(st.just("is"), st.builds(text_form, st.sampled_from(TEXTS[:7]), st.just(True))),
    st.tuples(st.just("str"), st.sampled_from(TEXTS[:5])),
    st.tuples(st.just("b"), st.sampled_from("01")),
    st.just(("none", "")),
)
ODD_CELLS = st.one_of(
    st.tuples(st.sampled_from(["n", "typed"]), st.sampled_from(NUMBERS + ODD)),
    st.tuples(st.just("s"), st.sampled_from(["0", "3", "1.5", "-1", "", "x", "99999999999999999999"])),
    st.tuples(st.just("is"), st.builds(text_form, st.sampled_from(TEXTS), st.booleans())),
    st.tuples(st.just("str"), st.sampled_from(TEXTS)),
    st.tuples(st.sampled_from(["b", "e", "d", "f"]), st.sampled_from(["0", "1", "2", "true", "#N/A", "2025-01-01"])),
)


@st.composite
def sheets(draw: st.DrawFn, *, is_odd: bool) -> str:
    """Rows of a sheet; where odd, one cell in them or place of it is."""
    styles = {place: draw(st.sampled_from(["", ' s="1"', ' s="2"', ' s="3"', ' s="5"', ' s="6"'])) for place in PLACES}
    rows = []
    for number in sorted(draw(st.sets(st.integers(2, 12), min_size=1, max_size=5))):
        cells = []
        chosen = draw(st.sets(st.sampled_from(PLACES)))
        for place in (place for place in PLACES if place in chosen):
            kind, value = draw(PLAIN_CELLS)
            cells.append(cell(f"{place}{number}", kind, value, styles[place]))
        rows.append([f'<row r="{number}" spans="1:3">', *cells, "</row>"])
    if is_odd:
        number, place = draw(st.integers(0, len(rows) - 1)), draw(st.sampled_from(PLACES))
        kind, value = draw(ODD_CELLS)
        line = draw(st.sampled_from([2, 3, 11, 12, 2, 3, 11, 12, 99]))
        style = draw(st.sampled_from(["", ' s="1"', ' s="2"', ' s="4"', ' s="7"', ' s="99"', ' s="x"']))
        rows[number].insert(-1, cell(f"{place}{line}", kind, value, style))
    return "".join("".join(row) for row in rows)


@given(rows=sheets(is_odd=False))
@settings(max_examples=60, deadline=None)
def test_a_plain_sheet_is_read_alike(tmp_path_factory: pytest.TempPathFactory, rows: str) -> None:
    ours, theirs, _ = both(tmp_path_factory.mktemp("book"), workbook(HEADER + rows))
    assert ours == theirs


@given(rows=sheets(is_odd=True))
@settings(max_examples=120, deadline=None)
def test_an_odd_sheet_is_read_alike(tmp_path_factory: pytest.TempPathFactory, rows: str) -> None:
    ours, theirs, _ = both(tmp_path_factory.mktemp("book"), workbook(HEADER + rows))
    assert ours == theirs


def row(*cells: str, number: int = 2) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


TAKEN = {
    "numbers, a text, a truth": row(
        cell("A2", "n", "1.5", ""), cell("B2", "s", "0", ""), cell("C2", "b", "1", ""), cell("D2", "n", "1", "")
    ),
    "a day and a time": row(cell("A2", "n", "45000", ' s="2"'), cell("B2", "n", "45000.25", ' s="3"')),
    "a day in two styles of numbers": row(cell("A2", "n", "7", ' s="1"')) + row(cell("A3", "n", "8", ""), number=3),
    "a duration and a first of January 1900": row(cell("A2", "n", "1.5", ' s="5"'), cell("B2", "n", "1", ' s="2"')),
    "cells without values behind": row(cell("A2", "n", "1", ""), '<c r="B2" s="2"/>') + row('<c r="E9"/>', number=9),
    "a text in a column of days": row(cell("A2", "s", "0", "")) + row(cell("A3", "n", "45000", ' s="2"'), number=3),
    "attributes of a row": '<row r="2" spans="1:2" ht="12.8" customHeight="1"><c r="A2"><v>1</v></c></row>',
    "rows left out": row(cell("A40", "n", "1", ""), number=40),
    "pretty": f"\n  {row(cell('A2', 'n', '1', ''))}\n",
}
REFUSED = {
    "a formula": row(cell("A2", "f", "2", "")),
    "an error": row(cell("A2", "e", "#N/A", "")),
    "a day in ISO form": row(cell("A2", "d", "2025-01-01", "")),
    "days and numbers in a column": row(cell("A2", "n", "45000", ' s="2"')) + row(cell("A3", "n", "7", ""), number=3),
    "days and times in a column": row(cell("A2", "n", "45000", ' s="2"'))
    + row(cell("A3", "n", "45000", ' s="3"'), number=3),
    "a day that no calendar has": row(cell("A2", "n", "2958466", ' s="2"')),
    "rich text": row(cell("A2", "is", "<r><t>a</t></r><r><t>b</t></r>", "")),
    "blanks around a text": row(cell("A2", "is", "<t> a</t>", "")),
    "an escape of Excel": row(cell("A2", "is", "<t>_x0041_</t>", "")),
    "a text for a number": row(cell("A2", "n", "1_0", "")),
    "two points in a number": row(cell("A2", "n", "1..2", "")),
    "a part of an index": row(cell("A2", "s", "0.5", "")),
    "a long index": row(cell("A2", "s", "99999999999999999999", "")),
    "another row": row(cell("A3", "n", "1", "")),
    "another row with the same end": row(cell("A12", "n", "1", "")),
    "cells out of order": row(cell("B2", "n", "1", ""), cell("A2", "n", "2", "")),
    "rows out of order": row(cell("A3", "n", "1", ""), number=3) + row(cell("A2", "n", "2", "")),
    "a cell twice": row(cell("A2", "n", "1", ""), cell("A2", "n", "2", "")),
    "no coordinates": "<row><c><v>1</v></c></row>",
    "single quotation marks": "<row r='2'><c r='A2'><v>1</v></c></row>",
    "a comment": row("<!-- x -->", cell("A2", "n", "1", "")),
    "a far cell": row(cell("XFD900000", "n", "1", ""), number=900_000),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_plain_sheet_is_taken(tmp_path: Path, name: str) -> None:
    ours, theirs, is_taken = both(tmp_path, workbook(HEADER + TAKEN[name]))
    assert (ours, is_taken) == (theirs, True)
    assert len(ours) == 2 + (name.count("two styles") or name.count("a text in a column"))


@pytest.mark.parametrize("name", [name for name in REFUSED if name != "a far cell"])
def test_an_odd_sheet_is_left_to_openpyxl(tmp_path: Path, name: str) -> None:
    ours, theirs, is_taken = both(tmp_path, workbook(HEADER + REFUSED[name]))
    assert (ours, is_taken) == (theirs, False)


def test_a_far_cell_takes_no_memory() -> None:
    """Held as a table, the sheet would have 15 billion cells."""
    with zipfile.ZipFile(io.BytesIO(workbook(HEADER + REFUSED["a far cell"]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert sheet.read_plain(parts, xlsx._text, xlsx.number) is None


@pytest.mark.parametrize(
    ("shared", "is_taken"),
    [
        (SHARED, True),
        ('<si><t>a</t></si><si><t xml:space="preserve">\n京 &amp;</t></si>', True),
        ("<si><t>a </t></si>", False),
        ('<si><t>a</t><phoneticPr fontId="1"/></si>', False),
        ("<si><r><t>a</t></r></si>", False),
        ("<si><t>&#20140;&#160;</t></si>", True),
        ("<si><t>a&#10;b</t></si>", False),
        ("<si><t>a&#032;</t></si>", False),
        ("<si><t>_x000D_</t></si>", False),
        ("<si><t>a\r\nb</t></si>", False),
        ("<si><t><!-- b -->a</t></si>", False),
    ],
)
def test_shared_texts_are_taken_where_both_readers_keep_them(tmp_path: Path, shared: str, is_taken: bool) -> None:
    ours, theirs, taken = both(tmp_path, workbook(HEADER + row(cell("A2", "s", "0", "")), shared))
    assert (ours, taken) == (theirs, is_taken)


def test_merged_cells_and_the_calendar_of_1904_are_read_alike(tmp_path: Path) -> None:
    rows = (
        HEADER
        + row(cell("A2", "n", "40000", ' s="2"'), cell("B2", "n", "1", ""))
        + row(cell("B3", "n", "1", ""), number=3)
    )
    merged = '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'
    early = PARTS["xl/workbook.xml"].replace(b"<workbookPr/>", b'<workbookPr date1904="1"/>')
    assert early != PARTS["xl/workbook.xml"]
    ours, theirs, is_taken = both(tmp_path, workbook(rows, behind=merged, xl__workbook=early))
    assert (ours, is_taken) == (theirs, True)
    assert ours[1].fields == ["2013-07-07", "1"]
    assert [bool(record.fault) for record in ours] == [False, False, True]


@pytest.mark.parametrize(
    ("head", "behind"),
    [('<dimension ref="A1:Z9"/>', ""), ("<sheetPr/>", '<dataValidations count="1"><x/></dataValidations>')],
)
def test_what_stands_beside_the_rows_is_read_as_before(tmp_path: Path, head: str, behind: str) -> None:
    """A wrong extent changes nothing, and what openpyxl cannot read is refused as before."""
    ours, theirs, _ = both(tmp_path, workbook(HEADER + TAKEN["pretty"], head=head, behind=behind))
    assert ours == theirs


def test_several_filled_sheets_are_refused(tmp_path: Path) -> None:
    other = f"<worksheet {MAIN}><sheetData>{HEADER}</sheetData></worksheet>".encode()
    ours, theirs, is_taken = both(tmp_path, workbook(HEADER, xl__worksheets__sheet2=other))
    assert (ours, is_taken) == (theirs, False)
    assert "several filled sheets" in ours


@pytest.mark.parametrize("is_streamed", [False, True])
def test_what_openpyxl_writes_is_taken(tmp_path: Path, is_streamed: bool) -> None:
    book = openpyxl.Workbook(write_only=is_streamed)
    page = book.create_sheet("data") if is_streamed else book.worksheets[0]
    page.append(["day", "at", "name", "amount", "is_new"])
    page.append([date(2025, 1, 1), datetime(2025, 1, 1, 12, 30), "京东", 0.1 + 0.2, True])
    page.append([date(2025, 1, 2), datetime(2025, 1, 2), None, 7, False])
    book.save(tmp_path / "book")
    ours, theirs, is_taken = both(tmp_path, (tmp_path / "book").read_bytes())
    assert (ours, is_taken) == (theirs, True)
    assert [record.fields for record in ours[1:]] == [
        ["2025-01-01", "2025-01-01 12:30:00", "京东", "0.3", "true"],
        ["2025-01-02", "2025-01-02 00:00:00", "", "7", "false"],
    ]
