"""Notifications against a real receiver on loopback: each change of state once, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from etl.archive.standing import end_recovery, note_reading, note_recovery
from etl.checks.run import CheckResult, checked
from etl.config import Settings, load_settings
from etl.errors import RetryError
from etl.ledger import Ledger
from etl.notify import MOST_BUSY, MOST_LINES, after_busy, after_refresh
from etl.sent import faults_in_addresses, problems_in_sending
from etl.warehouse import Connection, open_build
from tests.support.changed_warehouse import restate
from tests.support.small_warehouse import publish_small_warehouse

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Receiver:
    """What arrived at a web hook, and what it answers."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    receiver.messages.append(json.loads(body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self.server.server_port}"

    def texts(self) -> list[str]:
        texts = [message["title"] + "\n" + message["message"] for message in self.messages]
        self.messages.clear()
        return texts


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    thread = Thread(target=one.server.serve_forever, daemon=True)
    thread.start()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def settings(tmp_path: Path, receiver: Receiver) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path), "WAREHOUSE_NOTIFY": receiver.address})


def write(settings: Settings, sql: str) -> None:
    with open_build(settings) as con:
        con.execute(sql)


def check(success: bool, minute: int) -> str:
    return (
        "insert into audit.expectation_result (checked_at, table_name, check_name, severity, success, "
        f"unexpected_count, place, why) values ('2026-01-01 00:{minute:02}:00+00', 'core.party', 'unique', "
        f"'critical', {success}, 2, 'shop from 2025-03-01', 'it matters')"
    )


def test_nothing_is_sent_when_nothing_is_wrong(settings: Settings, receiver: Receiver) -> None:
    assert after_refresh(settings, None) == "Notify     no change to report"
    assert receiver.texts() == []


def test_a_failed_run_and_its_recovery_are_each_sent_once(settings: Settings, receiver: Receiver) -> None:
    after_refresh(settings, "core.party: unique")
    (text,) = receiver.texts()
    assert "run: refresh failed: core.party: unique" in text and "make dev" in text
    after_refresh(settings, "core.party: unique")
    assert receiver.texts() == []
    after_refresh(settings, None)
    assert "succeeds again" in receiver.texts()[0]
    after_refresh(settings, None)
    assert receiver.texts() == []


def test_a_new_failure_of_a_check_and_its_recovery_are_sent(settings: Settings, receiver: Receiver) -> None:
    write(settings, check(True, 1))
    after_refresh(settings, None)
    assert receiver.texts() == []
    write(settings, check(False, 2))
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "check: core.party unique 2 rows (shop from 2025-03-01): it matters" in text
    assert "audit.expectation_result" in text
    write(settings, check(False, 3))
    after_refresh(settings, None)
    assert receiver.texts() == []
    write(settings, check(True, 4))
    after_refresh(settings, None)
    assert "core.party unique holds again" in receiver.texts()[0]
    after_refresh(settings, None)
    assert receiver.texts() == []


@pytest.mark.parametrize(
    "text", ["", '{"run": {"refresh": "fai', "[]", '{"run": "failed"}', "\udcff", '{"channels": {"a": 1}}']
)
def test_a_record_that_cannot_be_read_counts_as_empty(settings: Settings, receiver: Receiver, text: str) -> None:
    record = settings.home / "notified.json"
    record.write_text(text, encoding="utf-8", errors="surrogateescape")
    told = after_refresh(settings, "core.party: unique")
    assert told.startswith("Notify     1 change reported; ") and "could not be read" in told
    assert len(receiver.texts()) == 1
    assert after_refresh(settings, "core.party: unique") == "Notify     no change to report"


def test_a_record_that_cannot_be_written_fails_nothing(settings: Settings, receiver: Receiver) -> None:
    (settings.home / ".notified.json.part").mkdir()
    told = after_refresh(settings, "core.party: unique")
    assert "cannot be written (Is a directory), so the same is sent again" in told
    assert len(receiver.texts()) == 1


def test_a_quarantine_and_its_end_are_sent(settings: Settings, receiver: Receiver) -> None:
    with open_build(settings) as con:
        ledger = Ledger(con, "inbox")
        ledger.refuse(file="o'b.csv", content_hash="b", reason="has no header; write one", now=NOW)
        rows = "select unnest([7, 3]) as line, 'orders' as column_name, 'jd,x' as raw_text, 'is no number' as reason"
        ledger.set_aside(rows, file="a.csv", content_hash="a", now=NOW)
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "quarantine: inbox a.csv 2 rows in quarantine, the first in line 3: orders is no number" in text
    assert "quarantine: inbox o'b.csv was refused: has no header; write one" in text
    assert "file = 'o''b.csv'" in text
    after_refresh(settings, None)
    assert receiver.texts() == []
    with open_build(settings) as con:
        assert Ledger(con, "inbox").dismiss("o'b.csv", NOW) == 1
        Ledger(con, "inbox").supersede("a.csv", NOW)
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "inbox a.csv has nothing in quarantine any more" in text
    assert "inbox o'b.csv has nothing in quarantine any more" in text


