"""A file whose cells can be read at once gives the rows that it gives when every cell is cleaned and looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.files.lines import examine, is_bare
from etl.inbox import load as inbox_load
from etl.profiles import apply, table
from tests.support.inbox_files import inbox_in

TOOL = """exporter: A tool
evidence: real
source: a file
contract: platform_metric_daily
columns: {day: Day, account: Account, cost: Cost, clicks: Clicks, part: Part}
skip:
  - {where: "starts_with(day, 'Total:')", as: total, check: all}
  - {where: "starts_with(day, 'Part:') and part is not null", as: part}
map:
  date: day
  account: account
  marketing_spend: cost
  clicks: clicks
  sessions: number(cost) * 0 + number(coalesce(part, '0'))
constants: {channel: tool, currency: EUR, platform: pdd}
file: {dates: ["%Y-%m-%d", "%d.%m.%Y"], numbers: {en: "1,234.56", de: "1.234,56"}, missing: ["--"], strip: ["$"]}
"""
SOUND = [f"2025-01-{day:02},a,{day}.25,{day},1" for day in range(1, 29)]
ODD = [
    *('1,a,"1,234.5",1,1', '1,a," 5",1,1', "1,a,5 ,1,1", "1,a,'5,1,1", '1,a,"=""5""",1,1', "1,a,$5,1,1"),
    *("1,a,--,1,1", "1,a,,1,1", "1,a,1e3,1,1", "1,a,0x10,1,1", "1,a,- 5,1,1", "1,a,+5,1,1", "1,a,5.,1,1", "1,a,.5,1,1"),
    *("1,a,1.23456,1,1", "1,a,123456789012345,1,1", "1,a,12345678901234,1,1", "1,a,5,1.5,1", "1,a,-3,1,1", "1,a,x,y,z"),
    *("1,caf\u00e9 ,5,1,1", "1,\u00a0a,5,1,1", "1,=a,5,1,1", "1,a b,5,1,1", "1,a,5,1,1e1", "1,a,5,1,--"),
    *("Total:,,411.5,1,1", 'Total:,,"1,411.5",1,1', "Total:,,x,1,1", "Part:,,2,1,1", "Part:,,2,1,--", "--,a,5,1,1"),
    *('1,a,"1.234,5",1,1', "1,a,1_000,1,1", "01.02.2025,a,5,1,1", "2025-1-1,a,5,1,1", "1,a,9.9999,1,1", "1,A,1.5,2,3"),
    *('1,"a\nb",5,1,1', '1,"\r\na",5,1,1', '1,a,"5\n",1,1', '1,a,5,1,"1\n\n"', '1,a,"x\n5",1,1'),
]


def content_of(odd: list[str]) -> str:
    """A file with sound lines and then these."""
    dated = (line.replace("1,", "2025-02-01,", 1) if line.startswith("1,") else line for line in odd)
    return "\n".join(["Day,Account,Cost,Clicks,Part", *SOUND, *dated, ""])


def outcome(home: Path, content: str, *, first: int, how: str) -> list[Any]:
    """What is loaded, told and set aside, when cells are read at once or not, or records one by one."""
    inbox = inbox_in(home)
    inbox.settings = inbox.settings.model_copy(update={"bad_share": 1.0})
    (home / "profiles").mkdir()
    (home / "profiles" / "tool.yaml").write_text(TOOL, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apply, "_FIRST", first)
        if how != "at once":
            patch.setattr(table, "is_bare", lambda path: False)
        if how == "one by one":
            patch.setattr(inbox_load, "examine", lambda path: replace(examine(path), lines=None))
        load = inbox.one("tool.csv", content)
    names = "date, account, marketing_spend, clicks, sessions, currency"
    found = [load.status, load.reason, load.rows_skipped, inbox.rows(names)]
    found.append([(line, column, reason) for line, column, _, reason in inbox.set_aside()])
    inbox.con.close()
    return found


@pytest.mark.slow
@given(odd=st.lists(st.sampled_from(ODD), max_size=4), first=st.sampled_from([3, 10_000]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cells_read_at_once_give_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, odd: list[str], first: int
) -> None:
    content = content_of(odd)
    quick, careful, single = (
        outcome(tmp_path_factory.mktemp("home"), content, first=first, how=how)
        for how in ("at once", "looked at", "one by one")
    )
    assert quick == careful == single


@pytest.mark.parametrize("line", ['1,a,"1,234.5",1,1', 'Total:,,"1,411.5",1,1', "1,a,123456789012,1,1", "1,a,5,1,1"])
def test_a_cell_that_cannot_be_read_at_once_is_still_read(tmp_path: Path, line: str) -> None:
    content = content_of([line])
    quick = outcome(tmp_path / "quick", content, first=3, how="at once")
    assert quick == outcome(tmp_path / "careful", content, first=3, how="looked at")
    assert quick[0] == "loaded"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *(("a,b c,1\n", True), ('"a","b c"\r\n', True), ("a=b,c'd\n", True), ("\ufeffa,b\nc,d", True)),
        *(("caf\u00e9,1\n", True), ("a, b\n", False), ("a ,b\n", False), ("a,b \r\n", False), (" a,b\n", False)),
        *(("a,b ", False), ('a," b"\n', False), ("a,'b\n", False), ("=a,b\n", False), ('a,"=""b"""\n', False)),
        *(("a,b\u00a0\n", False), ("a,\u3000b\n", False), ("a,\ufeffb\n", False)),
    ],
)  # fmt: skip
def test_a_bare_file_has_nothing_to_take_off(tmp_path: Path, text: str, wanted: bool) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert is_bare(path) == wanted
