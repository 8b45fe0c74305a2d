"""`warehouse export lake`: a version for each kept snapshot, exact or refused, and never half."""

from __future__ import annotations

import json
import math
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.config import ROOT, Settings
from etl.errors import MendError, RetryError
from etl.lake import catalogue, export
from etl.lake import index as index_of_lake
from etl.lake.catalogue import CATALOGUE
from etl.lake.columns import lake_columns
from etl.lake.export import LOCK, export_lake
from etl.publish.files import snapshot_path
from etl.publish.publication import publish
from etl.warehouse import attached, empty, open_build
from tests.support.command import run
from tests.support.publishing import NOW, refresh, settings_in
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow


def index(to: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((to / "versions.json").read_text())["versions"]
    return found


def paths(to: Path, table: str) -> dict[int, Path]:
    """The file of a table in each version."""
    return {one["version"]: to / one["tables"][table]["path"] for one in index(to)}


def asked(to: Path, query: str) -> list[tuple[Any, ...]]:
    """What the catalogue answers, read as the DuckDB file that it is."""
    with closing(empty()) as con, attached(con, to / CATALOGUE, "lake"):
        con.execute("use lake")
        try:
            return con.execute(query).fetchall()
        finally:
            con.execute("use memory")


def published(home: Path, *statements: str) -> Settings:
    """A home whose newest snapshot has what the statements make."""
    settings = settings_in(home)
    with open_build(settings) as con:
        for statement in statements:
            con.execute(statement)
        publish(con, settings, now=NOW)
    return settings


def test_each_publication_becomes_a_version_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, to = settings_in(tmp_path / "home"), tmp_path / "lake"
    refresh(settings, 1)
    refresh(settings, 2)
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    done = run("export", "lake", str(to))
    assert (done.exit_code, done.stdout[:19]) == (0, "added version 1, 2:"), done.output
    assert run("export", "lake", str(to)).stdout.startswith("nothing to add: 0 files")
    before = {path: path.stat().st_mtime_ns for path in to.rglob("*.parquet")}
    refresh(settings, 3)
    again = export_lake(settings, to)
    assert (again.added, again.versions) == ([3], [1, 2, 3])
    assert {path: path.stat().st_mtime_ns for path in before} == before
    totals = {version: pl.read_parquet(path)["total"].to_list() for version, path in paths(to, "marts.total").items()}
    assert totals == {1: [Decimal("500.00")], 2: [Decimal("1000.00")], 3: [Decimal("1500.00")]}
    assert asked(to, "select snapshot_id from ducklake_snapshot order by all") == [(0,), (1,), (2,), (3,)]
    assert [one["refreshed_at"] for one in index(to)] == ["2026-03-01T12:30:00Z"] * 3
    assert {path.name for path in to.iterdir()} == {CATALOGUE, LOCK, "data", "versions.json"}
    assert {path.name for path in tmp_path.iterdir()} == {"home", "lake"}


def test_what_did_not_change_keeps_its_file(tmp_path: Path) -> None:
    settings, to = settings_in(tmp_path / "home"), tmp_path / "lake"
    published(settings.home, "create table marts.same as select 1 as a", "create table marts.other as select 1 as b")
    export_lake(settings, to)
    published(settings.home, "drop table marts.other", "create table marts.other as select 2 as b")
    published(settings.home, "drop table marts.other", "create table marts.other as select 2 as b, 3 as c")
    published(settings.home, "comment on column marts.other.c is 'three'")
    published(settings.home, "drop table marts.other")
    assert export_lake(settings, to).added == [2, 3, 4, 5]
    assert {path.name for path in paths(to, "marts.same").values()} == {"1.parquet"}
    named = [one["tables"].get("marts.other", {}).get("path", "gone").rpartition("/")[2] for one in index(to)]
    assert named == ["1.parquet", "2.parquet", "3.parquet", "4.parquet", "gone"]
    tables = asked(
        to, "select begin_snapshot, end_snapshot from ducklake_table where table_name = 'other' order by table_id"
    )
    assert tables == [(1, 3), (3, 4), (4, 5)], "other columns or comments make another table of the name"
    assert asked(to, "select value from ducklake_column_tag where value = 'three'") == [("three",)]


EDGES = """create table marts.edge as select * from (values
    (1, 'nan'::double, date '0001-01-01', timestamp '9999-12-31 23:59:59.999999',
        timestamptz '2020-01-01 00:00:00.123456+00', -99999999999999999999999999999999.999999::decimal(38, 6)),
    (2, '-0.0'::double, date '9999-12-31', timestamp '0001-01-01 00:00:00', timestamptz '1969-12-31 23:59:59.999999+00',
        0.000001::decimal(38, 6)),
    (3, 'inf'::double, null, null, null, null)) as t(i, ratio, day, moment, instant, amount)"""
EMPTY = "create table marts.empty as select 1::bigint as a, null::double as nothing, ['x'] as l where false"
NOTHING = "create table marts.nothing as select null::decimal(28, 4) as a, null::varchar[] as l from range(3)"


def test_edges_empty_tables_and_columns_without_a_value_are_exact(tmp_path: Path) -> None:
    to = export_lake(published(tmp_path / "home", EDGES, EMPTY, NOTHING), tmp_path / "lake").path
    file = paths(to, "marts.edge")[1]
    first, second = datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1, 1, 1)
    moments = [datetime(2020, 1, 1, 0, 0, 0, 123456, UTC), datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), None]
    amounts = [Decimal("-99999999999999999999999999999999.999999"), Decimal("0.000001"), None]
    arrow, frame = pq.read_table(file), pl.read_parquet(file)
    for read in (arrow.to_pydict(), frame.to_dict(as_series=False)):
        assert (
            math.isnan(read["ratio"][0]) and math.copysign(1, read["ratio"][1]) == -1 and read["ratio"][2] == math.inf
        )
        assert read["day"] == [date(1, 1, 1), date(9999, 12, 31), None]
        assert (read["moment"], read["instant"], read["amount"]) == ([first, second, None], moments, amounts)
    assert [str(arrow.schema.field(name).type) for name in ("i", "amount", "moment", "instant")] == [
        "int32",
        "decimal128(38, 6)",
        "timestamp[us]",
        "timestamp[us, tz=UTC]",
    ]
    assert frame.schema["amount"] == pl.Decimal(38, 6)
    nothing = pl.read_parquet(paths(to, "marts.nothing")[1])
    assert nothing.schema == {"a": pl.Decimal(28, 4), "l": pl.List(pl.String)}
    assert nothing.to_dict(as_series=False) == {"a": [None] * 3, "l": [None] * 3}
    assert pl.read_parquet(paths(to, "marts.empty")[1]).schema == {
        "a": pl.Int64,
        "nothing": pl.Float64,
        "l": pl.List(pl.String),
    }
    declared = asked(
        to, "select column_name, column_type from ducklake_column where column_name in ('amount', 'instant')"
    )
    assert sorted(declared) == [("amount", "decimal(38,6)"), ("instant", "timestamptz")]