OBSERVATION = """
create or replace table core.observation as select * from (values
    ('a', 'jd', 'sm_expense', '', date '2015-01-01', date '2015-12-31', 'CNY', 7736172000.0, '7,736,172',
        date '2016-04-18', true, timestamptz '2026-01-01'),
    ('b', 'jd', 'sm_expense', '', date '2016-01-01', date '2016-12-31', 'CNY', {value}, '{printed}',
        date '2018-04-27', {restated}, timestamptz '2026-02-01')
) as o(observation_id, platform, metric, scope, period_start, period_end, unit, value, printed_as,
    published_on, is_restatement, loaded_at)
"""


def test_a_restatement_is_sent_except_those_of_the_first_load(settings: Settings, receiver: Receiver) -> None:
    write(settings, OBSERVATION.format(value="10573024000.0", printed="10,573,024", restated="false"))
    after_refresh(settings, None)
    assert receiver.texts() == [], "what was restated before the first load is history"
    write(settings, OBSERVATION.format(value="10158686000.0", printed="10,158,686", restated="true"))
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "jd sm_expense 2016-01-01 to 2016-12-31 CNY restated to 10,158,686, published on 2018-04-27" in text
    assert "make explain ID=b" in text
    after_refresh(settings, None)
    assert receiver.texts() == []


def test_a_changed_verdict_is_sent(settings: Settings, receiver: Receiver) -> None:
    verdict = (
        "create or replace table marts.claim_verdict as select 'x07' as claim_id, 'to' as part, "
        "'jd' as subject, {} as verdict_now, 'because' as reason"
    )
    write(settings, verdict.format("'holds'"))
    after_refresh(settings, None)
    assert receiver.texts() == [], "a new claim did not flip"
    write(settings, verdict.format("'does_not_hold'"))
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "claim: x07 to jd is now does_not_hold: because" in text and "marts.claim_check" in text
    after_refresh(settings, None)
    assert receiver.texts() == []


def test_a_source_that_went_stale_is_sent(settings: Settings, receiver: Receiver) -> None:
    status = "insert into audit.source_status (source, status, reason, since) values ('edgar', '{}', '{}', now())"
    write(settings, status.format("stale", "rate exceeded"))
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "source: edgar stale: rate exceeded" in text and "audit.source_status" in text
    after_refresh(settings, None)
    assert receiver.texts() == []
    write(settings, "update audit.source_status set until = now();" + status.format("current", ""))
    after_refresh(settings, None)
    assert "source: edgar current" in receiver.texts()[0]
    after_refresh(settings, None)
    assert receiver.texts() == []


def test_undelivered_messages_are_sent_next_time(settings: Settings, receiver: Receiver) -> None:
    receiver.status = 500
    assert "could not be sent" in after_refresh(settings, "disk full")
    receiver.status = 200
    after_refresh(settings, "disk full")
    assert "disk full" in receiver.texts()[0]


