"""What is published: everything a reader needs, once for each change, and never under an open reader."""

from __future__ import annotations

import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from etl.config import Settings
from etl.errors import MendError
from etl.publish import publication as publish_module
from etl.publish.files import KEPT, kept_versions, snapshot_path
from etl.publish.publication import publish
from etl.warehouse import attached, memory, open_build, open_snapshot
from tests.support.publishing import NOW, fill, leftovers, load, read_served, refresh, served, settings_in

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "it's home")


DESCRIPTION = """
select schema_name || '.' || table_name as name, column_name, data_type, comment
from duckdb_columns() where database_name = current_database() and schema_name in ('core', 'steps', 'marts', 'audit')
union all
select schema_name || '.' || table_name, 'table', sql, comment
from duckdb_tables() where database_name = current_database() and schema_name in ('core', 'steps', 'marts', 'audit')
union all
select schema_name || '.' || view_name, 'view', sql, comment
from duckdb_views() where database_name = current_database() and not internal
union all
select
    schema_name || '.' || function_name, function_type,
    parameters::varchar || parameter_types::varchar, comment
from duckdb_functions()
where database_name = current_database() and not internal and schema_name in ('core', 'steps', 'marts', 'audit')
order by all
"""
PERSONAL = {"core.order_event", "core.order_touch", "core.buyer_alias"}


def test_a_table_with_buyer_identifiers_is_not_published(settings: Settings) -> None:
    with open_build(settings) as con:
        fill(con, 7)
        first = publish(con, settings, now=NOW)
        con.execute("insert into core.order_event (event_id, buyer_id_hash) values ('e1', 'ann')")
        assert not publish(con, settings, now=NOW).published
        assert con.execute("select count(*) from core.order_event").fetchall() == [(1,)]
    assert "core.order_event" not in first.tables
    assert "core.platform_metric_daily" in first.tables
    with open_snapshot(settings.serving_db) as reader:
        columns = reader.execute("select distinct column_name from duckdb_columns()").fetchall()
    assert ("buyer_id_hash",) not in columns


def test_the_published_file_holds_rows_types_order_comments_views_and_macros(settings: Settings) -> None:
    with open_build(settings) as con:
        fill(con, 7)
        load(con, "a.csv")
        publication = publish(con, settings, now=NOW)
        description = [row for row in con.execute(DESCRIPTION).fetchall() if row[0] not in PERSONAL]
        rows = con.execute("from core.observation").fetchall()
        loads = con.execute("from audit.load").fetchall()
    assert publication.published
    assert publication.version == 1
    assert publication.path == settings.serving_db
    assert publication.size_bytes == settings.serving_db.stat().st_size
    assert publication.tables["core.observation"] == 500
    assert publication.tables["audit.load"] == 1
    with open_snapshot(settings.serving_db) as reader:
        assert reader.execute(DESCRIPTION).fetchall() == description
        assert any(kind == "view" for _, kind, _, _ in description)
        assert ("core.observation", "value", "DECIMAL(18,2)", 'the figure; "quoted"') in description
        assert ("core.observation_as_of", "table_macro", "[as_of_date][DATE]", "what was known on a day") in (
            description
        )
        assert reader.execute("from core.observation").fetchall() == rows
        assert reader.execute("from audit.load").fetchall() == loads
        schemas = reader.execute(
            "select schema_name from duckdb_schemas() where database_name = current_database() order by 1"
        ).fetchall()
        tags = reader.execute("select tags from duckdb_databases() where database_name = 'warehouse'").fetchall()
    assert [name for (name,) in schemas if name not in ("main", "information_schema", "pg_catalog")] == (
        ["audit", "core", "marts", "meta", "steps"]
    )
    assert tags[0][0]["storage_version"].startswith("v1.4")


