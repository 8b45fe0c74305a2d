"""The health of the warehouse as one asset: what ran, what `warehouse doctor` finds, how new the data is.

It is no step of a run, which would be left out exactly where a run fails: it is told after each run, of the command
line and of the UI alike, and "Materialize" on its page looks again. Its check fails while there is anything to look at.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten
from typing import Any

import dagster as dg

from assets import links
from assets.life import close_dead_runs
from assets.metadata import asset_key, listed, markdown_table
from assets.step import FRESHNESS, table_spec
from etl.ask.doctor import StateFound, examine
from etl.config import Settings, load_settings
from etl.errors import MendError
from etl.page.content import ask
from etl.publish.files import shown
from etl.unchanged import history_folder
from etl.warehouse import DatabaseError, open_snapshot

HEALTH = "serving.health"
CHECK = "all_is_well"
JOBS = ("refresh", "refresh_daily", "look_for_filings")
PLATFORMS_SHOWN = 6
FINDING_WIDTH = 90  # characters; the page behind the link has all of it
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_OPEN = "open it in `make dev`, or run the same command again"
_PAGE = re.compile(r"\bdocs/([\w-]+\.md)")


def health_asset(root: Path, environment: dict[str, str] | None) -> dg.AssetsDefinition:
    """The asset serving/health of the project in `root`. No job has it, and it needs no lock: it only reads."""
    spec = table_spec(HEALTH, "health", {"duckdb"}).replace_attributes(freshness_policy=FRESHNESS)
    check = dg.AssetCheckSpec(CHECK, asset=spec.key, description="Holds while there is nothing to look at.")

    @dg.multi_asset(name="health", specs=[spec], check_specs=[check])
    def health(context: dg.AssetExecutionContext) -> Iterator[Any]:
        """What ran, what is wrong and what to do, how new the data is, what is set aside, disk, page: look here first.

        It is told after each run. Materialize it to look again; that loads and builds nothing.

        grain: one warehouse
        """
        settings = load_settings(environment, root)
        runs = last_runs(context.instance)
        findings = findings_of(runs, settings)
        yield dg.MaterializeResult(asset_key=spec.key, metadata=health_metadata(settings, runs, findings))
        evaluation = judged(findings)
        yield dg.AssetCheckResult(
            asset_key=spec.key,
            check_name=CHECK,
            passed=evaluation.passed,
            severity=evaluation.severity,
            description=evaluation.description,
        )

    return health


def tell_health(instance: dg.DagsterInstance, settings: Settings) -> str:
    """Record the health after a run; empty, or why it could not be told, in a line.

    Raises nothing: what was built and published stays, whatever looking at it meets.
    """
    try:
        runs = last_runs(instance)
        findings = findings_of(runs, settings)
        metadata = health_metadata(settings, runs, findings)
        instance.report_runless_asset_event(dg.AssetMaterialization(asset_key(HEALTH), metadata=metadata))
        instance.report_runless_asset_event(judged(findings))
    except Exception as error:
        return f"Health     could not be told, which changes nothing else: {type(error).__name__}: {error}"
    return ""


def examined(settings: Settings, now: datetime) -> list[StateFound]:
    """What `warehouse doctor` tells: what is wrong with the last run of a job, then all that it looks at.

    Runs whose process died are reported as failed first. Whatever the history raises is a finding: all else is told.
    """
    history = history_folder(settings)
    if not (history / "dagster.yaml").exists():
        return examine(settings, now)
    try:
        with dg.DagsterInstance.from_config(str(history)) as instance:
            close_dead_runs(instance)
            runs = last_runs(instance)
    except Exception as error:
        what = f"cannot be read ({type(error).__name__})"
        remedy = "run `make refresh`, which sets a damaged one aside; it holds no figures"
        return [StateFound("run", "wrong", "the history of runs", what, remedy), *examine(settings, now)]
    return _sorted([*_failed(runs), *examine(settings, now)])


def is_newest(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run is the last finished one of its job, by the order in which runs began and not by their times.

    What the UI materializes by hand belongs to no job, and whoever did it sees the result.
    """
    finished = dg.RunsFilter(job_name=run.job_name, statuses=FINISHED)
    return run.job_name in JOBS and [one.run_id for one in instance.get_runs(finished, limit=1)] == [run.run_id]


