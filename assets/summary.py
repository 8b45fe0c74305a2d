"""The summary of a refresh for a terminal, from the reports of its steps, its checks and its errors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import dagster as dg

from assets.failure import failure_of, name_of_step, own_message
from assets.step import REPORTS, Report
from etl.build import BuildResult
from etl.daily.ingest import Ingested
from etl.edgar.facts import FactLoad
from etl.edgar.filings import EdgarPoll
from etl.ledger import QuarantineRecord, Standing
from etl.page.place import Page
from etl.publish.publication import Publication
from etl.reference.load import IngestResult

DUE = "core.due_latest"
ROW_WIDTH = 100  # characters of a quarantined row
PHASES = {"raw": "ingest", "edgar": "ingest", "inbox": "ingest", "serving": "publish"}  # all others build
T = TypeVar("T")


@dataclass
class RunOutcome:
    """A run: reports, errors and seconds by step (the name of its table, or its own), and its checks.

    `seconds` has the steps that succeeded, `tables` what they materialized.
    """

    run_id: str
    success: bool
    reports: dict[str, Report]
    interrupted: bool = False
    checks: list[dg.AssetCheckEvaluation] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    not_run: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)

    @property
    def failure(self) -> str | None:
        """Why the run failed, in one line; None when it succeeded."""
        if self.success:
            return None
        return "; ".join(f"{name}: {message}" for name, message in self.errors.items()) or "see the run"

    @property
    def is_whole(self) -> bool:
        """Whether the run succeeded, and everything that its sources brought is in the figures."""
        refused = any(file.status == "refused" for loaded in self.results(Ingested) for file in loaded.files)
        waits = any(one.total or one.unread for one in self.results(Standing))
        waits |= any(publication.is_recovering for publication in self.results(Publication))
        return self.success and not refused and not waits

    @property
    def has_nothing_to_tell(self) -> bool:
        """Whether nothing of this run, beside what it published, is to be said again: all passed, nothing waits."""
        is_pinned = any(publication.reason.startswith("pinned") for publication in self.results(Publication))
        return self.is_whole and all(check.passed for check in self.checks) and not is_pinned

    def results(self, kind: type[T]) -> list[T]:
        """The results of one type, of all steps."""
        return [found for report in self.reports.values() for found in report.of(kind)]


def outcome(result: dg.ExecuteInProcessResult) -> RunOutcome:
    """The outcome of a run of this process."""
    reports = {name_of_step(step): report for step, report in REPORTS[result.run_id].items()}
    found = RunOutcome(result.run_id, result.success, reports)
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found.checks.append(event.asset_check_evaluation_data)
        elif event.is_step_materialization:
            found.tables.append(".".join(event.asset_key.path) if event.asset_key else "")
        elif event.is_step_success:
            found.seconds[name_of_step(event.step_key)] = event.step_success_data.duration_ms / 1000
        elif event.is_step_failure:
            message = failure_of(event)
            found.errors[name_of_step(event.step_key)] = message
            found.interrupted |= message.endswith("DagsterExecutionInterruptedError")
        elif event.event_type == dg.DagsterEventType.PIPELINE_FAILURE and not found.errors:
            found.errors["refresh"] = own_message(event.job_failure_data.error)
    started = {name_of_step(event.step_key) for event in result.all_events if event.is_step_start}
    planned = {name_of_step(step) for step in result.job_def.graph.node_dict}
    found.not_run = sorted(planned - started) if started else []
    return found


def summary(found: RunOutcome, total_seconds: float) -> str:
    """The report; its lines fit the width of a terminal where the content allows."""
    parts = (_inputs, _edgar, _facts, _inbox, _standing, _tables, _due, _checks, _failures, _published, _page)
    return "\n".join([*(line for part in parts for line in part(found)), _times(found, total_seconds)])


def _inputs(found: RunOutcome) -> Iterator[str]:
    for loaded in found.results(IngestResult):
        rows = f"{loaded.rows_loaded:,} loaded, {loaded.rows_quarantined:,} quarantined"
        yield f"Inputs     {loaded.rows_read:,} rows of {len(loaded.files)} files: {rows}"


def _edgar(found: RunOutcome) -> Iterator[str]:
    for poll in found.results(EdgarPoll):
        new, pending = (sum(getattr(issuer, name) for issuer in poll.issuers) for name in ("loaded", "pending"))
        answers = (
            f"{len(poll.issuers)} issuers, {poll.requests} requests, {new} reports with new facts, "
            f"{pending} reports pending at source"
        )
        yield f"EDGAR      {poll.status}: {answers if poll.status == 'current' else poll.reason}"


def _facts(found: RunOutcome) -> Iterator[str]:
    if loads := found.results(FactLoad):
        counts = ", ".join(
            f"{sum(getattr(load, f'rows_{what}') for load in loads):,} {what}"
            for what in ("added", "superseded", "quarantined")
        )
        yield f"Facts      {len(loads)} bodies read: {counts}"
        for load in loads:
            if load.message:
                yield f"  {load.status}  {load.body.file}  {load.message}"


def _inbox(found: RunOutcome) -> Iterator[str]:
    for loaded in found.results(Ingested):
        for source in loaded.fetched:
            came = f"{len(source.files)} new files" if source.files or not source.problem else ""
            yield f"Source     {source.source}: {'; '.join(filter(None, (came, source.problem, source.note)))}"
        read, *counts = (
            sum(getattr(file, f"rows_{what}") for file in loaded.files)
            for what in ("read", "loaded", "quarantined", "superseded")
        )
        rows = "{:,} loaded, {:,} quarantined, {:,} superseded".format(*counts)
        yield f"Inbox      {len(loaded.files)} files, {read:,} rows: {rows}"
        for file in loaded.files:
            if file.status != "loaded" or file.reason:
                why = file.reason or f"{file.rows_quarantined} rows quarantined"
                yield f"  {file.status}  {file.file}  {why}"
        for table, days in sorted(loaded.days.items()):
            yield f"  days of {table} that changed: {len(days):,}: {days[0]} to {days[-1]}"


def _standing(found: RunOutcome) -> Iterator[str]:
    """What is in quarantine, also of earlier runs, and the sources that could not be asked: the run exits with 1."""
    for waits in found.results(Standing):
        if waits.total:
            yield f"Quarantine {waits.total:,} in no figure; correct them as they say (docs/quarantine.md):"
            yield from map(_set_aside, waits.quarantined)
            if waits.total > len(waits.quarantined):
                yield f"  ... and {waits.total - len(waits.quarantined):,} more in audit.quarantine"
        for source, reason in waits.unread.items():
            yield f"Not read   {source}: {reason}"


def _set_aside(row: QuarantineRecord) -> str:
    place = row.file if row.line is None else f"{row.file}:{row.line}"
    text = " ".join((row.raw_text or "").split())
    shown = text if len(text) <= ROW_WIDTH else text[: ROW_WIDTH - 1] + "…"
    return "  ".join(filter(None, (f"  {place}", " ".join(filter(None, (row.column_name, row.reason))), shown)))


def _tables(found: RunOutcome) -> Iterator[str]:
    built = {name: (report, result) for name, report in found.reports.items() for result in report.of(BuildResult)}
    made = {name: report for name, (report, result) in built.items() if result.made}
    if built:
        left = f", {len(built) - len(made)} as they were" if len(made) < len(built) else ""
        yield f"Tables     {len(made)} built{left}"
    for name, report in made.items():
        yield f"  {name:<32} {report.rows[name]:>7,} rows  {found.seconds.get(name, 0):5.2f} s"


def _due(found: RunOutcome) -> Iterator[str]:
    if report := found.reports.get(DUE):
        words = "figures should be out by now and are not here; no failure, see marts.coverage"
        yield f"Due        {report.rows[DUE]:,} {words}"


def _checks(found: RunOutcome) -> Iterator[str]:
    failed = [check for check in found.checks if not check.passed]
    errors = [check for check in failed if check.severity == dg.AssetCheckSeverity.ERROR]
    warned = [check for check in failed if check.severity == dg.AssetCheckSeverity.WARN]
    passed = len(found.checks) - len(failed)
    yield f"Checks     {passed} passed, {len(warned)} warned, {len(errors)} failed"
    for word, checks in (("warned", warned), ("failed", errors)):
        for check in checks:
            yield f"  {word}  {'.'.join(check.asset_key.path)}  {check.check_name}: {check.description}"


def _failures(found: RunOutcome) -> Iterator[str]:
    for name, message in found.errors.items():
        yield f"Failed     {message}" if message.startswith(name) else f"Failed     {name}: {message}"
    if found.errors and found.not_run:
        yield f"Not run    {', '.join(found.not_run)}"


def _published(found: RunOutcome) -> Iterator[str]:
    publications = found.results(Publication)
    if not publications:
        yield "Published  nothing: the refresh failed, readers keep the snapshot they have"
        yield f"           the whole trace is in `make dev`, run {found.run_id[:8]}"
    for publication in publications:
        if publication.published:
            size = publication.size_bytes / 1e6
            path = f"{publication.path.parent.name}/{publication.path.name}"
            yield f"Published  version {publication.version}, {path}, {size:.1f} MB"
            yield f"           reason: {publication.reason}"
            if publication.problem:
                yield f"           not all reasons of changed rows were found: {publication.problem}"
        else:
            yield f"Published  nothing new: {publication.reason}"


def _page(found: RunOutcome) -> Iterator[str]:
    for page in found.results(Page):
        path = f"{page.path.parent.parent.name}/{page.path.parent.name}/{page.path.name}"
        yield f"Page       {path}, {page.size_bytes / 1e3:,.0f} KB" if page.made else "Page       nothing new"


def _times(found: RunOutcome, total: float) -> str:
    phases: dict[str, float] = {}
    for name, seconds in found.seconds.items():
        phase = PHASES.get(name.split(".")[0], "build")
        phases[phase] = phases.get(phase, 0) + seconds
    parts = [f"{phase} {seconds:.1f} s" for phase, seconds in phases.items()]
    rest = total - sum(phases.values())
    return f"Time       {total:.1f} s: " + ", ".join([*parts, f"start and bookkeeping {rest:.1f} s"])