def test_macros_answer_directly_and_in_an_attached_file_after_use(settings: Settings) -> None:
    refresh(settings, 7)
    query = "select rows, total, note from marts.total_as_of(date '2020-01-03')"
    with open_snapshot(settings.serving_db) as reader:
        direct = reader.execute(query).fetchall()
    with closing(memory()) as con, attached(con, settings.serving_db, "w"):
        con.execute("use w")
        through_attach = con.execute(query).fetchall()
        con.execute("use memory")
    assert direct == through_attach == [(3, 21, "it's  so")]


def test_meta_describes_the_snapshot_and_its_sources(settings: Settings) -> None:
    with open_build(settings) as con:
        fill(con, 7)
        load(con, "b.csv")
        load(con, "a.csv")
        load(con, "old.csv", superseded=True)
        publish(con, settings, now=NOW)
        duckdb_version = con.execute("select version()").fetchall()[0][0]
        recorded = con.execute("select version, fingerprint, size_bytes, action from audit.publication").fetchall()
    with open_snapshot(settings.serving_db) as reader:
        version, at, fingerprint, engine, project = reader.execute("from meta.publication").fetchall()[0]
        inputs = reader.execute("select file, rows_loaded, rows_quarantined from meta.input").fetchall()
        uncommented = reader.execute(
            "select table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'meta' and comment is null"
        ).fetchall()
    assert (version, at, engine) == (1, NOW.replace(tzinfo=None), duckdb_version)
    assert project.count(".") == 2
    assert inputs == [("a.csv", 2, 1), ("b.csv", 2, 1)]
    assert uncommented == []
    assert recorded == [(1, fingerprint, settings.serving_db.stat().st_size, "publish")]


def test_the_published_file_cannot_be_written_and_leaves_nothing_beside_it(settings: Settings) -> None:
    refresh(settings, 7)
    assert stat.S_IMODE(settings.serving_db.stat().st_mode) == 0o444
    assert leftovers(settings) == []
    assert sorted(path.name for path in settings.serving_dir.iterdir()) == ["snapshots", "warehouse.duckdb"]


def test_the_same_content_is_not_published_again(settings: Settings) -> None:
    refresh(settings, 7)
    before = settings.serving_db.stat()
    with open_build(settings) as con:
        fill(con, 7)
        con.execute("insert into audit.expectation_result (run_id) values ('r')")
        again = publish(con, settings, now=NOW + timedelta(days=1))
        recorded = con.execute("select count(*) from audit.publication").fetchall()
    after = settings.serving_db.stat()
    assert not again.published
    assert again.reason == "nothing changed since version 1 of 2026-03-01 12:30:00 UTC"
    assert (again.version, again.size_bytes) == (1, before.st_size)
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert recorded == [(1,)]


def test_one_changed_value_is_published_and_named(settings: Settings) -> None:
    refresh(settings, 7)
    with open_build(settings) as con:
        con.execute("update core.observation set value = 7.01 where observation_id = 499")
        second = publish(con, settings, now=NOW)
    assert (second.published, second.version) == (True, 2)
    assert second.reason == "changed since version 1: core.observation"
    with open_snapshot(settings.serving_db) as reader:
        assert reader.execute("select count(*) from core.observation where value = 7.01").fetchall() == [(1,)]


def test_a_new_macro_alone_is_published(settings: Settings) -> None:
    refresh(settings, 7)
    with open_build(settings) as con:
        con.execute("create macro marts.more(as_of_date date) as table select as_of_date as day")
        second = publish(con, settings, now=NOW)
    assert second.reason == "changed since version 1: macros or the version of DuckDB"
    with open_snapshot(settings.serving_db) as reader:
        assert len(reader.execute("from marts.more(date '2020-01-01')").fetchall()) == 1


