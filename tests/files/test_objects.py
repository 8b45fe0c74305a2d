"""NDJSON as CSV: the same fields as object by object, or none."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.files.csv import LONGEST_LINE
from etl.files.json import read_records
from etl.files.objects import ObjectLines

VALUES = st.sampled_from(
    [
        *("null", "0", "7", "-7", "7.0", "7.50", "1e3", "1E-9", "-0", "-0.0", "true", "false", "NaN", "-Infinity"),
        *("99999999999999", "9223372036854775808", "1.00005", "12345678901234.5678", "01", "1.", ".5", "+1", "tru"),
        *(
            '""',
            '"7"',
            '"7.50"',
            '"a,b"',
            '"a\\"b"',
            '"\\u4eac\\u4e1c"',
            '"\\ud83d\\ude00"',
            '"\\ud800"',
            '"a\\nb"',
            '"null"',
        ),
        *(
            '"\\u0022"',
            '"\\u0000"',
            '"x\\/y"',
            '"a\\\\b"',
            '"é"',
            '" x"',
            '"gmv\\":"',
            '{"a": 1}',
            "[1]",
            "{}",
            '"{}"',
            '"',
            "nul",
        ),
    ]
)
NAMES = ["platform", "date", "channel", "partnership_id", "currency", "sessions", "gmv", "x_note"]
OBJECTS = st.tuples(
    st.sampled_from(['"pdd"', '"jd"', '"amazon"', "null"]),
    st.sampled_from(['"2025-01-01"', '"2025-01-02"', '"2025-1-1"', "20250101", "null"]),
    st.one_of(st.sampled_from(['"search"', '"live"', "7", "7.0"]), VALUES),
    st.sampled_from(["null", '""', '"deal_1"']),
    st.sampled_from(['"CNY"', "null", '"cny"']),
    *(st.one_of(st.sampled_from(["0", "7", "7.50", "null"]), VALUES) for _ in range(3)),
)
SHAPES = st.sampled_from(["{}", "{}", "{}", "{} ", "{},", "", " {}", "twice", "turned", "colon", "less"])


def written(values: tuple[str, ...], shape: str, blank: str) -> str:
    """A line with these values, in the shape that most lines of a file have or in another one."""
    pairs = [f'"{name}":{blank}{value}' for name, value in zip(NAMES, values, strict=True)]
    pairs = pairs[::-1] if shape == "turned" else pairs[:-1] if shape == "less" else pairs
    pairs = [*pairs, '"gmv":1'] if shape == "twice" else pairs
    found = "{" + f",{blank}".join(pairs) + "}"
    found = found.replace('":', '" :', 1) if shape == "colon" else found
    return shape.replace("{}", found) if "{}" in shape or not shape else found


@given(
    rows=st.lists(OBJECTS, min_size=1, max_size=5),
    shapes=st.lists(SHAPES, min_size=5, max_size=5),
    is_usual=st.booleans(),
    blank=st.sampled_from(["", " "]),
)
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fields_are_those_of_single_objects(
    tmp_path: Path, rows: list[tuple[str, ...]], shapes: list[str], is_usual: bool, blank: str
) -> None:
    shapes = ["{}"] * 5 if is_usual else shapes
    content = "\n".join([*(written(row, shape, blank) for row, shape in zip(rows, shapes, strict=False)), ""])
    if not all(is_json(line) for line in content.splitlines()):
        return  # DuckDB says which lines are JSON, before the values are read
    found, fields = converted(tmp_path, content)
    if not found:
        return
    names: list[str] = []
    records = list(read_records(tmp_path / "a.ndjson", names))
    assert (list(found), fields) == (names, [record.fields for record in records])
    assert not any(record.fault for record in records)


def converted(folder: Path, content: str) -> tuple[tuple[str, ...], list[list[str]]]:
    """The names and the fields of each line; none where the file is left to the other reader."""
    (folder / "a.ndjson").write_text(content, encoding="utf-8")
    lines = ObjectLines()
    values = lines.values(content.encode())
    if values is None:
        return (), []
    return lines.names, list(csv.reader(StringIO(values.decode(), newline=""), strict=True))


def is_json(line: str) -> bool:
    """Whether DuckDB takes the line for JSON: it takes NaN and Infinity too."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def test_a_table_written_by_pandas_spark_or_php_is_read_by_its_lines(tmp_path: Path) -> None:
    rows = [{"a": "京东", "b": 1.50, "c": None, "d": True}, {"a": 'say "x", "b":', "b": -2, "c": "/", "d": False}]
    wanted = [["京东", "1.5", "", "true"], ['say "x", "b":', "-2", "/", "false"]]
    for content in (
        "".join(f"{json.dumps(row, separators=(',', ':'))}\n" for row in rows[:1]),
        "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows[:1]),
        "".join(f"{json.dumps(row)}\n" for row in rows[:1]).replace("null", '"\\/"').replace('"\\/"', "null"),
    ):
        assert converted(tmp_path, content) == (("a", "b", "c", "d"), wanted[:1])
    content = "".join(f"{json.dumps(row)}\n" for row in rows)
    assert converted(tmp_path, content)[0] == (), "a text that looks like a name is left to the other reader"


def test_what_could_mean_two_things_is_left_to_the_other_reader(tmp_path: Path) -> None:
    good = '{"a":"x","b":1}\n'
    for odd in (
        '{"a":"x","a":1}\n',  # one name twice
        '{"b":1,"a":"x"}\n',
        '{"a":"x"}\n',
        '{"a":"x","b":1,"c":2}\n',
        '{"a":"x","b" :1}\n',
        '{"a":"x","b":1,}\n',
        '{"a":"x","b":NaN}\n',
        '{"a":"x","b":-Infinity}\n',
        '{"a":"x","b":{"c":1}}\n',
        '{"a":"x","b":[1]}\n',
        '{"a":"\\ud800","b":1}\n',
        '{"a":"x\\n","b":1}\n',
        '{"a":"x\t","b":1}\n',
        "\n",
        '{"a":"x",\n"b":1}\n',
        f'{{"a":"{"x" * LONGEST_LINE}","b":1}}\n',  # longer than a line may be
    ):
        assert converted(tmp_path, good + odd)[0] == (), odd[:99]
    assert converted(tmp_path, good + good)[0] == ("a", "b")