def test_notifications_are_off_by_default(tmp_path: Path) -> None:
    assert after_refresh(load_settings({"WAREHOUSE_HOME": str(tmp_path)}), "failed") == ""
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_use_is_not_sent_as_a_failed_run(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(_: Settings) -> Connection:
        raise RetryError("in use by another process")

    write(settings, check(False, 1))
    with monkeypatch.context() as other:
        other.setattr("etl.notify.open_build", held)
        after_refresh(settings, None)
        assert receiver.texts() == []
        after_refresh(settings, "in use by another process")
        assert "run: refresh failed: in use" in receiver.texts()[0]
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "refresh succeeds again" in text and "core.party unique" in text


def test_a_damaged_database_is_sent_too(settings: Settings, receiver: Receiver) -> None:
    settings.build_db.parent.mkdir(parents=True)
    settings.build_db.write_bytes(b"no database" * 1000)
    after_refresh(settings, None)
    assert "run: refresh failed" in receiver.texts()[0]


def test_a_recovery_is_sent_once_and_hides_what_it_brought_back(settings: Settings, receiver: Receiver) -> None:
    """Its copy says that the check holds; that was told as the end of a failure that went on."""
    write(settings, check(True, 1))
    after_refresh(settings, None)
    write(settings, check(False, 2))
    after_refresh(settings, None)
    assert "core.party unique" in receiver.texts()[0]
    write(settings, "delete from audit.expectation_result where not success")
    told = "the build database was lost; LOST: b.csv"
    with open_build(settings) as con:
        note_recovery(con, NOW, told, reads_again=True)
    for _ in range(2):
        after_refresh(settings, None)
    (text,) = receiver.texts()
    assert f"recovery: 2026-01-01 00:00:00 UTC {told}\n    make doctor" in text and "holds again" not in text
    with open_build(settings) as con:
        note_reading(con)
        end_recovery(con)
        con.execute(check(True, 3))
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "core.party unique holds again" in text and "recovery" not in text


def test_a_plan_that_turns_and_orders_that_move_are_sent(settings: Settings, receiver: Receiver) -> None:
    pacing = (
        "create or replace table marts.channel_pacing as select 'shop' as platform, 'ads' as channel, "
        "date '2025-03-01' as month, 'marketing_spend' as metric, 'CNY' as currency, 100::decimal(18, 4) as planned, "
        "date '2025-03-10' as through_on, 40::decimal(28, 6) as attained, 124e0 as forecast, 110e0 as forecast_low, "
        "138e0 as forecast_high, '{}' as status, ['unsettled'] as flags"
    )
    write(settings, pacing.format("on_track"))
    after_refresh(settings, None)
    assert receiver.texts() == []
    write(settings, pacing.format("will_overspend"))
    write(
        settings,
        "create table marts.attribution_moved as select 'shop' as platform, 'search' as channel_before, "
        "'ads' as channel, 3 as orders, timestamptz '2025-03-11 00:00:00+00' as changed_at",
    )
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "pacing: shop ads marketing_spend 2025-03-01 is will overspend: 40" in text
    assert "of 100" in text and "CNY by 2025-03-10, forecast 124" in text and "[110" in text
    assert ", of which the last days still move" in text
    assert "attribution: shop 3 orders are in another channel since the rules changed at 2025-03-11" in text
    after_refresh(settings, None)
    assert receiver.texts() == []


def test_the_digest_of_a_publication_is_sent_once(tmp_path: Path, receiver: Receiver) -> None:
    environment = {"WAREHOUSE_HOME": str(tmp_path), "WAREHOUSE_NOTIFY": receiver.address}
    home = load_settings(environment)
    publish_small_warehouse(tmp_path, without="obs_restated")
    after_refresh(home, None)
    assert not any("what changed" in text for text in receiver.texts())  # the first publication changed nothing
    restate(home)
    receiver.status = 500
    assert "1 change could not be sent: answered 500; the next refresh tries again" in after_refresh(home, None)
    receiver.status = 200
    assert after_refresh(home, None).endswith("; digest of version 2 sent")
    (digest,) = [text for text in receiver.texts() if "what changed" in text]
    assert digest.startswith("Version 2 of ")
    assert "Restated: Sales and marketing expense of JD.com" in digest and "Why: restatement (d17)" in digest
    after_refresh(home, None)
    assert receiver.texts() == []


def test_each_job_has_a_state_of_its_own(settings: Settings, receiver: Receiver) -> None:
    after_refresh(settings, "no SEC_USER_AGENT", "refresh")
    assert "run: refresh failed" in receiver.texts()[0]
    after_refresh(settings, None, "refresh_daily")
    assert receiver.texts() == [], "the refresh still fails: another job that succeeds says nothing about it"
    after_refresh(settings, None, "refresh")
    assert "run: refresh succeeds again" in receiver.texts()[0]


def test_a_run_after_which_another_ended_is_not_reported(settings: Settings, receiver: Receiver) -> None:
    """The daemon tells of its runs half a minute later: a later run has ended by then."""
    after_refresh(settings, None)
    after_refresh(settings, "the run before", is_newest=False)
    assert receiver.texts() == []


def test_a_busy_warehouse_is_no_failure_until_it_is_busy_for_long(settings: Settings, receiver: Receiver) -> None:
    """The case notify_busy_is_no_failure."""
    for _ in range(MOST_BUSY - 1):
        assert after_busy(settings, "refresh") == ""
    after_refresh(settings, None)  # it was free once
    for _ in range(MOST_BUSY - 1):
        assert after_busy(settings, "refresh") == ""
    assert receiver.texts() == []
    after_busy(settings, "refresh")
    (text,) = receiver.texts()
    assert f"run: refresh found another one at work {MOST_BUSY} times in a row" in text
    after_busy(settings, "refresh")
    assert receiver.texts() == []
    after_refresh(settings, None)
    assert "run: refresh succeeds again" in receiver.texts()[0]


def result(success: bool) -> CheckResult:
    return CheckResult("marts.daily_gap", "no_day_is_left_out", "x", "warning", success, "w", {}, unexpected_count=3)


def run_check(settings: Settings, success: bool) -> None:
    with open_build(settings) as con, checked(con, "run") as checks:
        checks.add([result(success)])


def test_a_clock_that_ran_ahead_hides_no_later_failure_and_is_told(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case clock_ahead_hides_failures."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Ahead:
            return cls.fromtimestamp(datetime.now(UTC).timestamp() + 365 * 86400, UTC)

    with monkeypatch.context() as ahead:
        ahead.setattr("etl.checks.run.datetime", Ahead)
        run_check(settings, True)
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "clock: audit.expectation_result holds" in text and "later than the clock of this machine" in text
    run_check(settings, False)
    after_refresh(settings, None)
    assert "check: marts.daily_gap no_day_is_left_out 3 rows: w" in receiver.texts()[0]
    write(settings, "update audit.expectation_result set checked_at = '2026-01-01'")
    after_refresh(settings, None)
    assert "holds no time that is still to come any more" in receiver.texts()[0]


def test_results_of_an_older_version_are_older_than_numbered_ones(settings: Settings, receiver: Receiver) -> None:
    run_check(settings, False)
    write(settings, "update audit.expectation_result set number = null, checked_at = '2030-01-01'")
    run_check(settings, True)
    after_refresh(settings, None)
    assert not any("no_day_is_left_out" in text for text in receiver.texts())


def test_every_address_is_told_on_its_own(tmp_path: Path, receiver: Receiver) -> None:
    other = Receiver()
    Thread(target=other.server.serve_forever, daemon=True).start()
    both = f"{receiver.address}, {other.address}/hunter2"
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path), "WAREHOUSE_NOTIFY": both})
    other.status = 500
    told = after_refresh(settings, "disk full")
    assert "json://***: 1 change reported; json://***: 1 change could not be sent: answered 500" in told
    assert "hunter2" not in told and problems_in_sending(settings) == ["json://***: answered 500"]
    other.status = 200
    after_refresh(settings, "disk full")
    assert len(receiver.texts()) == 1, "who took it is not told again"
    assert len(other.texts()) == 1 and problems_in_sending(settings) == []
    other.server.shutdown()
    other.server.server_close()