def test_an_open_reader_keeps_its_snapshot_and_a_new_one_gets_the_next(settings: Settings) -> None:
    refresh(settings, 7)
    with open_snapshot(settings.serving_db) as old:
        assert read_served(old) == (1, 7)
        refresh(settings, 8)
        # In this process the old file is still open under that name; publishing must not be fooled by it.
        third = refresh(settings, 7)
        assert (third.published, third.version) == (True, 3)
        assert read_served(old) == (1, 7)
    assert served(settings.serving_db) == (3, 7)


def test_version_numbers_are_never_used_again(settings: Settings) -> None:
    assert refresh(settings, 1).version == 1
    settings.serving_db.unlink()
    anew = refresh(settings, 1)
    assert (anew.version, anew.reason) == (2, "nothing is served")
    settings.build_db.unlink()
    assert refresh(settings, 2).version == 3
    settings.serving_db.unlink()
    settings.build_db.unlink()
    assert refresh(settings, 2).version == 4
    for version in kept_versions(settings):
        snapshot_path(settings, version).unlink()
    settings.serving_db.unlink()
    assert refresh(settings, 2).version == 5


def test_the_last_five_are_kept_as_links(settings: Settings) -> None:
    for number in range(1, KEPT + 3):
        refresh(settings, number)
    assert kept_versions(settings) == [3, 4, 5, 6, 7]
    assert snapshot_path(settings, 7).samefile(settings.serving_db)
    assert [served(snapshot_path(settings, version)) for version in (3, 6)] == [(3, 3), (6, 6)]


def test_without_hard_links_snapshots_are_copies(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    refresh(settings, 1)
    refresh(settings, 2)
    assert not snapshot_path(settings, 2).samefile(settings.serving_db)
    assert snapshot_path(settings, 2).read_bytes() == settings.serving_db.read_bytes()
    assert stat.S_IMODE(snapshot_path(settings, 2).stat().st_mode) == 0o444
    assert leftovers(settings) == []


def test_a_served_file_that_was_altered_is_replaced(settings: Settings) -> None:
    refresh(settings, 7)
    settings.serving_db.chmod(0o644)
    with closing(memory()) as con:
        con.execute(f"attach '{str(settings.serving_db).replace(chr(39), chr(39) * 2)}' as w")
        con.execute("update w.core.observation set value = 9 where observation_id = 3")
        con.execute("detach w")
    second = refresh(settings, 7)
    assert second.reason == "version 1 was altered after it was published: core.observation"
    assert served(settings.serving_db) == (2, 7)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 1000])
def test_a_served_file_that_is_no_database_is_replaced(settings: Settings, content: bytes) -> None:
    settings.serving_dir.mkdir(parents=True)
    settings.serving_db.write_bytes(content)
    first = refresh(settings, 7)
    assert first.published
    assert str(settings.serving_db) in first.reason
    assert served(settings.serving_db) == (1, 7)


def test_a_copy_that_differs_from_the_build_is_not_published(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(settings, 7)
    write = publish_module._write

    def write_badly(con, settings, made, earlier):
        write(con, settings, made, earlier)
        with closing(memory()) as other:
            other.execute(f"attach '{str(made.path).replace(chr(39), chr(39) * 2)}' as w")
            other.execute("delete from w.core.observation where observation_id = 3")
            other.execute("detach w")

    monkeypatch.setattr(publish_module, "_write", write_badly)
    with pytest.raises(MendError, match=r"the copy differs in \['core.observation'"):
        refresh(settings, 8)
    assert served(settings.serving_db) == (1, 7)
    assert leftovers(settings) == []
    assert kept_versions(settings) == [1]


def test_a_macro_that_no_reader_could_call_is_not_published(settings: Settings) -> None:
    refresh(settings, 7)
    with open_build(settings) as con:
        con.execute(
            "create macro marts.leak(as_of_date date) as table "
            "select r.line from raw.reference_row as r where r.loaded_at::date <= as_of_date"
        )
        with pytest.raises(MendError, match="reference_row"):
            publish(con, settings, now=NOW)
    assert served(settings.serving_db) == (1, 7)
    assert leftovers(settings) == []