def test_every_value_of_every_mart_is_read_back_by_three_readers(tmp_path: Path) -> None:
    settings = publish_small_warehouse(tmp_path / "home")
    to = export_lake(settings, tmp_path / "lake").path
    (version,) = index(to)
    assert {"marts.cac_trend", "core.observation", "steps.cac_ratio"} <= version["tables"].keys()
    values = 0
    with closing(empty()) as con, attached(con, snapshot_path(settings, 1), "snapshot"):
        for name, found in version["tables"].items():
            relation = con.sql(f"from snapshot.{name}")
            wanted, file = relation.fetchall(), to / found["path"]
            read = con.sql(f"from read_parquet('{file}')")
            assert (read.types, read.fetchall()) == (relation.types, wanted), name
            for table in (pq.read_table(file), pl.read_parquet(file).to_arrow()):
                rows = [tuple(map(plain, row.values())) for row in table.to_pylist(maps_as_pydicts="strict")]
                assert rows == [tuple(map(plain, row)) for row in wanted], name
                decimals = [str(kind).lower() for kind in relation.types if str(kind).startswith("DECIMAL")]
                written = [kind for kind in table.schema.types if pa.types.is_decimal(kind)]
                assert [f"decimal({kind.precision},{kind.scale})" for kind in written] == decimals, name
            values += len(wanted) * len(relation.columns)
    assert values > 7_000


def plain(value: Any) -> Any:
    """A value of which NaN equals itself, and -0.0 does not equal 0.0."""
    return repr(value) if isinstance(value, float) else value


