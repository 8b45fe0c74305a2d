"""A refresh that need not run: each kind of input and of output, changed in some way, makes it run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.config import ROOT, Settings, load_settings
from etl.lock import writer_lock
from etl.unchanged import Remembered, forget, history_folder, inputs, last_if_unchanged, remember, written
from tests.support.lock import held_elsewhere

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FILES = (
    "root/etl/page/place.py",
    "root/assets/step.py",
    "root/sql/marts/claims/claim_check.sql",
    "root/expectations/core/party.yaml",
    "root/profiles/shopify.yaml",
    "root/pyproject.toml",
    "root/requirements.lock",
    "root/dagster.yaml",
    "root/data/reference/observations.csv",
    "more/claims.csv",
    "behind_a_link.csv",
    "home/figures/observations.csv",
    "home/profiles/ours.yaml",
    "home/inbox/shop/orders.csv",
    "home/raw/edgar/body.json",
    "home/buyer.key",
    "home/erase.pending",
    "home/build/warehouse.duckdb",
    "home/serving/warehouse.duckdb",
    "home/serving/pages/1-abc/index.html",
    "home/serving/snapshots/1.duckdb",
    "packages/duckdb-1.5.6.dist-info/RECORD",
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project and its home, remembered as they are at NOW."""
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}, as it was", encoding="utf-8")
    (tmp_path / "home/serving/page").symlink_to(Path("pages/1-abc"))
    (tmp_path / "more/observations.csv").symlink_to(tmp_path / "behind_a_link.csv")
    monkeypatch.setattr("etl.unchanged.sysconfig.get_path", lambda _: str(tmp_path / "packages"))
    for name in ("DAGSTER_HOME", "SEC_USER_AGENT"):
        monkeypatch.delenv(name, raising=False)
    settings = set_to(tmp_path)
    with writer_lock(settings):
        pass
    keep(settings)
    assert asked(settings) is not None
    return settings


def set_to(folder: Path, **more: str) -> Settings:
    given = {"WAREHOUSE_HOME": str(folder / "home"), "WAREHOUSE_FIGURES": f"data/reference{os.pathsep}{folder}/more"}
    return load_settings({**given, **more}, folder / "root")


def keep(settings: Settings, ended: datetime = NOW, job: str = "refresh") -> None:
    history = history_folder(settings)
    read = inputs(settings, history, ended)
    remember(history, Remembered(job, ended.isoformat(), read, written(settings), ["marts.cac_trend"]))


def asked(settings: Settings, after: timedelta = timedelta(hours=1)) -> Remembered | None:
    return last_if_unchanged(settings, NOW + after)


def rewritten_in_place(path: Path) -> None:
    """One byte is another; size and times are as before."""
    stat = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def removed(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def closed_to_readers(path: Path) -> None:
    path.chmod(0o600 if path.stat().st_mode & 0o044 else 0o644)


@pytest.mark.parametrize("change", [rewritten_in_place, removed, cut, closed_to_readers])
@pytest.mark.parametrize("name", FILES)
def test_a_change_of_any_file_makes_the_refresh_run(
    settings: Settings, tmp_path: Path, name: str, change: Callable[[Path], None]
) -> None:
    change(tmp_path / name)
    assert asked(settings) is None


def test_touching_a_file_is_no_change(settings: Settings, tmp_path: Path) -> None:
    for name in FILES:
        os.utime(tmp_path / name)
    assert asked(settings) is not None


@pytest.mark.parametrize(
    "name",
    [
        "root/sql/marts/claims/new.sql",
        "root/profiles/new.yaml",
        "root/data/reference/parties.csv",
        "home/inbox/new.csv",
        "home/build/warehouse.duckdb.wal",
        "home/build/warehouse.duckdb.leftover",
        "home/serving/.upcoming.duckdb",
        "home/serving/pinned",
        "home/upgrade.pending",
        "packages/new-1.0.dist-info/RECORD",
    ],
)
def test_a_new_file_makes_the_refresh_run(settings: Settings, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("new", encoding="utf-8")
    assert asked(settings) is None


def test_a_page_that_is_another_edition_or_gone_makes_the_refresh_run(settings: Settings) -> None:
    link = settings.serving_dir / "page"
    link.unlink()
    assert asked(settings) is None
    link.symlink_to(Path("pages/2-def"))
    assert asked(settings) is None


@pytest.mark.parametrize(
    "name", ["WAREHOUSE_BAD_SHARE", "WAREHOUSE_CONTACT", "WAREHOUSE_NOTIFY", "WAREHOUSE_FX_URL", "WAREHOUSE_INBOX"]
)
def test_a_setting_of_any_origin_makes_the_refresh_run(settings: Settings, tmp_path: Path, name: str) -> None:
    value = {"WAREHOUSE_BAD_SHARE": "0.3", "WAREHOUSE_CONTACT": "me@example.org"}.get(name, str(tmp_path / "other"))
    assert asked(set_to(tmp_path, **{name: value})) is None


def test_who_hears_of_a_run_is_no_input_of_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("https://lineage.example.org/v1", str(tmp_path / "home" / "events.ndjson")):
        told = {"WAREHOUSE_LINEAGE_URL": value, "WAREHOUSE_LINEAGE_KEY": "key"}
        for name, text in told.items():
            monkeypatch.setenv(name, text)
        assert asked(set_to(tmp_path, **told)) is not None


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "PGPASSFILE", "TZ", "PYTHONPATH", "WAREHOUSE_OF_TOMORROW"])
def test_a_variable_of_the_environment_makes_the_refresh_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "another value")
    assert asked(settings) is None


