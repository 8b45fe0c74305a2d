"""No option of a reader of DuckDB is left to guess, and nothing is bound that DuckDB would take for something else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from etl.config import ROOT
from etl.edgar import bulk
from etl.inbox import parquet, scan
from etl.publish import export
from etl.spark import exchange
from etl.warehouse import memory

# Options that a reader guesses from the file, its name or its folder where they are not given; or whose default is to.
GUESSED = {
    "read_csv": {
        *("auto_detect", "header", "delim", "quote", "escape", "new_line", "skip", "comment", "nullstr", "encoding"),
        *("compression", "decimal_separator", "thousands", "strict_mode", "null_padding", "all_varchar", "columns"),
        *("hive_partitioning", "union_by_name", "filename", "ignore_errors", "allow_quoted_nulls", "normalize_names"),
        *("max_line_size", "store_rejects", "parallel"),
    },
    "read_parquet": {
        *("hive_partitioning", "hive_types_autocast", "union_by_name", "filename", "binary_as_string"),
        "file_row_number",
    },
    "read_json": {
        *("format", "columns", "auto_detect", "compression", "maximum_object_size", "hive_partitioning"),
        *("union_by_name", "filename", "ignore_errors", "records"),
    },
}
# The others, and why nothing is guessed without them.
SETTLED = {
    "read_csv": {
        **dict.fromkeys(
            ("dtypes", "types", "column_types", "column_names", "names"), "`columns` gives names and types"
        ),
        **dict.fromkeys(("sep", "maximum_line_size"), "another name of one that is given"),
        **dict.fromkeys(("sample_size", "files_to_sniff", "auto_type_candidates"), "nothing is sniffed"),
        **dict.fromkeys(("hive_types", "hive_types_autocast"), "no folder is a column"),
        **dict.fromkeys(
            ("rejects_table", "rejects_scan", "rejects_limit"), "given where rejects are kept, and all are"
        ),
        **dict.fromkeys(("dateformat", "timestampformat"), "days and times are read as text"),
        "buffer_size": "memory only",
        "force_not_null": "empty is null in every column",
    },
    "read_parquet": {
        **dict.fromkeys(("compression", "parquet_version"), "stated in the file; of writing only"),
        **dict.fromkeys(("hive_types", "schema", "explicit_cardinality", "encryption_config"), "not used"),
        **dict.fromkeys(("can_have_nan", "debug_use_openssl"), "no effect on what is read"),
    },
    "read_json": {
        **dict.fromkeys(
            (
                *("sample_size", "maximum_sample_files", "field_appearance_threshold", "map_inference_threshold"),
                *("maximum_depth", "convert_strings_to_integers"),
            ),
            "nothing is detected",
        ),
        **dict.fromkeys(
            ("date_format", "dateformat", "timestamp_format", "timestampformat"), "everything is read as text"
        ),
        **dict.fromkeys(("hive_types", "hive_types_autocast"), "no folder is a column"),
    },
}
# What stands for options in the calls of a module.
EXPANDED = {
    ("etl/inbox/open.py", "{CSV}"): scan.CSV,
    ("etl/inbox/open.py", "{KEEPING}"): scan.KEEPING,
    ("etl/inbox/open.py", "{rest}"): "skip = , new_line = , max_line_size = , null_padding = , parallel = ",
    ("etl/inbox/open.py", "{file}"): "",
    ("etl/inbox/open.py", "{ending}"): "new_line = , ",  # but for CR LF: lines.new_line says why
    ("etl/inbox/open.py", "{UNSPLIT}"): scan.UNSPLIT,
    ("etl/inbox/open.py", "{new_line(lines.ending)}"): "new_line = , ",
    ("etl/inbox/scan.py", "{CSV}"): scan.CSV,
    ("etl/profiles/table.py", "{CSV}"): scan.CSV,
    ("etl/profiles/table.py", "{new_line(lines.ending)}"): "new_line = , ",
    ("etl/profiles/apply.py", "{OPTIONS}"): parquet.OPTIONS,
    ("etl/lake/export.py", "{PARQUET}"): export.PARQUET,
    ("etl/publish/export.py", "{CSV}"): export.CSV,
    ("etl/publish/export.py", "{PARQUET}"): export.PARQUET,
    ("etl/edgar/bulk.py", "{OPTIONS}, {shape}"): f"{bulk.OPTIONS}, columns = , new_line = ",
    ("etl/inbox/parquet.py", "{OPTIONS}"): parquet.OPTIONS,
    ("etl/inbox/load.py", "{OPTIONS}"): parquet.OPTIONS,
    ("etl/spark/exchange.py", "{READ}"): exchange.READ,
}


def calls() -> list[tuple[str, str, str]]:
    """Every call of a reader in code and SQL: where, which, and its text to the closing bracket."""
    found = []
    for path in [*(ROOT / "etl").rglob("*.py"), *(ROOT / "assets").rglob("*.py"), *(ROOT / "sql").rglob("*.sql")]:
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"\b(read_csv|read_parquet|read_json)\s*\((?!path|file,)", text):
            depth, end = 0, match.end() - 1
            for end in range(match.end() - 1, len(text)):
                depth += (text[end] == "(") - (text[end] == ")")
                if depth == 0:
                    break
            call = text[match.start() : end + 1]
            for (place, name), options in EXPANDED.items():
                call = call.replace(name, options) if path == ROOT / place else call
            if path.suffix == ".sql" or "{" in text[match.start() : end + 1]:
                found.append((str(path.relative_to(ROOT)), match[1], call))
    return found


@pytest.mark.parametrize("reader", GUESSED)
def test_the_lists_have_every_option_of_the_installed_reader(reader: str) -> None:
    rows = memory().execute(
        "select distinct unnest(parameters) from duckdb_functions() where function_name = ? ", [reader]
    )
    options = {name for (name,) in rows.fetchall()} - {"col0"}
    assert options == GUESSED[reader] | SETTLED[reader].keys()
    assert not GUESSED[reader] & SETTLED[reader].keys()


def test_no_option_of_any_reader_is_left_to_guess() -> None:
    found = calls()
    assert {reader for _, reader, _ in found} == set(GUESSED)
    assert len(found) >= 6
    for place, reader, call in found:
        given = set(re.findall(r"\b(\w+)\s*=", call))
        assert GUESSED[reader] <= given, f"{place}: {reader} leaves {sorted(GUESSED[reader] - given)} to guess"


# Modules that know Decimal or frames and also bind values, with what they bind.
BOUND = {
    "etl/ask/effect.py": "the name of a deal",
    "etl/lifetime/forecast.py": "names, days and numbers of a forecast, which are double",
    "etl/effect/study.py": "names, words and numbers of an estimate, which are double",
    "etl/ask/explain.py": "names and days that a person typed",
    "etl/mcp/facts.py": "names and days that an assistant sent",
    "etl/checks/run.py": "names, words and JSON of results",
    "etl/edgar/facts.py": "paths, sizes and CIKs; facts are read from their file",
    "etl/frames.py": "a day, names and IDs",
    "etl/profiles/apply.py": "a constant as text",
    "etl/inbox/load.py": "names, words, the time of a load, and numbers of lines as plain integers",
    "etl/figures/evidence.py": "JSON of figures, whose numbers are text",
}


def test_no_decimal_frame_or_time_as_text_is_bound() -> None:
    """DuckDB 1.5.6 stores Decimal('1E+3') as 1.000, makes a column with one Decimal NaN 32-bit, and drops the offset of
    a time given as text. So numbers reach it as text or as plain integers, moments as datetime, and no frame at all."""
    binding = set()
    for path in [*(ROOT / "etl").rglob("*.py"), *(ROOT / "assets").rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        place = str(path.relative_to(ROOT))
        attributes = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not attributes & {"from_df", "from_arrow"}, f"{place} loads a frame"
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_frame = node.func.attr == "register" and "con" in ast.unparse(node.func.value)
                assert not is_frame, f"{place}:{node.lineno} registers a frame"
                if (
                    node.func.attr in ("execute", "executemany", "_ask", "_read")
                    and len(node.args) + len(node.keywords) > 1
                ):
                    binding.add(place)
    knowing = {
        place for place in binding if re.search(r"\bDecimal\b|import pandas|import numpy", (ROOT / place).read_text())
    }
    assert knowing <= BOUND.keys(), f"say what {sorted(knowing - BOUND.keys())} binds, and bind no Decimal"
    assert all(Path(ROOT / place).exists() for place in BOUND)
