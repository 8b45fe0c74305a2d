"""What a refresh did, in words for a terminal, taken from the run's own events.

What the UI shows is what the terminal says: nothing is counted a second time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.daily import KEYS as INBOX
from assets.daily import STEP as INBOX_STEP
from assets.serving import KEY as SERVING
from assets.sources import EDGAR_FACT_KEY as EDGAR_FACT
from assets.sources import EDGAR_KEYS as EDGAR
from assets.sources import EDGAR_STEP, SHOWN
from assets.sources import REFERENCE_KEY as PUBLISHED

PHASES = {
    "raw": "ingest",
    EDGAR_STEP: "ingest",
    INBOX_STEP: "ingest",
    "core": "build",
    "steps": "build",
    "marts": "build",
    "serving": "publish",
}


@dataclass
class RunOutcome:
    """A run, sorted: metadata of each materialised asset, checks, errors and seconds by asset key."""

    run_id: str
    success: bool
    interrupted: bool = False
    materialised: dict[dg.AssetKey, dict[str, Any]] = field(default_factory=dict)
    checks: list[dg.AssetCheckEvaluation] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    not_run: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def failure(self) -> str | None:
        """Why the run failed, in one line; None when it succeeded."""
        if self.success:
            return None
        return "; ".join(f"{name}: {message}" for name, message in self.errors.items()) or "see the run"


def outcome(result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance) -> RunOutcome:
    """The run's events, sorted."""
    found = RunOutcome(result.run_id, result.success)
    for event in result.all_events:
        name = _table_of(event.step_key)
        if event.is_step_materialization and event.asset_key:
            found.materialised[event.asset_key] = dict(event.materialization.metadata)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found.checks.append(event.asset_check_evaluation_data)
        elif event.is_step_failure:
            data = event.step_failure_data
            told = data.user_failure_data.description if data.user_failure_data else None
            found.errors[name] = told or _own_message(data.error)
            found.interrupted |= found.errors[name].endswith("DagsterExecutionInterruptedError")
        elif event.event_type == dg.DagsterEventType.PIPELINE_FAILURE and not found.errors:
            found.errors["refresh"] = _own_message(event.job_failure_data.error)
    for step in instance.get_run_step_stats(result.run_id):
        if step.start_time and step.end_time:
            found.seconds[_table_of(step.step_key)] = step.end_time - step.start_time
    started = {_table_of(event.step_key) for event in result.all_events if event.is_step_start}
    planned = {_table_of(step) for step in result.job_def.graph.node_dict}
    found.not_run = sorted(planned - started) if started else []
    return found


def summary(found: RunOutcome, total_seconds: float) -> str:
    """The whole report; lines of at most a terminal's width where the content allows."""
    parts = [
        _inputs(found),
        _edgar(found),
        _inbox(found),
        _tables(found),
        _checks(found),
        _failures(found),
        _published(found),
    ]
    return "\n".join([*(line for part in parts for line in part), _times(found, total_seconds)])


def _inputs(found: RunOutcome) -> Iterator[str]:
    raw = found.materialised.get(PUBLISHED)
    if raw is None:
        return
    read, loaded, quarantined = (_value(raw, f"rows {what}") for what in ("read", "loaded", "quarantined"))
    yield (
        f"Inputs     {read:,} rows of {len(_rows(raw, 'files'))} files: {loaded:,} loaded, {quarantined:,} quarantined"
    )
    for row in _rows(raw, "quarantined"):
        yield f"  quarantined  {row['file']}:{row['line']}  {row['reason']}"
    if quarantined > SHOWN:
        yield f"  ... and {quarantined - SHOWN:,} more in audit.quarantine"


def _edgar(found: RunOutcome) -> Iterator[str]:
    raw = found.materialised.get(EDGAR[0])
    if raw is None:
        return
    told = ("issuers", "requests", "reports with new facts", "reports pending at source")
    asked = ", ".join(f"{_value(raw, name)} {name}" for name in told)
    status, missing = _value(raw, "EDGAR"), _value(raw, "what is missing")
    yield f"EDGAR      {status}: {asked if status == 'current' else missing}"


def _inbox(found: RunOutcome) -> Iterator[str]:
    raw = found.materialised.get(INBOX[0])
    if raw is None:
        return
    for source in _rows(raw, "remote sources"):
        yield f"Source     {source['source']}: {source['problem'] or source['new files'] + ' new files'}"
    files = _rows(raw, "files")
    told = ", ".join(f"{_value(raw, f'rows {what}'):,} {what}" for what in ("loaded", "quarantined", "superseded"))
    yield f"Inbox      {len(files)} files, {_value(raw, 'rows read'):,} rows: {told}"
    for file in files:
        if file["status"] != "loaded":
            why = file["reason"] or f"{file['rows_quarantined']} rows quarantined"
            yield f"  {file['status']}  {file['file']}  {why}"
    for key in INBOX:
        days = _value(found.materialised[key], "days that changed")
        if days != "0":
            yield f"  days of {'.'.join(key.path)} that changed: {days}"


def _tables(found: RunOutcome) -> Iterator[str]:
    tables = {
        ".".join(key.path): metadata
        for key, metadata in found.materialised.items()
        if key not in (PUBLISHED, *EDGAR, EDGAR_FACT, *INBOX, SERVING)
    }
    if tables:
        yield f"Tables     {len(tables)} built"
    for name, metadata in tables.items():
        rows, seconds = _value(metadata, "dagster/row_count"), found.seconds.get(name, 0)
        yield f"  {name:<32} {rows:>7,} rows  {seconds:5.2f} s"


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
    serving = found.materialised.get(SERVING)
    if serving is None:
        yield "Published  nothing: the refresh failed, readers keep the snapshot they have"
        yield f"           the whole trace is in `make dev`, run {found.run_id[:8]}"
    elif _value(serving, "published"):
        size = _value(serving, "size in bytes") / 1e6
        yield f"Published  version {_value(serving, 'version')}, {_value(serving, 'path')}, {size:.1f} MB"
        yield f"           reason: {_value(serving, 'reason')}"
    else:
        yield f"Published  nothing new: {_value(serving, 'reason')}"


def _times(found: RunOutcome, total: float) -> str:
    phases: dict[str, float] = {}
    for name, seconds in found.seconds.items():
        phase = PHASES.get(name.split(".")[0], "other")
        phases[phase] = phases.get(phase, 0) + seconds
    parts = [f"{phase} {seconds:.1f} s" for phase, seconds in phases.items()]
    rest = total - sum(phases.values())
    return f"Time       {total:.1f} s: " + ", ".join([*parts, f"start and bookkeeping {rest:.1f} s"])


def _table_of(step_key: str | None) -> str:
    return (step_key or "").replace("__", ".", 1)


def _value(metadata: dict[str, Any], name: str) -> Any:
    return metadata[name].value


def _rows(metadata: dict[str, Any], name: str) -> Sequence[dict[str, Any]]:
    return [dict(record.data) for record in metadata[name].records] if name in metadata else []


def _own_message(error: Any) -> str:
    """What went wrong below Dagster's wrapping: our own sentence, else the first foreign error by name."""
    chain: list[str] = []
    while error is not None:
        chain.append(str(error.message).strip())
        error = error.cause
    ours = [message.partition(": ")[2] for message in chain if message.startswith("etl.")]
    foreign = [message for message in chain if not message.startswith(("dagster.", "Exceeded max_retries"))]
    return (ours or foreign or chain)[0]
