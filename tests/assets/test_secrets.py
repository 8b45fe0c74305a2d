"""No password and no key of a setting leaves the process: a refresh and a daily run in which every source fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from etl.config import ROOT
from etl.warehouse import create_database
from tests.assets.conftest import Project
from tests.support.odd_server import OddServer

pytestmark = pytest.mark.slow

MARK = "GEHEIM"
WELL_FORMED = {
    "WAREHOUSE_FX_URL": f"http://ann:{MARK}1@{{host}}/rates?key={MARK}2",
    "WAREHOUSE_S3_URL": "s3://team/daily",
    "WAREHOUSE_POSTGRES_DSN": f"host=127.0.0.1 port=1 user=ann password={MARK}3 dbname=x",
    "WAREHOUSE_NOTIFY": f"json://ann:{MARK}4@127.0.0.1:1/hook?key={MARK}5",
    "WAREHOUSE_LINEAGE_URL": f"http://ann:{MARK}a@{{host}}/lineage?key={MARK}b",
    "WAREHOUSE_LINEAGE_KEY": f"{MARK}c",
    "SEC_BASE_URL": f"http://ann:{MARK}6@{{host}}",
    "SEC_USER_AGENT": "Ann Lee ann@example.org",
}
MALFORMED = {
    "WAREHOUSE_FX_URL": f"http//ann:{MARK}1@{{host}}/rates",
    "WAREHOUSE_S3_URL": f"s3://ann:{MARK}2@team/daily",
    "WAREHOUSE_POSTGRES_DSN": f"host=127.0.0.1 password=my {MARK}3 dbname=x",
    "WAREHOUSE_NOTIFY": f"jsn://ann:{MARK}4@127.0.0.1:1/hook",
    "WAREHOUSE_LINEAGE_URL": f"http//ann:{MARK}5@{{host}}/lineage",
}
KEYS = {"AWS_ACCESS_KEY_ID": f"{MARK}7", "AWS_SECRET_ACCESS_KEY": f"{MARK}/8+", "AWS_SESSION_TOKEN": f"{MARK}9"}


@pytest.mark.parametrize(
    ("values", "commands", "failing"),
    [
        pytest.param(WELL_FORMED, ("refresh", "daily"), ["ecb", "edgar", "postgres", "s3"], id="well formed"),
        pytest.param(MALFORMED, ("daily",), ["ecb", "postgres", "s3"], id="malformed"),
    ],
)
def test_no_secret_is_in_any_output_or_file_of_the_home(
    refreshed: Project, values: dict[str, str], commands: tuple[str, ...], failing: list[str]
) -> None:
    with OddServer() as server:
        # A server that repeats what it refuses, as those of Amazon do.
        server.says(f"<Error><Code>InvalidToken</Code>{' '.join(KEYS.values())}</Error>".encode(), 400)
        host = server.url.removeprefix("http://")
        env = os.environ | KEYS | {name: value.format(host=host) for name, value in values.items()}
        env |= {
            "WAREHOUSE_HOME": str(refreshed.home),
            "AWS_ENDPOINT_URL": f"http://ann:{quote(KEYS['AWS_ACCESS_KEY_ID'])}@{host}",
            "AWS_REGION": "us-east-1",
        }
        said = ""
        for command in commands:
            words = [sys.executable, "-m", "assets.cli", command]
            done = subprocess.run(words, check=False, cwd=ROOT, env=env, capture_output=True, text=True)
            said += done.stdout + done.stderr
    assert [source for source in failing if source not in said.lower()] == []
    assert MARK not in said
    files = [path for path in refreshed.home.rglob("*") if path.is_file()]
    assert [path.name for path in files if MARK in path.name] == []
    assert [str(path) for path in files if MARK.encode() in path.read_bytes()] == []
    assert [source for source in stale(refreshed.settings.build_db) if source in failing] == failing


def stale(path: Path) -> list[str]:
    """The sources that failed; and the texts of the database, which is compressed, are searched as text."""
    con = create_database(path)
    tables = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    for (table,) in tables:
        found = con.execute(f"select count(*) from {table} as t where t::varchar like '%{MARK}%'").fetchone()
        assert found == (0,), table
    sources = con.execute("select source from audit.source_status where until is null and status = 'stale' order by 1")
    return [source for (source,) in sources.fetchall()]
