"""HTML and PDF as passages: what people see, with its place, and nothing that they do not see."""

from __future__ import annotations

import pytest

from etl.errors import MendError
from etl.figures import pages
from etl.figures.pages import Passage, read_pages
from tests.support.pdf import write_pdf


def texts(html: str) -> list[str]:
    return [passage.text for passage in read_pages(html.encode())]


def cells(html: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.label, one.text, one.heads) for one in read_pages(html.encode()) if one.in_table]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One. Two</p><p>Three</p>", ["One.", "Two", "Three"]),
        ("<p>一。二；三</p>", ["一。", "二;三"]),
        ("<p>Of No. 5 at U.S. $5.1 a piece</p>", ["Of No. 5 at U.S. $5.1 a piece"]),
        ("<p>585.2<sup>1</sup> million</p>", ["585.2 million"]),
        ("<p>585.2<span style='vertical-align: super'>1</span> million</p>", ["585.2 million"]),
        ("<p>585.2<a href='#note'>[1]</a> million</p>", ["585.2 million"]),
        ("<p>585.2<a href='more.html'>1</a> million</p>", ["585.21 million"]),
        ("<p>5<del>6</del><script>7</script><span style='display:none'>8</span><!-- 9 --></p>", ["5"]),
        ("<ul><li>One<li>Two</ul>", ["One", "Two"]),
        ("<p>·   One</p><p>- Two</p><p>-5</p>", ["One", "Two", "-5"]),
        ("<table><tr><td><p>One</p><table><tr><td>x</td><td>5</td></tr></table></td></tr></table>", ["One", "5"]),
    ],
)
def test_text_is_what_people_see(html: str, expected: list[str]) -> None:
    assert texts(html) == expected


def test_marks_that_are_taken_off_are_told() -> None:
    (passage,) = read_pages(b"<p>585.2<sup>(1)</sup> million</p>")
    assert passage == Passage("paragraph 1, sentence 1", "585.2 million", marks=("(1)",))


def test_a_number_over_several_cells_is_one() -> None:
    row = "<tr><td>Cost</td><td>$</td><td>(1,234</td><td>)</td><td></td><td>5.6</td><td>%</td></tr>"
    heads = "<tr><td></td><td colspan=3>2019</td><td></td><td colspan=2>Change</td></tr>"
    assert cells(f"<table>{heads}{row}</table>") == [("Cost", "$(1,234)", ("2019",)), ("Cost", "5.6%", ("Change",))]


def test_heads_span_columns_and_rows() -> None:
    table = """<table><tr><td rowspan=2>in millions</td><td colspan=2>Quarter ended</td></tr>
    <tr><td>2018</td><td>2019</td></tr><tr><td>A</td><td>1</td><td>2</td></tr>
    <tr><td colspan=3>Costs</td></tr><tr><td>B</td><td>3</td><td>4</td></tr>
    <tr><td></td><td>2020</td></tr><tr><td>C</td><td>5</td></tr></table>"""
    found = [passage for passage in read_pages(table.encode()) if passage.in_table]
    assert [(one.label, one.text, one.heads) for one in found] == [
        ("A", "1", ("Quarter ended", "2018")),
        ("A", "2", ("Quarter ended", "2019")),
        ("B", "3", ("Quarter ended", "2018")),
        ("B", "4", ("Quarter ended", "2019")),
        ("C", "5", ("2020",)),
    ]
    assert (found[0].captions, found[2].captions) == (("in millions",), ("in millions", "Costs"))
    assert found[0].beside == ("in millions", "2019")
    assert found[3].place == "table 1, row 5, cell 3"


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-16"])
def test_an_encoding_is_read_as_it_is_named(encoding: str) -> None:
    html = f'<html><head><meta charset="{encoding}"></head><body><p>收入</p></body></html>'
    if encoding == "utf-16":
        with pytest.raises(MendError, match="save it as UTF-8"):
            read_pages(html.encode(encoding))
    else:
        assert [passage.text for passage in read_pages(html.encode(encoding))] == ["收入"]


def test_another_encoding_without_a_name_is_refused() -> None:
    with pytest.raises(MendError, match="names no other encoding: save it as UTF-8"):
        read_pages("<p>收入</p>".encode("gbk"))


def test_lines_of_a_pdf_are_paragraphs_and_tables() -> None:
    found = read_pages(
        write_pdf([["We had 5 million", "buyers.", "", "            2018   2019", "Revenue      1.0    2.0"]])
    )
    assert [(one.text, one.label, one.heads) for one in found] == [
        ("We had 5 million buyers.", "", ()),
        ("1.0", "Revenue", ("2018",)),
        ("2.0", "Revenue", ("2019",)),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (write_pdf([[]]), "no text with a number; fix: if it is a scan"),
        (b"%PDF-1.4 broken", "the PDF cannot be read"),
        (b"<html></html>", "has no text"),
        (b"", "is no HTML that can be read"),
        (b"PK\3\4\0\0", "neither HTML nor PDF"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(data: bytes, message: str) -> None:
    with pytest.raises(MendError, match=message):
        read_pages(data)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LARGEST", 10)
    with pytest.raises(MendError, match="at most 10 are read"):
        read_pages(b"<p>" + b"x" * 10)


def test_nothing_of_another_file_is_read() -> None:
    html = (
        '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><p>a &x; b<img src="http://127.0.0.1:1/x.png"></p>'
    )
    assert "".join(texts(html)).replace(" ", "") in ("a&x;b", "ab", "]>a&x;b")
