"""The key of questions: each with the tool and the arguments that answer it, and the answer.

tests/data/questions.yaml is written from two published homes, the reference data and the demo:

    python -m tests.support.questions REFERENCE_HOME DEMO_HOME

A question for a number names one row of a mart and one of its columns. tests/mcp/test_questions.py asks all of them
through the protocol and holds the answers against the key and against the mart.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from etl.config import ROOT
from etl.mcp import tools
from etl.mcp.facts import shape_of, snapshot, source, text_of
from etl.measures import main_number, tables
from etl.models.graph import load_models
from etl.warehouse import Connection, open_snapshot

KEY = ROOT / "tests" / "data" / "questions.yaml"
DAYS = ("2016-06-30", "2018-04-26", "2019-05-20", "2020-05-27", "2021-06-30", "2023-03-31")
COST, FIGURES, PEERS = "marts.cac_trend", "core.observation", "marts.peer_rank"
# How many numbers are asked of each mart: of the costs most, and of each at least two where it has so many.
NUMBERS = {COST: 9, FIGURES: 6, "marts.unit_economics": 6, "marts.year_on_year": 6, PEERS: 5}
# Numbers as known on a day, of the marts that have a twin.
THEN = {COST: 3, FIGURES: 1, "marts.unit_economics": 1, "marts.year_on_year": 1, PEERS: 1}
PAIRS = (
    ("jd", "pdd"), ("alibaba", "pdd"), ("alibaba", "jd"), ("kuaishou", "pdd"), ("groupon", "wayfair"),
    ("chewy", "wayfair"), ("zalando", "jumia"), ("etsy", "wayfair"), ("jd", "wayfair"), ("groupon", "jd"),
)  # fmt: skip
UNKNOWN = ("douyin", "temu", "shein", "xiaohongshu", "tiktok", "meituan", "vip", "dangdang")
Question = dict[str, Any]


def read() -> list[Question]:
    """All questions of the key."""
    questions: list[Question] = yaml.safe_load(KEY.read_text(encoding="utf-8"))
    return questions


def numbers_in(con: Connection, home: str) -> Iterator[Question]:
    """Questions for a number of each mart that has some, now and as known on days."""
    for table in sorted(tables()):
        main = main_number(table)
        if not main:
            main = next(iter(shape_of(con, table).measures))
        yield from _of_table(con, home, table, main, "", NUMBERS.get(table, 3))
        for day in DAYS if table in THEN else ():
            yield from _of_table(con, home, table, main, day, THEN[table])


def _of_table(con: Connection, home: str, table: str, main: str, day: str, many: int) -> Iterator[Question]:
    for row in _rows(con, table, f"{main} is not null", day, many):
        grain = _grain(table)
        where = {column: text_of(row[column]) for column in grain if row[column] is not None}
        when = f", as known on {day}" if day else ""
        told = shape_of(con, table).columns[main][1].partition(";")[0]
        yield {
            "question": f"{table}: {main} ({told}) of {', '.join(where.values())}{when}?",
            "home": home,
            "tool": "rows",
            "arguments": {"table": table, "where": where, **({"as_of": day} if day else {})},
            "number": {"column": main, "value": _value(row[main])},
        }


def _rows(con: Connection, table: str, condition: str, day: str, many: int) -> list[dict[str, Any]]:
    """Some rows with a condition whose grain has no empty column: by a hash, so that they are of all kinds."""
    read, values = source(shape_of(con, table), day or None, None)
    grain = _grain(table)
    full = " and ".join(f"t.{column} is not null" for column in grain)
    by = ", ".join(f"t.{column}" for column in grain)
    result = con.execute(
        f"select t.* from {read} as t where t.{condition} and {full} order by hash({by}), {by} limit {many}", values
    )
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _grain(table: str) -> tuple[str, ...]:
    if table == FIGURES:
        return ("observation_id",)
    return next(model.grain for model in load_models(ROOT / "sql") if model.name == table)


def _value(value: Any) -> str:
    text = text_of(value)
    return text.rstrip("0").rstrip(".") if isinstance(value, Decimal) and "." in text else text


def comparisons(con: Connection) -> Iterator[Question]:
    """Comparisons of two platforms, now and as known on two days, with the sentences that they get."""
    told = snapshot(con, is_demo=False)
    for day in ("", "2019-05-20", "2021-06-30"):
        for pair in PAIRS:
            arguments: dict[str, Any] = {"platforms": list(pair), **({"as_of": day} if day else {})}
            answer = tools.compare(con, told, pair, as_of=day)
            when = f", as known on {day}" if day else ""
            yield {
                "question": f"Who paid less for a net new buyer, {pair[0]} or {pair[1]}{when}?",
                "home": "reference",
                "tool": "compare",
                "arguments": arguments,
                "sentences": answer.notes,
            }


def unanswerable(con: Connection) -> Iterator[Question]:
    """Questions that the data cannot answer, with what their answers must say."""
    for platform in UNKNOWN:
        yield _nothing(
            f"What does a buyer cost {platform}?",
            "cost",
            {"platform": platform},
            f"in {COST} platform is never '{platform}'",
        )
    for row in _rows(con, COST, "cac is null and t.cac_low is null and t.cac_high is null", "", 17):
        arguments = {name: row[name] for name in ("platform", "definition")} | {"period_end": str(row["period_end"])}
        arguments |= {"scope": row["scope"] or "whole"}
        question = (
            f"What did a buyer cost {row['platform']} in the window until {row['period_end']}, {row['definition']}?"
        )
        yield _nothing(question, "cost", arguments, f"{row['validity']}: ")
    for table, main, column, many in (
        ("marts.unit_economics", "value", "validity", 6),
        ("marts.year_on_year", "yoy_pct", "validity", 5),
        (PEERS, "rank", "validity", 5),
        ("marts.claim_verdict", "computed", "verdict", 5),
        ("marts.partnership_effect", "effect_pct", "status", 4),
    ):
        bounds = " and ".join(
            f"t.{bound} is null" for bound in (f"{main}_low", f"{main}_high") if bound in shape_of(con, table).columns
        )
        for row in _rows(con, table, f"{main} is null" + (f" and {bounds}" if bounds else ""), "", many):
            where = {name: text_of(row[name]) for name in _grain(table)}
            question = f"{table}: {main} of {', '.join(where.values())}?"
            yield _nothing(question, "rows", {"table": table, "where": where}, f"{row[column]}: ", main)


def _nothing(question: str, tool: str, arguments: Mapping[str, Any], says: str, column: str = "cac") -> Question:
    return {
        "question": question,
        "home": "reference",
        "tool": tool,
        "arguments": dict(arguments),
        "no_number": {"column": column, "says": says},
    }


def main(homes: list[str]) -> None:
    """Write the key: of the numbers, those of the reference first, 120 in all."""
    reference, demo = (Path(home) / "serving" / "warehouse.duckdb" for home in homes)
    with open_snapshot(reference) as con, open_snapshot(demo) as made_up:
        real = list(numbers_in(con, "reference"))
        asked = {question["arguments"]["table"] for question in real}
        delivered = [one for one in numbers_in(made_up, "demo") if one["arguments"]["table"] not in asked]
        questions = [*real, *delivered, *comparisons(con), *unanswerable(con)]
    text = yaml.safe_dump(questions, allow_unicode=True, sort_keys=False, width=120)
    KEY.write_text(
        f"# Written by python -m tests.support.questions; its answers are those of the marts.\n{text}", "utf-8"
    )
    counts = {kind: sum(kind in one for one in questions) for kind in ("number", "sentences", "no_number")}
    print(f"{len(questions)} questions: {counts}")


if __name__ == "__main__":
    main(sys.argv[1:])
