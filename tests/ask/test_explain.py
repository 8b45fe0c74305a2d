"""`make explain`: JD's acquisition cost of 2016, checked by hand, and what is said without a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from etl.ask import explain
from etl.ask.explain import near_names
from etl.config import Settings
from etl.errors import MendError
from etl.warehouse import Connection, open_build, open_snapshot
from tests.support.command import run
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return publish_small_warehouse(tmp_path_factory.mktemp("home"))


@pytest.fixture
def snapshot(settings: Settings) -> Iterator[Connection]:
    with open_snapshot(settings.serving_db) as con:
        yield con


def explained(con: Connection, identifier: str) -> str:
    console = Console(width=100_000, highlight=False, soft_wrap=True, force_terminal=False)
    with console.capture() as capture:
        for part in explain.explain(con, identifier):
            console.print(part)
    return capture.get()


def test_a_number_is_shown_with_its_formula_and_interval(snapshot: Connection) -> None:
    text = explained(snapshot, "jd/whole/cac_net_12m/2016-12-31")
    # By hand: 10,158.7 / 71.6 = 141.88; 10,158.65 / 71.7 = 141.68; 10,158.75 / 71.5 = 142.08
    assert "141.88 CNY per buyer  [141.68, 142.08]" in text
    assert "= 10,158.7 m / (226.6 m − 155 m)\n  = 141.88" in text
    assert "known on 2018-04-27" in text
    assert "flag restated_input: the company had printed a different figure before" in text


def test_every_input_is_shown_with_its_print_and_its_document(snapshot: Connection) -> None:
    text = explained(snapshot, "jd/whole/cac_net_12m/2016-12-31")
    assert "S  10,158.7 m CNY  [10,158.65 m, 10,158.75 m]  exact, gaap" in text
    assert "printed as “10,158.7” at: p. 3" in text
    assert "JD annual report 2017; sec.gov, filing, published on 2018-04-27" in text
    assert re.search(r"https://example\.org/17\?a=1&b=\[2]$", text, re.MULTILINE)
    for name in ("obs_restated", "obs_2015", "obs_2016"):
        assert name in text
    assert "obs_first" not in text


def test_a_restatement_shows_what_was_known_when(snapshot: Connection) -> None:
    text = explained(snapshot, "jd/whole/cac_net_12m/2016-12-31")
    assert "from 2017-03-02  147.67 CNY per buyer  [147.46, 147.87]" in text
    assert "from 2018-04-27  141.88 CNY per buyer" in text


def test_a_scenario_multiplies_the_earlier_buyers(snapshot: Connection) -> None:
    text = explained(snapshot, "jd/whole/cac_gross_20/2016-12-31")
    # By hand: 10,158.7 / (226.6 - 0.8 x 155.0) = 10,158.7 / 102.6 = 99.01
    assert "cac_gross_20 = S / (N_t − 0.8 × N_0)\n  = 10,158.7 m / (226.6 m − 0.8 × 155 m)\n  = 99.01" in text
    assert "a scenario, no fact" in text


def test_a_row_without_a_number_says_why_and_what_is_missing(snapshot: Connection) -> None:
    text = explained(snapshot, "alibaba/retail/cac_net_quarter/2020-03-31")
    assert "No number, missing_spend: the sales and marketing expense of this window is not in" in text
    assert "= ? / (726 m − 711 m)\n  = no number\n" in text


def test_a_derived_level_shows_the_figures_it_follows_from(snapshot: Connection) -> None:
    lines = explained(snapshot, "alibaba/retail/cac_net_quarter/2020-03-31").splitlines()
    derived = next(number for number, line in enumerate(lines) if "711 m persons" in line and "N_0" in line)
    below = "\n".join(lines[derived:])
    assert "[710 m, 712 m]" in lines[derived]  # half widths of both parents: 0.5 m + 0.5 m
    assert "not printed: a printed level less a printed increase" in below
    assert below.index("obs_level") < below.index("obs_rise")


def test_a_number_that_its_inputs_do_not_give_is_refused(settings: Settings) -> None:
    with open_build(settings) as con:
        con.execute("begin")
        con.execute("update marts.cac_trend set cac = cac * 1.0001")
        with pytest.raises(MendError, match="do not use this number"):
            explained(con, "jd/whole/cac_net_12m/2016-12-31")
        con.execute("rollback")


@pytest.mark.parametrize("table", ["core.definition", "core.term"])
def test_a_snapshot_of_an_older_version_asks_for_a_refresh(settings: Settings, table: str) -> None:
    with open_build(settings) as con:
        con.execute("begin")
        con.execute(f"drop table {table}")
        with pytest.raises(MendError, match=r"an older version published .*: run `make refresh`$"):
            explained(con, "jd/whole/cac_net_12m/2016-12-31")
        con.execute("rollback")


def test_an_observation_is_shown_beside_competing_figures(snapshot: Connection) -> None:
    text = explained(snapshot, "obs_first")
    assert "10,573 m CNY  [10,572.95 m, 10,573.05 m]" in text
    assert "does not count now, obs_restated does" in text
    assert "from 2017-03-02  10,573 m CNY  obs_first\n  from 2018-04-27  10,158.7 m CNY  obs_restated" in text
    assert "counts now  10,158.7 m CNY" in text


def test_an_undated_figure_counts_on_no_day(snapshot: Connection) -> None:
    text = explained(snapshot, "obs_undated")
    assert "\ncounts now\n" in text
    assert "on no dated day  9 m persons  obs_undated" in text
    assert "without a date" in text


def test_text_of_a_source_does_not_steer_the_terminal(snapshot: Connection) -> None:
    text = explained(snapshot, "obs_undated")
    assert "Results  [31mred  [bold]not bold[/bold]" in text
    assert not re.search("[\x1b\u202e]", text)


def test_a_wrong_name_gets_suggestions(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    answer = run("explain", "jd/whole/cac_net_12/2016-12-31")
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert "nothing is called 'jd/whole/cac_net_12/2016-12-31'" in answer.stderr
    assert "  jd/whole/cac_net_12m/2016-12-31\n" in answer.stderr


def test_suggestions_stay_with_the_platform() -> None:
    known = [f"{platform}/whole/cac_net_12m/{year}-12-31" for platform in ("jd", "pdd") for year in range(2015, 2022)]
    assert near_names("pdd/whole/cac_net_12m/2014-12-31", known).split("\n")[1:] == [
        f"  pdd/whole/cac_net_12m/{year}-12-31" for year in (2015, 2016, 2017, 2018, 2019)
    ]
    assert near_names("nobody/whole/cac_net_12m/2015-12-31", known) == ""


@pytest.mark.parametrize(
    "name", ["", "'; drop table marts.cac_trend; --", "%", "{table}", "\x1b[31m", "obs\u0000", "数据" * 500]
)
def test_any_unknown_name_exits_with_a_message(settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    answer = run("explain", name)
    assert answer.exit_code == 1
    assert "make explain ID=" in answer.stderr


def test_a_long_link_is_printed_on_one_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    monkeypatch.setenv("COLUMNS", "20")
    answer = run("explain", "obs_restated")
    assert answer.exit_code == 0
    assert any(line.endswith("https://example.org/17?a=1&b=[2]") for line in answer.stdout.splitlines())


def test_without_a_snapshot_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path))
    answer = run("explain", "jd/whole/cac_net_12m/2016-12-31")
    assert answer.exit_code == 1
    assert "make refresh" in answer.stderr