def test_a_zero_that_got_a_sign_is_another_value(tmp_path: Path) -> None:
    settings, to = settings_in(tmp_path / "home"), tmp_path / "lake"
    published(settings.home, "create table marts.zero as select 0.0::double as a, [0.0::double] as l, 1 as other")
    export_lake(settings, to)
    published(
        settings.home,
        "drop table marts.zero",
        "create table marts.zero as select '-0.0'::double as a, ['-0.0'::double] as l, 1 as other",
        "create table marts.further as select 1 as a",
    )
    export_lake(settings, to)
    read = [pl.read_parquet(path)["l"].to_list()[0][0] for path in paths(to, "marts.zero").values()]
    assert [math.copysign(1, value) for value in read] == [1, -1]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("create table marts.t as select 1::hugeint as total", r"marts\.t\.total is HUGEINT.*cast it in its model"),
        ("create table marts.t as select date 'infinity' as day", r"marts\.t: day is infinity, which not every reader"),
    ],
)
def test_what_cannot_be_exact_is_refused_and_versions_before_stay(
    tmp_path: Path, statement: str, sentence: str
) -> None:
    settings, to = settings_in(tmp_path / "home"), tmp_path / "lake"
    refresh(settings, 1)
    published(settings.home, statement)
    with pytest.raises(MendError, match=sentence):
        export_lake(settings, to)
    assert asked(to, "select max(snapshot_id) from ducklake_snapshot") == [(1,)]
    assert not list(to.rglob("*.part"))


def test_a_file_that_says_something_else_is_told_with_table_column_and_value(tmp_path: Path) -> None:
    settings = published(
        tmp_path / "home", "create table marts.t as select i, i::decimal(28, 4) / 1 as a from range(3) as r(i)"
    )
    file = tmp_path / "x.parquet"
    with closing(empty()) as con, attached(con, snapshot_path(settings, 1), "snapshot"):
        relation = con.sql("from snapshot.marts.t")
        columns = lake_columns("marts.t", relation.columns, relation.types)
        con.execute(f"copy (select i, if(i = 2, 2.0000000001, a) as a from snapshot.marts.t) to '{file}'")
        assert (
            export._difference(con, file, "marts.t", columns)
            == "marts.t: a is '2.0', and '2.0000000001' when it is read back"
        )
        con.execute(f"copy (from snapshot.marts.t limit 2) to '{file}'")
        assert "has 3 rows, and 2 when" in export._difference(con, file, "marts.t", columns)
        con.execute(f"copy (select i::integer as i, a from snapshot.marts.t) to '{file}'")
        assert "other columns or types" in export._difference(con, file, "marts.t", columns)


FILES = """
select 'data/' || s.path || t.path || f.path from ducklake_data_file as f
join ducklake_table as t using (table_id) join ducklake_schema as s using (schema_id)
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from etl.config import load_settings
from etl.lake import export
done, (name, times), place = [], sys.argv[2].split(), export.place
def killing(file, target):
    done.append(target.name)
    if done.count(name) == int(times):
        os.kill(os.getpid(), signal.SIGKILL)
    place(file, target)
export.place = killing
export.export_lake(load_settings(), Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with two versions."""
    settings = settings_in(tmp_path_factory.mktemp("two"))
    refresh(settings, 1)
    refresh(settings, 2)
    return settings


@pytest.mark.parametrize(("at", "last"), [("lake.ducklake 1", None), ("2.parquet 2", 1), ("lake.ducklake 3", 1)])
def test_a_killed_export_leaves_the_versions_before_and_is_completed(
    two: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, last: int | None
) -> None:
    settings, to = two, tmp_path / "lake"
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(to), at], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    if last is None:
        assert not (to / CATALOGUE).exists()
    else:
        assert asked(to, "select max(snapshot_id) from ducklake_snapshot") == [(last,)]
        assert all((to / path).exists() for (path,) in asked(to, FILES))
    assert export_lake(settings, to).versions == [1, 2]
    totals = [pl.read_parquet(path)["total"].to_list() for path in paths(to, "marts.total").values()]
    assert totals == [[Decimal("500.00")], [Decimal("1000.00")]]
    assert not list(to.rglob("*.part"))