def test_the_record_of_an_older_version_counts(settings: Settings, receiver: Receiver) -> None:
    (settings.home / "notified.json").write_text('{"run": {"refresh": "failed"}}', encoding="utf-8")
    assert after_refresh(settings, "disk full") == "Notify     no change to report"
    after_refresh(settings, None)
    assert "succeeds again" in receiver.texts()[0]


def test_a_query_that_fails_is_told_and_keeps_the_others_working(settings: Settings, receiver: Receiver) -> None:
    write(settings, "create table marts.claim_verdict (claim_id varchar)")
    write(settings, check(False, 1))
    after_refresh(settings, None)
    (text,) = receiver.texts()
    assert "query: claim could not be asked, so nothing is told of it" in text and "core.party unique" in text
    write(settings, "drop table marts.claim_verdict")


def test_many_changes_are_one_message_of_bounded_length(settings: Settings, receiver: Receiver) -> None:
    with open_build(settings) as con:
        for number in range(MOST_LINES + 5):
            Ledger(con, "inbox").refuse(file=f"{number}.csv", content_hash=f"{number}", reason="is empty", now=NOW)
    assert after_refresh(settings, None) == f"Notify     {MOST_LINES + 5} changes reported"
    (text,) = receiver.texts()
    assert text.count("was refused") == MOST_LINES and text.endswith("and 5 more: make doctor")
    assert after_refresh(settings, None) == "Notify     no change to report"


def test_processes_tell_one_after_the_other(settings: Settings, receiver: Receiver) -> None:
    write(settings, check(False, 1))
    threads = [Thread(target=after_refresh, args=(settings, None)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("core.party unique" in text for text in receiver.texts()) == 1


def test_a_mistyped_address_is_named_with_its_setting(tmp_path: Path) -> None:
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path), "WAREHOUSE_NOTIFY": "jsn://hunter2, json://127.0.0.1:9"})
    (fault,) = faults_in_addresses(settings, note=True)
    assert fault.startswith("WAREHOUSE_NOTIFY: jsn://*** is no kind") and "hunter2" not in fault
    told = after_refresh(settings, "disk full")
    assert "jsn://***: 1 change could not be sent: jsn://*** is no kind of address" in told
    assert faults_in_addresses(settings) == [fault], "the other one is known, and not looked at again"
