"""One SQL file as a model: its description, grain, SELECT, and columns with types and comments.

A file opens with comment lines: what a row tells, then `-- grain: a, b`, then, where they apply, `-- group: word` for
the group of the UI in which a table of core or steps stands (a mart stands in that of its question), `-- twin: no`,
`-- portable: yes`, `-- daily: column, reach, ahead` or `-- daily: column, key` for a table that is built day by day,
`-- contract: word` for a mart that promises something else than figures with their intervals,
`-- partition: platform` where every row depends on the figures of its own platform alone, so that a second macro can
ask for one platform,
`-- python: etl.module, table, table` for one whose numbers Python computes, or
`-- macro: schema.name(as_of_date date)`. Its final list has one column a line: `expression::type as name,  -- comment`;
a longer comment continues in comment lines below it, and a header line that ends with a comma in the next line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from sqlglot import exp
from sqlglot.errors import SqlglotError

from etl.contracts import wrong_time
from etl.errors import MendError
from etl.models.kept import kept
from etl.models.portable import unportable
from etl.models.tree import PARAMETER, broken_rules, parse, references, rows_read

SCHEMAS = ("core", "steps", "marts")
PARAMETERS = f"{PARAMETER} date"
AS_OF = "_as_of"
PARTITION = "platform"
ONE = f"_for_{PARTITION}"
BY_KEY = "key"
KEYS = frozenset({"grain", "group", "twin", "macro", "portable", "daily", "contract", "python", "partition"})
FIGURES = "figures"
# What a mart with numbers promises its readers, by the word of its header; tests/test_house.py checks each mart.
CONTRACTS = {
    FIGURES: "an interval (x_low, x_high), validity, flags, input_observation_ids, and known_on of the latest input",
    "prints": "rows as documents print them, computed from nothing else: document_id, and known_on of that document",
    "verdicts": "whether a print or a claim holds: a verdict in the place of validity",
    "vintages": "what was known on one day against another: the row has the days, and there is no twin",
    "estimates": "what a model of the world says, not what was counted: a status in the place of validity, and flags",
    "deliveries": "what teams deliver, which no document prints: no input_observation_ids and no known_on",
}

_KEY = re.compile(r"--\s*([a-z_]+)\s*:\s*(.*?)\s*")
_TYPE = re.compile(r"::\s*([^:]+?)\s+as\s*$", re.IGNORECASE)
_COMMENT = re.compile(r"\s*,?((?:\s*--[^\n]*)+)")


@dataclass(frozen=True)
class OutputColumn:
    """An output column: its name, its declared type as written, and its comment."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Model:
    """One SQL file: a table, or a table macro with the parameter `as_of_date`.

    `reads` names tables as "schema.table" and macros as "schema.name()"; a call of a mart's twin counts as
    reading the mart. `as_of` pairs each table that the twin does not read with the macro that it reads instead, and
    `known` has these and all macros behind them, each with the query that replaces it in the twin. `daily` is the
    column with a row's day, in a table that is built only for the days whose input changed; a row then depends on the
    `reach` days before its own and the `ahead` days after it, too. With `by_key` a row is about the earliest day of
    its grain instead, such as a buyer's first order. `question` is the folder of a mart; elsewhere it is empty.
    `group` is that of the UI: the question, what the header says, or the schema.
    `contract` is one of CONTRACTS. `python` is a module whose function `bring_up_to_date(con)` reads the tables that
    the header names and fills the tables of raw that the query reads, in the transaction of the build; else empty.
    `by_platform` says that a row depends on the figures of its own platform alone. `rows_read` has, for tables of raw,
    the conditions of which the query needs one to hold for a row to matter; a table that it lacks is read whole.
    """

    schema: str
    table: str
    path: Path
    description: str
    grain: tuple[str, ...]
    sql: str
    columns: tuple[OutputColumn, ...]
    reads: tuple[str, ...]
    is_macro: bool
    twin: bool
    portable: bool
    as_of: tuple[tuple[str, str], ...] = ()
    known: tuple[tuple[str, str], ...] = ()
    daily: str | None = None
    reach: int = 0
    ahead: int = 0
    by_key: bool = False
    question: str = ""
    group: str = ""
    contract: str = FIGURES
    python: str = ""
    by_platform: bool = False
    rows_read: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def name(self) -> str:
        """The name as schema.table."""
        return f"{self.schema}.{self.table}"

    @property
    def filled(self) -> tuple[str, ...]:
        """The tables of raw that its Python module fills; no source does."""
        return tuple(read for read in self.reads if self.python and read.startswith("raw."))