def test_a_folder_that_is_something_else_is_left_alone(two: Settings, tmp_path: Path) -> None:
    other, file, link = tmp_path / "other", tmp_path / "file", tmp_path / "link"
    other.mkdir()
    (other / "mine.txt").write_text("x")
    file.write_text("x")
    link.symlink_to(other)
    for to, sentence in [
        (other, "is no lake"),
        (file, "is no folder"),
        (link, "is no folder"),
        (tmp_path / "a" / "b", "make it first"),
        (file / "b", "make it first"),
        (Path("/sys/lake"), r"^/sys/lake cannot be written \(.*\): correct its folder or permissions, or name another"),
    ]:
        with pytest.raises(MendError, match=sentence):
            export_lake(two, to)
    assert [path.name for path in other.iterdir()] == ["mine.txt"]
    (tmp_path / "new").mkdir()
    assert export_lake(two, tmp_path / "new").added == [1, 2]


def test_files_never_go_through_a_link_out_of_the_lake(tmp_path: Path) -> None:
    settings, to, outside = settings_in(tmp_path / "home"), tmp_path / "lake", tmp_path / "outside"
    refresh(settings, 1)
    export_lake(settings, to)
    shutil.move(to / "data" / "marts", outside)
    (to / "data" / "marts").symlink_to(outside)
    refresh(settings, 2)
    with pytest.raises(MendError, match="marts is a link"):
        export_lake(settings, to)


def test_another_home_and_another_writer_are_refused(tmp_path: Path) -> None:
    first, second, to = settings_in(tmp_path / "one"), settings_in(tmp_path / "two"), tmp_path / "lake"
    refresh(first, 1)
    export_lake(first, to)
    for number in (7, 8):
        refresh(second, number)
    with pytest.raises(MendError, match="has version 1 of another home"):
        export_lake(second, to)
    with closing(empty()) as con, attached(con, to / CATALOGUE, "lake", read_only=False):
        con.execute("insert into lake.ducklake_snapshot_changes values (2, '', null, null, null)")
    with pytest.raises(MendError, match="changed by another program: ducklake_snapshot_changes differ; put the folder"):
        export_lake(first, to)


def test_versions_that_the_home_does_not_keep_any_more_stay_in_the_lake(tmp_path: Path) -> None:
    settings, to = settings_in(tmp_path / "home"), tmp_path / "lake"
    refresh(settings, 1)
    export_lake(settings, to)
    for number in (2, 3):
        refresh(settings, number)
    for version in (1, 2):
        snapshot_path(settings, version).unlink()
    assert export_lake(settings, to).versions == [1, 3], "2 was gone before it was exported"
    assert pl.read_parquet(paths(to, "marts.total")[1])["total"].to_list() == [Decimal("500.00")]


FILE = "data/marts/total/2.parquet"
CATALOGUE_CHANGES = [
    (
        "delete from ducklake_data_file where begin_snapshot = 2",
        r"version 2, core\.observation: data/core/observation/2\.parquet is only in versions\.json",
    ),
    ("delete from ducklake_data_file", r"version 1, .* is only in versions\.json"),
    (
        "update ducklake_data_file set path = '/etc/passwd', path_is_relative = false where begin_snapshot = 2",
        r"version 2, .*: its file is /etc/passwd in lake\.ducklake and data/core/.*/2\.parquet in versions\.json",
    ),
    (
        "update ducklake_data_file set record_count = 9",
        r"version 1, .*: its number of rows is 9 in lake\.ducklake and \d",
    ),
    (
        "update ducklake_snapshot set snapshot_time = '2020-01-01 00:00:00+00' where snapshot_id = 2",
        r"version 2, refreshed_at is 2020-01-01T00:00:00Z in lake\.ducklake and 2026-03-01T12:30:00Z in",
    ),
    ("insert into ducklake_snapshot values (3, now(), 9, 999, 999)", "ducklake_snapshot differ"),
    ("update ducklake_snapshot_changes set commit_extra_info = '{}' where snapshot_id = 1", "versions cannot be read"),
    ("drop table ducklake_data_file", "it has no table ducklake_data_file"),
    ("drop table ducklake_snapshot_changes", "it has no table ducklake_snapshot_changes"),
    ("create table mine as select 1 as a", "mine differ"),
    ("update ducklake_column set column_name = 'x'", "ducklake_column differ"),
]