def health_metadata(settings: Settings, runs: Sequence[dg.RunRecord], findings: Sequence[StateFound]) -> dict[str, Any]:
    """What the page of the health shows: what needs somebody, runs, age of the data, and what is fine."""
    to_look_at = [_words(one) for one in findings if one.state != "fine"]
    fine = [f"{one.topic} {one.subject}: {one.finding}" for one in findings if one.state == "fine"]
    return {
        "to look at": listed(to_look_at) if to_look_at else dg.MetadataValue.md("nothing"),
        "last runs": _table(["ended", "job", "run", "result", "took"], [_run_line(run) for run in runs]),
        **data_metadata(settings),
        "page": dg.MetadataValue.md(links.link("the page that readers have", links.PAGE)),
        "checks": dg.MetadataValue.md(links.link("what they found (after make docs)", links.CHECKS)),
        "fine": listed(fine),
    }


def last_runs(instance: dg.DagsterInstance) -> list[dg.RunRecord]:
    """The last finished run of each job, newest first."""
    filters = [dg.RunsFilter(job_name=job, statuses=FINISHED) for job in JOBS]
    found = [record for filter_ in filters for record in instance.get_run_records(filter_, limit=1)]
    return sorted(found, key=lambda record: record.end_time or 0, reverse=True)


def findings_of(records: Sequence[dg.RunRecord], settings: Settings) -> list[StateFound]:
    """What is wrong with the last run of a job, then everything that the doctor looks at."""
    runs = [one._replace(finding=f"{one.finding}: {_run_link(run)}") for one, run in _failed(records).items()]
    return _sorted([*runs, *examine(settings, datetime.now(UTC))])


def _failed(records: Sequence[dg.RunRecord]) -> dict[StateFound, dg.DagsterRun]:
    """The runs that did not end well, and what to say of each."""
    runs = (record.dagster_run for record in records)
    return {
        StateFound("run", "wrong", f"the last of {run.job_name}", f"ended as {run.status.value.lower()}", _OPEN): run
        for run in runs
        if run.status != dg.DagsterRunStatus.SUCCESS
    }


def _sorted(found: Sequence[StateFound]) -> list[StateFound]:
    return sorted(found, key=lambda one: ["wrong", "warn", "fine"].index(one.state))


def data_metadata(settings: Settings) -> dict[str, Any]:
    """How new the published figures are, whenever the last run was: newest documents, last periods, newest day."""
    try:
        with open_snapshot(settings.serving_db) as con:
            platforms = ask(con, "page_freshness").rows
            ((day,),) = con.execute("select max(date) from core.daily_metric").fetchall()
    except (MendError, DatabaseError):
        return {"newest document": "nothing is published"}
    newest = max((row["latest_document_on"] for row in platforms if row["latest_document_on"]), default=None)
    lines = [[row["name"], row["last_period"], row["latest_document_on"]] for row in platforms[:PLATFORMS_SHOWN]]
    return {
        "newest document": str(newest or "none"),
        "newest day of delivered data": str(day or "none is delivered"),
        "newest figures": _table(["platform", "last period", "newest document"], lines),
    }


def judged(findings: Sequence[StateFound]) -> dg.AssetCheckEvaluation:
    """The check: an error where something is wrong now, a warning where it will hurt later."""
    states = {one.state for one in findings}
    counts = ", ".join(f"{sum(one.state == state for one in findings)} {words}" for state, words in COUNTED.items())
    return dg.AssetCheckEvaluation(
        asset_key=asset_key(HEALTH),
        check_name=CHECK,
        passed=states <= {"fine"},
        severity=dg.AssetCheckSeverity.ERROR if "wrong" in states else dg.AssetCheckSeverity.WARN,
        description=counts,
        metadata={},
    )


COUNTED = {"wrong": "wrong", "warn": "to watch", "fine": "fine"}


def _words(one: StateFound) -> str:
    """A finding in Markdown, with links to the check that it is about and to the pages that help."""
    subject = one.subject
    if one.topic == "checks":
        table, _, check = one.subject.partition(" ")
        subject = f"[{subject}](/assets/{table.replace('.', '/')}?view=checks&checkDetail={check})"
    remedy = _PAGE.sub(lambda found: links.link(found[1], links.DOCS, found[1]), one.remedy)
    return f"**{one.topic}** {subject}: {shorten(one.finding, FINDING_WIDTH)}{f' → {remedy}' if remedy else ''}"


def _run_line(record: dg.RunRecord) -> list[str]:
    began, ended = (datetime.fromtimestamp(at or 0, UTC) for at in (record.start_time, record.end_time))
    run = record.dagster_run
    return [shown(ended), run.job_name, _run_link(run), run.status.value.lower(), f"{(ended - began).seconds} s"]


def _run_link(run: dg.DagsterRun) -> str:
    return f"[{run.run_id[:8]}](/runs/{run.run_id})"


def _table(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(markdown_table(header, lines, width=200))