def macro_names(sql_dir: Path) -> frozenset[str]:
    """The scalar macros: sql/macros/<name>.sql creates the macro of its name, before any model.

    Raises MendError for a file without a comment or that creates something else.
    """
    paths = list((sql_dir / "macros").glob("*.sql"))
    for path in paths:
        if not re.match(rf"(--.*\n)+create or replace macro {path.stem}\b", path.read_text(encoding="utf-8")):
            fail(path, f"describe its result in comment lines, then: create or replace macro {path.stem}(...) as ...")
    return frozenset(path.stem for path in paths)


def read_model(path: Path, sql_dir: Path) -> Model:
    """The model of one file, its reads not yet checked against the other files; the same text is parsed once.

    Raises MendError, which names the file and the fix.
    """
    return _parsed(path, sql_dir, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _parsed(path: Path, sql_dir: Path, text: str) -> Model:
    macros = sorted(macro_names(sql_dir))
    return kept("model", path, sql_dir, text, macros, find=lambda: _parse(path, sql_dir, text, macros))


def _parse(path: Path, sql_dir: Path, text: str, scalar_macros: Sequence[str]) -> Model:
    *folders, file = path.relative_to(sql_dir).parts
    is_macro = folders[:1] == ["macros"]
    place, table = folders[is_macro:], file.removesuffix(".sql")
    schema, question = (*place, "", "")[:2]
    if schema not in SCHEMAS or len(place) != 1 + (schema == "marts" and not is_macro):
        fail(path, "belongs in core/, steps/, marts/<question>/ or macros/<schema>/")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", table):
        fail(path, "name it in lower case letters, digits and _")
    sql = text.rstrip().removesuffix(";")
    description, keys = _header(path, sql)
    if is_macro and keys.get("macro") != f"{schema}.{table}({PARAMETERS})":  # another parameter may capture a column
        fail(path, f"add the line -- macro: {schema}.{table}({PARAMETERS})")
    try:
        tree = parse(sql)
        for sentence in broken_rules(tree, is_macro):
            raise MendError(sentence)
        for sentence in unportable(tree, scalar_macros) if "portable" in keys else ():
            raise MendError(sentence)
        columns = _columns(sql, tree)
    except MendError as error:
        fail(path, str(error))
    grain = tuple(part.strip() for part in keys["grain"].split(","))
    if missing := set(grain) - {column.name for column in columns}:
        fail(path, f"the grain names {', '.join(sorted(missing))}, which the final list does not have")
    daily, (reach, ahead), by_key = _daily(path, keys, columns)
    python, *inputs = (part.strip() for part in keys.get("python", "").split(","))
    reads = _reads(tree, inputs)
    return Model(
        schema=schema,
        table=table,
        path=path,
        description=description,
        grain=grain,
        sql=sql,
        columns=columns,
        reads=reads,
        is_macro=is_macro,
        twin=schema != "core" and not is_macro and "twin" not in keys,
        portable="portable" in keys,
        daily=daily,
        reach=reach,
        ahead=ahead,
        by_key=by_key,
        question=question,
        group=question or keys.get("group", schema),
        contract=keys.get("contract", FIGURES),
        python=python,
        by_platform="partition" in keys,
        rows_read=tuple(
            (read, rows)
            for read in reads
            if read.startswith("raw.") and read not in inputs
            if (rows := rows_read(tree, read))
        ),
    )


def _reads(tree: exp.Select, inputs: Sequence[str]) -> tuple[str, ...]:
    """What the query reads, macros by name also where they are asked for one platform, and what Python reads."""
    read = [reference.name.removesuffix(ONE) + "()" * reference.is_call for reference in references(tree)]
    return tuple(dict.fromkeys([*read, *inputs]))


def _daily(
    path: Path, keys: Mapping[str, str], columns: tuple[OutputColumn, ...]
) -> tuple[str | None, tuple[int, int], bool]:
    """The column of the day, how many days before and after it a row depends on, and whether it is by key."""
    if "daily" not in keys:
        return None, (0, 0), False
    column, *days = (part.strip() for part in keys["daily"].split(","))
    types = {c.name: c.type for c in columns}
    if types.get(column) != "date" or not (days == [BY_KEY] or (len(days) <= 2 and all(map(str.isdecimal, days)))):
        fail(path, "-- daily: takes a date of the final list, and after a comma one or two numbers of days, or key")
    if keys.get("portable") != "yes" or keys.get("twin") != "no":
        fail(path, "-- daily: goes with -- portable: yes and -- twin: no")
    reach, ahead, *_ = [*map(int, [] if days == [BY_KEY] else days), 0, 0]
    return column, (reach, ahead), days == [BY_KEY]


def _header(path: Path, sql: str) -> tuple[str, dict[str, str]]:
    """The description and the keys in the comment lines at the top."""
    description: list[str] = []
    keys: dict[str, str] = {}
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        found = _KEY.fullmatch(line)
        last = next(reversed(keys), "")
        if keys.get(last, "").endswith(","):
            keys[last] += line.removeprefix("--")
        elif found and (keys or found[1] in KEYS):
            keys[found[1]] = found[2]
        elif not keys:
            description.append(line.removeprefix("--").strip())
    if not any(description):
        fail(path, "begin the file with a comment line that says what a row is")
    if not keys.get("grain"):
        fail(path, "add the line -- grain: column, column after the description")
    if unknown := set(keys) - KEYS:
        fail(path, f"-- {min(unknown)}: is not a known key; the keys are {', '.join(sorted(KEYS))}")
    if keys.get("contract", FIGURES) not in CONTRACTS:
        fail(path, f"-- contract: is one of {', '.join(CONTRACTS)}")
    if keys.get("twin", "no") != "no":
        fail(path, "-- twin: takes only no; a mart has a twin unless it says so")
    if keys.get("partition", PARTITION) != PARTITION:
        fail(path, f"-- partition: takes only {PARTITION}; a model is computed over all platforms unless it says so")
    if keys.get("portable", "yes") != "yes":
        fail(path, "-- portable: takes only yes; a model is not portable unless it says so")
    return " ".join(filter(None, description)), keys


def _columns(sql: str, tree: exp.Select) -> tuple[OutputColumn, ...]:
    """The final list, with types and comments as they are written in the text."""
    columns: dict[str, OutputColumn] = {}
    for item in tree.selects:
        if item.is_star:
            raise MendError(f"{item.sql('duckdb', comments=False)} at the end hides the schema: list the columns")
        if not isinstance(item, exp.Alias):
            raise MendError(
                f"{item.sql('duckdb', comments=False)} has no name: write expression::type as name, -- comment"
            )
        place = item.args["alias"].meta
        kind = _TYPE.search(sql[: place["start"]])
        if not kind or not isinstance(item.this, exp.Cast) or _type(kind[1]) != item.this.to:
            raise MendError(f"{item.alias} has no declared type: write (expression)::type as {item.alias}")
        comment = _COMMENT.match(sql, place["end"] + 1)
        lines = comment[1].split("\n") if comment else []
        words = " ".join(line.strip().removeprefix("--").strip() for line in lines).strip()
        if not words:
            raise MendError(f"{item.alias} has no comment: end its line with -- and its unit and meaning")
        if sentence := wrong_time(kind[1], words):
            raise MendError(f"{item.alias}: {sentence}")
        if item.alias in columns:
            raise MendError(f"{item.alias} occurs twice in the final list: rename one")
        columns[item.alias] = OutputColumn(item.alias, " ".join(kind[1].split()), words)
    return tuple(columns.values())


@lru_cache(maxsize=256)
def _type(text: str) -> exp.DataType | None:
    """The type that a text names; None where SQLGlot cannot read it."""
    try:
        return exp.DataType.build(text, dialect="duckdb")
    except (ValueError, SqlglotError):
        return None


def fail(path: Path, sentence: str) -> NoReturn:
    """Raise MendError for a file."""
    raise MendError(f"{path}: {sentence}")