@pytest.fixture(scope="module")
def lake(two: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of its two versions."""
    return export_lake(two, tmp_path_factory.mktemp("lake") / "lake").path


@pytest.mark.parametrize(("statement", "sentence"), CATALOGUE_CHANGES)
def test_a_catalogue_that_was_changed_is_refused_with_what_differs(
    two: Settings, lake: Path, tmp_path: Path, statement: str, sentence: str
) -> None:
    to = Path(shutil.copytree(lake, tmp_path / "lake"))
    with closing(empty()) as con, attached(con, to / CATALOGUE, "lake", read_only=False):
        con.execute("use lake")
        con.execute(statement)
        con.execute("use memory")
    with pytest.raises(MendError, match=f"was changed by another program: .*{sentence}.*; put the folder back from"):
        export_lake(two, to)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        (FILE, None, rf"version 2, marts\.total: .*{FILE} is missing"),
        (FILE, lambda data: data[:-9], r"version 2, marts\.total: .* bytes, and had .* when it was written"),
        (FILE, lambda data: data + b"x", r"version 2, marts\.total: .* bytes, and had .* when it was written"),
        (FILE, lambda data: data[:-9] + b"!" + data[-8:], r"version 2, marts\.total: .* has other content"),
        (CATALOGUE, None, r"lake\.ducklake is missing, and versions\.json is there"),
        (CATALOGUE, lambda _: b"x" * 9000, r"lake\.ducklake cannot be opened"),
        ("versions.json", None, r"versions\.json is missing"),
        ("versions.json", lambda _: b"{}", "is none that this version of the program wrote"),
        ("versions.json", lambda _: b'{"form": 1, "versions": []}', "is none that this version of the program wrote"),
        (
            "versions.json",
            lambda data: data.replace(b"total/1.parquet", b"total/9.parquet"),
            r"versions\.json was changed by another program: version 1, marts\.total: its file is .*/1\.parquet",
        ),
    ],
)
def test_files_that_are_missing_or_changed_are_refused(
    two: Settings, lake: Path, tmp_path: Path, name: str, data: Callable[[bytes], bytes] | None, sentence: str
) -> None:
    to = Path(shutil.copytree(lake, tmp_path / "lake"))
    if data:
        (to / name).write_bytes(data((to / name).read_bytes()))
    else:
        (to / name).unlink()
    before = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
    with pytest.raises(MendError, match=sentence):
        export_lake(two, to)
    assert {path: path.read_bytes() for path in to.rglob("*") if path.is_file()} == before


def test_nothing_is_added_to_a_lake_that_lost_a_file(tmp_path: Path) -> None:
    settings, to = settings_in(tmp_path / "home"), tmp_path / "lake"
    refresh(settings, 1)
    export_lake(settings, to)
    paths(to, "marts.total")[1].unlink()
    refresh(settings, 2)
    with pytest.raises(MendError, match=r"version 1, marts\.total: .* is missing; put the folder back from a copy"):
        export_lake(settings, to)
    assert [one["version"] for one in index(to)] == [1]


def test_a_lake_may_be_moved_and_read_in_another_time_zone(
    two: Settings, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        done = export_lake(two, Path(shutil.copytree(lake, tmp_path / "lake")))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (done.added, done.versions) == ([], [1, 2])


def test_an_export_that_was_killed_before_the_index_got_its_name_is_completed(
    two: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def killed(to: Path) -> None:
        if len(json.loads((to / index_of_lake.NEXT).read_text())["versions"]) == 1:
            raise KilledError
        get_in_force(to)

    get_in_force, to = export.get_in_force, tmp_path / "lake"
    monkeypatch.setattr(export, "get_in_force", killed)
    with pytest.raises(KilledError):
        export_lake(two, to)
    assert index(to) == [] and asked(to, "select max(snapshot_id) from ducklake_snapshot") == [(1,)]
    monkeypatch.undo()
    done = export_lake(two, to)
    assert (done.added, done.versions, [one["version"] for one in index(to)]) == ([2], [1, 2], [1, 2])
    assert not (to / index_of_lake.NEXT).exists()


def test_one_export_at_a_time(two: Settings, tmp_path: Path) -> None:
    with export._alone(tmp_path), pytest.raises(RetryError, match="another export writes"):
        export_lake(two, tmp_path)


def test_the_catalogue_has_the_tables_of_the_format() -> None:
    with closing(empty()) as con:
        catalogue.make_catalogue(con)
        names = con.execute("select table_name from duckdb_tables() order by 1").fetchall()
        assert len(names) == 28 and all(name.startswith("ducklake_") for (name,) in names)
        assert catalogue.hashes_of(con).keys() == {name for (name,) in names} and catalogue.versions_of(con) == []