def test_another_python_makes_the_refresh_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version", "4.0")
    assert asked(settings) is None


def test_figures_become_due_with_the_day(settings: Settings) -> None:
    assert asked(settings, timedelta(hours=11, minutes=59)) is not None
    assert asked(settings, timedelta(hours=12)) is None, "the day of UTC has changed"


def test_a_clock_that_went_back_makes_the_refresh_run(settings: Settings) -> None:
    assert asked(settings, timedelta(minutes=-1)) is None


def test_a_source_in_the_network_is_asked(settings: Settings, tmp_path: Path) -> None:
    live = set_to(tmp_path, SEC_USER_AGENT="me me@example.org")
    keep(live)
    assert asked(live) is None


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("WAREHOUSE_S3_URL", "s3://bucket/daily"),
        ("WAREHOUSE_POSTGRES_DSN", "postgresql://127.0.0.1/shop"),
        ("WAREHOUSE_FX_URL", "http://127.0.0.1/rates.zip"),
    ],
)
def test_a_daily_run_asks_its_own_sources(settings: Settings, tmp_path: Path, name: str, address: str) -> None:
    assert last_if_unchanged(settings, NOW, "refresh_daily") is None, "a refresh says nothing about it"
    keep(settings, job="refresh_daily")
    kept = last_if_unchanged(settings, NOW, "refresh_daily")
    assert kept and "since the daily run of 20" in kept.sentence
    assert "`make daily WHOLE=1` builds all the same" in kept.sentence
    keep(settings)
    refreshed = last_if_unchanged(settings, NOW)
    assert refreshed and "`make refresh WHOLE=1` builds all the same" in refreshed.sentence
    live = set_to(tmp_path, **{name: address})
    for job in ("refresh", "refresh_daily"):
        keep(live, job=job)
    assert asked(live) is not None
    assert last_if_unchanged(live, NOW, "refresh_daily") is None


def test_while_somebody_writes_nothing_counts_as_unchanged(settings: Settings) -> None:
    with held_elsewhere(settings):
        assert asked(settings) is None
    assert asked(settings) is not None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"ended_at": "yesterday", "read": {}, "written": {}, "tables": []}'])
def test_what_cannot_be_understood_counts_as_changed(settings: Settings, text: str) -> None:
    (history_folder(settings) / "history/last_refresh.json").write_text(text, encoding="utf-8")
    assert asked(settings) is None


def test_what_is_forgotten_or_has_lost_its_history_runs(settings: Settings, tmp_path: Path) -> None:
    forget(history_folder(settings), "refresh")
    assert asked(settings) is None
    keep(settings)
    (settings.home / "dagster/history").rename(tmp_path / "elsewhere")
    assert asked(settings) is None


def test_no_secret_is_kept(tmp_path: Path, settings: Settings) -> None:
    keep(secret := set_to(tmp_path, WAREHOUSE_POSTGRES_DSN="host=db password=hunter2"))
    assert "hunter2" not in (history_folder(secret) / "history/last_refresh.json").read_text(encoding="utf-8")


def test_drafts_pages_and_another_home_within_are_not_read(settings: Settings) -> None:
    for name in ("drafts/a.csv", "data_docs/index.html", "demo/SIMULATED.md", "demo/build/warehouse.duckdb"):
        path = settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("new", encoding="utf-8")
    assert asked(settings) is not None


def test_a_folder_that_contains_itself_is_read_once(settings: Settings) -> None:
    (settings.inbox / "again").symlink_to(settings.inbox)
    assert asked(settings) is None
    keep(settings)
    assert asked(settings) is not None


def test_the_answer_imports_neither_dagster_nor_duckdb_nor_pandas() -> None:
    code = (
        "import sys\nfrom datetime import UTC, datetime\nimport assets.cli\nfrom etl.config import load_settings\n"
        "from etl.unchanged import last_if_unchanged\nlast_if_unchanged(load_settings({}), datetime.now(UTC))\n"
        "print({'dagster', 'duckdb', 'great_expectations', 'pandas', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
