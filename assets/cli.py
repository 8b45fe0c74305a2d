"""The command `warehouse`, with a subcommand for each task of a person, cron or the Makefile.

A subcommand imports what it needs when it runs; importing this module imports neither Dagster nor Great
Expectations. The exit code is 0 when everything succeeded, 130 after an interrupt, 2 for wrong arguments and 1 for
any other failure, with the reason on standard error and no traceback. A refresh that left something of its sources
out exits with 1 too, after it has loaded, built and published the rest.
"""

import atexit
import gc
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from assets.output import open_missing_streams, say, say_faults_in_addresses, warn
from etl.config import ROOT, load_settings, settings_pages
from etl.errors import MendError, explained

if TYPE_CHECKING:
    from etl.inbox.load import FileLoad

# The message of a failed command; {} is the error.
FAILED = {
    "refresh": "Nothing was refreshed: {}",
    "daily": "Nothing was refreshed: {}",
    "demo": "No demo: {}",
    "edgar": "Stopped: {}\nThe same command continues from here.",
}
# Commands that write into the home alone.
PRIVATE = {"refresh", "daily", "dev", "inbox", "edgar", "backup", "restore", "erase-buyer"}
# Commands that run Great Expectations, which needs pandas.
CHECKING = {"refresh", "daily", "docs"}
LONGEST_REFRESH = 3600  # seconds that a backup waits for one
INTERRUPTED = "Interrupted: readers keep the snapshot they have; run the same command again to start over or continue"


class Commands(click.Group):
    """A group that turns errors into messages on standard error and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            message, code = INTERRUPTED, 130
        except Exception as error:
            from etl.warehouse import EXPECTED  # imports DuckDB, which not every command needs

            # The reader of the output may close it early: click then ends the process without a message.
            if isinstance(error, BrokenPipeError) or not isinstance(error, EXPECTED):
                raise
            message, code = FAILED.get(ctx.invoked_subcommand or "", "{}").format(explained(error)), 1
        with suppress(OSError, ValueError):  # the exit code says it too
            click.echo(message, err=True)
        return ctx.exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--demo", is_flag=True, help="Use the home of the simulated data and none of your own sources.")
@click.pass_context
def warehouse(ctx: click.Context, demo: bool) -> None:
    """Customer acquisition cost and partnerships of commerce platforms, from number to citation."""
    if ctx.invoked_subcommand not in CHECKING:
        from etl.warehouse import without_pandas

        ctx.with_resource(without_pandas())
    if demo:
        from etl.demo import demo_environment

        os.environ.update(demo_environment())


snapshots = click.Group("snapshots", help="List the published snapshots, go back to one, let refreshes publish again.")
inbox = click.Group("inbox", help="List and load delivered files; only `daily` builds anything from them.")
edgar = click.Group("edgar", help="Load filings of the SEC: those of a list of issuers, or archives on disk.")
docs = click.Group("docs", help="Write the pages that are made from the project's own files and from the warehouse.")
export = click.Group("export", help="Write the published tables for programs that cannot read the snapshot.")
figures = click.Group("figures", help="Take figures from a release or filing: propose them, accept or refuse them.")
contract = click.Group("contract", help="Contracts as YAML of the Open Data Contract Standard: out, in, compared.")
for group in (snapshots, inbox, edgar, docs, export, figures, contract):
    warehouse.add_command(group)


fewer = click.option(
    "--accept-fewer",
    default="",
    envvar="WAREHOUSE_ACCEPT_FEWER",
    metavar="TABLES",
    help="Publish also where these tables lose many rows.",
)


@warehouse.command()
@click.option("--whole", is_flag=True, help="Build and check every table, also where nothing changed.")
@fewer
def refresh(whole: bool, accept_fewer: str) -> None:
    """Read the sources, build and check every table, publish if anything changed.

    Where nothing changed since the last one, as hashes of all that it read and wrote tell, this is said and recorded.
    """
    _accept(accept_fewer)
    _run("refresh", None, None, whole=whole)


@warehouse.command()
@click.argument("first", required=False)
@click.argument("last", required=False)
@click.option("--whole", is_flag=True, help="Build and publish, also where nothing changed.")
@fewer
def daily(first: str | None, last: str | None, whole: bool, accept_fewer: str) -> None:
    """Load the inbox, build the days from FIRST to LAST and those that are due, publish.

    Where nothing changed since the last one, as hashes of all that it read and wrote tell, this is said and recorded.
    """
    _accept(accept_fewer)
    _run("refresh_daily", first, last, whole=whole)


def _accept(tables: str) -> None:
    """Tables named by an option are a setting of this run; those of .env count where none are."""
    if tables:
        os.environ["WAREHOUSE_ACCEPT_FEWER"] = tables


def _run(job: str, first: str | None, last: str | None, *, whole: bool) -> None:
    """Run a job, or say and record that it would find everything as it is."""
    from etl.checks.gathered import gather_when_asked
    from etl.unchanged import last_if_unchanged

    settings = load_settings()
    kept = None if whole or first or last else last_if_unchanged(settings, datetime.now(UTC), job)
    if kept:
        say(kept.sentence)

    # Dagster's storage imports a type of the daemon, whose package gathers all of it: a twelfth of what follows.
    gather_when_asked("dagster._daemon")
    from assets.runs import confirm, run_job

    if kept:
        confirm(settings, kept)
    else:
        run_job(settings, job, first, last, whole=whole)


@warehouse.command()
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
def dev(port: int) -> None:
    """Open the Dagster UI, which shows the runs of `refresh` and `daily` too; pages of other sites cannot use it."""
    from assets.damage import set_aside
    from assets.instance import prepare_home
    from assets.web import become_dev

    settings = load_settings()
    for aside in set_aside(prepare_home(settings)):
        warn(aside)
    say_faults_in_addresses(settings)
    os.chdir(ROOT)
    become_dev(["-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)])


@warehouse.command()
def demo() -> None:
    """Write simulated data with known truth; then `warehouse --demo refresh` and `warehouse --demo daily`."""
    from etl.demo import HOME, demo_environment, write_demo

    written = write_demo(load_settings(demo_environment(), ROOT))
    print(f"Simulated  {sum(written.values()):,} rows in {len(written)} files under {HOME.as_posix()}")


@warehouse.command(context_settings={"ignore_unknown_options": True})
@click.argument("query", nargs=-1, type=click.UNPROCESSED)
@click.option("--csv", "printed", flag_value="csv", help="Print the rows as CSV.")
@click.option("--json", "printed", flag_value="json", help="Print the rows as a JSON array of objects.")
@click.option("--parquet", type=click.Path(path_type=Path), metavar="FILE", help="Write the rows to a Parquet file.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the rows to this file, .csv, .json or .parquet.")
@click.option("--replace", is_flag=True, help="Also when that file exists.")
def sql(query: tuple[str, ...], printed: str | None, parquet: Path | None, out: Path | None, replace: bool) -> None:
    """Open DuckDB's shell on the published snapshot, read-only, or answer QUERY in it, on standard output or in a file.

    `show tables` lists the published tables.
    """
    from etl.ask.shell import become_shell, print_answer, write_answer

    database, text = load_settings().serving_db, " ".join(query).strip()
    if sum(map(bool, (printed, parquet, out))) > 1:
        raise MendError("name one of --csv, --json, --parquet and --out")
    if printed:
        print_answer(database, text, printed, sys.stdout.buffer)
    elif file := parquet or out:
        form = ".parquet" if parquet else ""
        print(f"{write_answer(database, text, file, form=form, replace=replace):,} rows in {file}")
    else:
        become_shell(database, text)


@warehouse.command()
@click.option("--http", "port", type=click.IntRange(1, 65535), help="Answer on this port of 127.0.0.1, with a token.")
def mcp(port: int | None) -> None:
    """Answer assistants by the Model Context Protocol: read-only, from the published snapshot, with citations."""
    try:
        from etl.mcp.server import serve
    except ModuleNotFoundError as error:
        raise MendError(f"{error.name} is not installed: `make mcp-env`, once") from error
    serve(load_settings(), port)


@warehouse.command()
@click.argument("identifier", default="")
def explain(identifier: str) -> None:
    """Show where a number comes from: pdd/whole/cac_net_12m/2019-12-31, or the ID of an observation."""
    from rich.console import Console

    from etl.ask.explain import explain as explained
    from etl.warehouse import open_snapshot

    # The terminal wraps long lines, so that links stay complete.
    console = Console(width=100_000, highlight=False, soft_wrap=True)
    with open_snapshot(load_settings().serving_db) as con:
        for part in explained(con, identifier.strip()):
            console.print(part)


@warehouse.command()
@click.argument("deal", default="")
def effect(deal: str) -> None:
    """Show what a deal did to its partners' figures, or why nobody can tell and what would change that."""
    from etl.ask.effect import effects, lines_of
    from etl.warehouse import open_snapshot

    with open_snapshot(load_settings().serving_db) as con:
        print("\n".join(lines_of(effects(con, deal.strip()))))


@warehouse.command()
def page() -> None:
    """Make the page of the published snapshot, unless it is there already, and print where it is."""
    from etl.page.place import make_page

    made = make_page(load_settings())
    print(f"{made.path} ({made.size_bytes / 1e3:,.0f} KB{'' if made.made else ', as it was'})")


@warehouse.command()
@click.argument("version", type=int, required=False)
def digest(version: int | None) -> None:
    """Print in Markdown what the published snapshot changed, or the kept VERSION: filings, verdicts, costs, and why."""
    from etl.page.digest import read_digest
    from etl.publish.files import snapshot_path
    from etl.warehouse import open_snapshot

    settings = load_settings()
    with open_snapshot(snapshot_path(settings, version) if version else settings.serving_db) as con:
        print(read_digest(con, is_demo=settings.is_demo), end="")


@warehouse.command()
@click.argument("before", required=False)
@click.argument("after", required=False)
@click.option("--as-of", metavar="DAY", help="Compare what both knew on that day, by their as-of twins.")
def diff(before: str | None, after: str | None, as_of: str | None) -> None:
    """Show what changed between two snapshots, kept versions or files of any home; by default the last two kept."""
    from rich.console import Console

    from etl.publish.diff import diff as differences
    from etl.publish.diff import show

    show(differences(load_settings(), before, after, as_of), Console(soft_wrap=False))


@export.command("files")
@click.argument("to", type=click.Path(path_type=Path))
@click.option(
    "--all", "everything", is_flag=True, help="Every published table, not the marts and what their rows name."
)
@click.option("--replace", is_flag=True, help="In the place of an earlier export in that folder.")
def export_files(to: Path, everything: bool, replace: bool) -> None:
    """Write the marts as Parquet, CSV and one XLSX workbook into the folder TO, with a manifest; whole or not at all.

    What is written is read back and held against the snapshot.
    """
    from etl.publish.export import export_files as exported

    done = exported(load_settings().serving_db, to, everything=everything, replace=replace)
    print(f"{done.tables} tables in {done.path}, {done.size_bytes / 1e6:,.1f} MB")
    for table, reason in done.not_in_workbook.items():
        print(f"not in the workbook: {table}, {reason}")


@contract.command("export")
@click.argument("to", type=click.Path(path_type=Path), required=False)
@click.option("--replace", is_flag=True, help="Also where this breaks contracts of the same version in that folder.")
def export_contracts(to: Path | None, replace: bool) -> None:
    """Write a contract for each published table and each kind of delivery into the folder TO.

    By default that is `contracts` in the home. Contracts of the same version that would break are kept and named.
    """
    from etl.odcs.release import export_contracts as exported

    settings = load_settings()
    folder = to or settings.home / "contracts"
    print(f"{exported(settings, folder, replace=replace)} in {folder}")


@contract.command("accept")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--as", "name", default="", help="Its name here, for profile.yaml of folders; by default that of the file."
)
@click.option("--replace", is_flag=True, help="In the place of the contract of that name.")
def accept_contract(file: Path, name: str, replace: bool) -> None:
    """Take the delivery contract FILE (ODCS) into the home, or say which of its clauses have no meaning here."""
    from etl.odcs.accept import accept_contract as accepted

    print("\n".join(accepted(load_settings(), file, name, replace=replace)))


@contract.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path), required=False)
@click.pass_context
def compare(ctx: click.Context, before: Path, after: Path | None) -> None:
    """Say what changed from the contracts in BEFORE to those in AFTER, by default to the published snapshot.

    Exits with 1 where a change breaks those who rely on a contract.
    """
    from etl.odcs.compare import differences, read_contracts
    from etl.odcs.release import contracts_of

    found = differences(read_contracts(before), read_contracts(after) if after else contracts_of(load_settings()))
    for one in found:
        print(one)
    breaking = sum(one.is_breaking for one in found)
    print(f"{breaking} changes break, {len(found) - breaking} do not" if found else "nothing changed")
    ctx.exit(bool(breaking))


@export.command("lake")
@click.argument("to", type=click.Path(path_type=Path))
def export_lake(to: Path) -> None:
    """Add the kept snapshots to the lake in the folder TO: Parquet files and a DuckLake catalogue, a version for each.

    What is written is read back and held against the snapshot, value by value. Run it again after a publication.
    """
    from etl.lake.export import export_lake as exported

    done = exported(load_settings(), to)
    words = f"added version {', '.join(map(str, done.added))}" if done.added else "nothing to add"
    size = f"{done.files} files, {done.size_bytes / 1e6:,.1f} MB"
    print(f"{words}: {size}; versions in {done.path}: {len(done.versions)}")


@export.command("semantic")
@click.argument("to", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Also when that file exists.")
def export_semantic(to: Path, replace: bool) -> None:
    """Write the semantic model of the marts into the file TO, in the open interchange format (OSI, Apache Ossie)."""
    from etl.semantic import export_semantic as exported

    print(f"{exported(load_settings().serving_db, to, replace=replace)} metrics in {to}")


@snapshots.command("list")
def list_snapshots() -> None:
    """List the kept snapshots, newest first; * is served."""
    from etl.publish.snapshots import listing

    print(listing(load_settings()))


@snapshots.command()
@click.argument("version", type=int, required=False)
def rollback(version: int | None) -> None:
    """Serve the snapshot before the current one again, or VERSION, with its page, and pin it until `unpin`."""
    from etl.page.place import make_page
    from etl.publish.snapshots import rollback

    settings = load_settings()
    done = rollback(settings, version)
    print(done.message)
    made = make_page(settings)  # where it fails, the rollback stands
    print(f"{made.path} is the page of version {done.version}")


@snapshots.command()
def unpin() -> None:
    """Let refreshes publish again after a rollback."""
    from etl.publish.snapshots import unpin

    print(unpin(load_settings()))


@warehouse.command("backup")
@click.argument("to")
@click.option("--keep", type=click.IntRange(min=1), help="Remove all but this many backups there, after this one.")
@click.option("--key-to", type=Path, help="Write the key of the buyers' hashes to this file; it is in no backup.")
@click.option(
    "--check", is_flag=True, help="Make none: read every file of those that are there, and say if one is damaged."
)
def back_up(to: str, keep: int | None, key_to: Path | None, check: bool) -> None:
    """Store the home in TO, a folder or s3://bucket/prefix, while refreshes run; read back what was written."""
    from etl.backup.make import copy_key, make_backup, remember
    from etl.backup.manifest import manifests, read_back, read_manifest
    from etl.backup.stores import open_backups

    settings, store = load_settings(), open_backups(to)
    if check:
        names = manifests(store)
        whole = read_back(store, [file for name in names for file in read_manifest(store, name).files])
        print(f"{len(names)} backups, {whole:,} bytes: every file is whole")
        return
    from etl.lock import writer_lock

    made = make_backup(settings, store, writer_lock(settings, LONGEST_REFRESH), keep=keep)
    remember(settings, made.manifest, to)
    files, size = len(made.manifest.files), sum(file.size for file in made.manifest.files)
    print(f"Stored     {made.manifest.name}: {files} files of {size:,} bytes, version {made.manifest.version}")
    print(f"           new: {made.new_files} files of {made.new_bytes:,} bytes, read back and equal")
    print(
        f"           known: {made.known} files, all of the size they were written with, {made.reread} read back today"
    )
    for file in made.rewritten:
        print(f"           {file.name}, which is {file.path}, was damaged there: written anew from the home")
    for name in made.unfinished:
        print(f"           {name} was being written: the next backup takes it")
    if made.left_out:
        print(f"           not in it: {', '.join(made.left_out)}")
    if key_to:
        copy_key(settings, key_to)
        print(f"Key        {key_to}: keep it apart from the backups")
    elif made.manifest.key_sha256:
        print("Key        not in it: buyer.key of the home, or KEY=FILE; a restore asks for it")


@warehouse.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Say on one page what is wrong with the warehouse and what to do; exits with 1 where something is."""
    from assets.health import examined
    from etl.ask.doctor import page

    findings = examined(load_settings(), datetime.now(UTC))
    print(page(findings))
    ctx.exit(any(one.state == "wrong" for one in findings))


@warehouse.command("erase-buyer")
@click.argument("identifier", metavar="ID")
def erase_buyer(identifier: str) -> None:
    """Erase the buyer with the identifier ID (- reads it from standard input); orders stay, without a buyer."""
    from etl.backup.erased import store_erased
    from etl.backup.make import last_backup
    from etl.backup.stores import open_backups
    from etl.buyers import read_erased
    from etl.erasure import begin, described, go_on, naming
    from etl.inbox.open import inbox_files, inbox_name
    from etl.lock import writer_lock
    from etl.warehouse import memory

    settings = load_settings()
    if not settings.build_db.exists():
        raise MendError(f"{settings.home} has no build database: there is nothing to erase")
    with writer_lock(settings, LONGEST_REFRESH):
        begun = begin(settings, sys.stdin.readline() if identifier == "-" else identifier, datetime.now(UTC))
        go_on(settings)
        with memory() as con:
            delivered = [inbox_name(path, settings) for path in naming(con, inbox_files(settings), begun)]
    erased = read_erased(settings.home)
    entry = next(one for one in erased.entries if one.tombstone == begun.tombstone) if erased else begun
    print("\n".join(described(entry, delivered)))
    if last := last_backup(settings):
        store_erased(settings.home, open_backups(last.place))
        print(f"Backups    {last.place}: a restore leaves the buyer out; the backups so far hold what they held")
    sys.exit(int(not entry.is_finished))


@warehouse.command("restore")
@click.argument("origin", metavar="FROM")
@click.option("--at", help="The backup whose time starts so, 20261130T17; by default the newest.")
@click.option("--key", type=Path, help="The file with the key of the buyers' hashes.")
@click.option("--new-key", is_flag=True, help="Go on without that key: no buyer of a new file is recognised.")
def bring_back(origin: str, at: str | None, key: Path | None, new_key: bool) -> None:
    """Bring the home back from a backup in FROM, into a folder where there is nothing."""
    from etl.backup.restore import restore
    from etl.backup.stores import open_backups
    from etl.buyers import read_erased
    from etl.erasure import go_on

    settings = load_settings()
    manifest = restore(settings, open_backups(origin), at=at, key=key, new_key=new_key)
    print(
        f"Restored   {settings.home}: version {manifest.version} of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"{len(manifest.files)} files"
    )
    if erased := read_erased(settings.home):
        go_on(settings)
        print(f"Erased     {len(erased.entries)} buyers who were erased so far, also after that backup")
    print("           now: make refresh, make daily")
    for name, value in manifest.settings.items():
        print(f"           {name} was {value}")


@inbox.command("list")
def list_files() -> None:
    """List the files that are not loaded yet, in the order of loading."""
    from etl.inbox.load import waiting
    from etl.inbox.open import inbox_name
    from etl.warehouse import open_build

    settings = load_settings()
    with open_build(settings) as con:
        names = [repr(inbox_name(path, settings)) for path in waiting(con, settings)]
    print("\n".join(names or [f"No file waits in {settings.inbox}"]))


@inbox.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--set", "given", multiple=True, metavar="COLUMN=VALUE", help="As constants in profile.yaml; repeatable.")
@click.option("--draft", "name", metavar="NAME", help="Save a draft profile for a file that nothing reads under it.")
def check_file(file: Path, given: tuple[str, ...], name: str | None) -> None:
    """Show what FILE would load and what is wrong with it; loads nothing. Exits with 1 when it is not whole."""
    from rich.console import Console

    from etl.inbox.trial import save_draft, trial

    settings = load_settings()
    constants = dict(text.partition("=")[::2] for text in given)
    found = trial(settings, file, datetime.now(UTC), constants)
    for part in found.shown():
        Console(width=None if sys.stdout.isatty() else 180).print(part, highlight=False)
    if found.draft and name:
        print(f"saved {save_draft(settings, name, found.draft)}: edit the lines marked `check`, then check again")
    elif found.draft:
        print(f"--- a draft of a profile; --draft NAME saves it ---\n{found.draft}")
    sys.exit(int(found.load.status == "refused" or bool(found.load.rows_quarantined)))


@inbox.command("load")
def load_files() -> None:
    """Load the files that are not loaded yet, as `daily` does first."""
    from etl.inbox.load import load_inbox
    from etl.warehouse import open_build

    settings = load_settings()
    with open_build(settings) as con:
        report(load_inbox(con, settings, datetime.now(UTC)))


@inbox.command()
@click.argument("names", nargs=-1)
def replay(names: tuple[str, ...]) -> None:
    """Load refused and partly loaded files again after a fix, or the files NAMES; then run `daily`."""
    from etl.inbox.load import replay
    from etl.warehouse import open_build

    settings = load_settings()
    with open_build(settings) as con:
        report(replay(con, settings, datetime.now(UTC), names))


@inbox.command()
@click.argument("files", nargs=-1, required=True)
def dismiss(files: tuple[str, ...]) -> None:
    """Close the quarantine of FILES, named as in audit.quarantine, whose rows at fault nobody will deliver again."""
    from etl.archive.files import keep
    from etl.archive.replay import catch_up
    from etl.inbox.load import SOURCE
    from etl.ledger import Ledger
    from etl.warehouse import open_build, transaction

    settings, now = load_settings(), datetime.now(UTC)
    with open_build(settings) as con:
        catch_up(con, settings, now)
        with transaction(con):
            for file in files:
                if not (entries := Ledger(con, SOURCE).dismiss(file, now)):
                    raise MendError(f"{file} has nothing in quarantine; nothing was dismissed")
                keep(con, settings, {"kind": "dismissed", "at": now.isoformat(), "file": file})
                print(f"{file}: {entries:,} dismissed; the next `make daily` publishes it")


def report(loads: "tuple[FileLoad, ...]") -> None:
    """Print a line for each file; exit with 1 when one was not loaded whole."""
    for file in loads:
        print(file)
    sys.exit(int(any(file.status == "refused" or file.rows_quarantined for file in loads)))


@edgar.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--cik", "ciks", type=int, multiple=True, help="Only this issuer; may be given several times.")
def bulk(file: Path, ciks: tuple[int, ...]) -> None:
    """Load companyfacts.zip, or a quarter of the SEC's data sets as a zip or a folder, without the network."""
    from rich.progress import track

    from etl.edgar.bulk import MEMORY, count_bodies, is_statements, load_archive, load_statements
    from etl.warehouse import open_build

    settings, now = load_settings(), datetime.now(UTC)
    with open_build(settings) as con:
        if is_statements(file):
            rows = load_statements(con, file, now)
            print(f"{file.name}: {'loaded already' if rows is None else f'{rows:,} rows'}")
            return
        con.execute(f"set memory_limit = '{MEMORY}'")
        bodies = track(load_archive(con, settings, file, now, ciks), "loading", total=count_bodies(file, ciks))
        loads = [body for body in bodies if body is not None]
    refused = [load for load in loads if load.message]
    facts = sum(load.rows_added for load in loads)
    without = sum(not load.rows_read and not load.message for load in loads)
    print(f"{len(loads)} bodies read ({without} without facts), {facts:,} facts added, {len(refused)} bodies refused")
    for load in refused[:20]:
        print(f"  {load.body.file}: {load.message}", file=sys.stderr)
    sys.exit(1 if refused else 0)


@edgar.command()
@click.argument("file", type=click.Path(path_type=Path))
def backfill(file: Path) -> None:
    """Load the filings of the issuers in FILE, one CIK per line; continues where it stopped."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    from etl.edgar.bulk import backfill, read_ciks
    from etl.edgar.client import Client

    settings, ciks = load_settings(), read_ciks(file)
    bar = Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=Console(stderr=True))
    with Client(settings.sec_user_agent, settings.sec_base_url) as client, bar:
        task = bar.add_task("EDGAR", total=len(ciks))

        def report(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total)
            bar.console.print(words, markup=False, highlight=False)

        found = backfill(settings, ciks, client, report)
    print(
        f"{found.done + found.done_before} of {found.issuers} issuers done ({found.done_before} before), "
        f"{found.loaded} reports with new facts, {found.failed} issuers failed"
    )
    sys.exit(1 if found.failed else 0)


@figures.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--platform", default="", help="Whose document it is; by default the platform that it names most often.")
@click.option(
    "--published", default="", metavar="DAY", help="Day of publication, YYYY-MM-DD; without it it is unknown."
)
@click.option(
    "--kind", default="company_release", type=click.Choice(["company_release", "filing", "media", "secondary"])
)
@click.option("--title", default="", help="Title of the document; by default the name of the file.")
@click.option("--url", default="", help="Address of the document.")
@click.option("--basis", default="", help="gaap, ifrs or non_gaap; by default as the known figures of the platform.")
@click.option(
    "--again", is_flag=True, help="Also when the document was refused, or waits as a draft, which is replaced."
)
def propose(file: Path, again: bool, published: str, **about: str) -> None:
    """List the figures that FILE prints (HTML, PDF with text, inline XBRL, xBRL-CSV) and write them into a draft."""
    from rich.console import Console

    from etl.figures.draft import About
    from etl.figures.draft import propose as proposed
    from etl.figures.evidence import tie_out
    from etl.figures.show import show_draft

    draft = proposed(
        load_settings(), file, About(**about, published_on=published), datetime.now(UTC), tie_out, again=again
    )
    show_draft(draft, Console(highlight=False, soft_wrap=True, width=100_000 if not sys.stdout.isatty() else None))


@figures.command()
@click.argument("draft")
@click.option("--into", type=click.Path(path_type=Path), help="Folder of reference files; by default the home's own.")
@click.option("--checked", default="", metavar="REASON", help="Why the figures that nothing confirms are right.")
def accept(draft: str, into: Path | None, checked: str) -> None:
    """Make the figures of DRAFT part of the data; the next refresh reads them."""
    from etl.figures.accept import accept as accepted
    from etl.figures.evidence import tie_out

    done = accepted(load_settings(), draft, datetime.now(UTC), tie_out, into=into, checked=checked.strip())
    print(f"{done.figures} figures accepted into {done.folder}, {done.refused} refused; run `warehouse refresh`")


@figures.command()
@click.argument("draft")
@click.argument("reason")
def refuse(draft: str, reason: str) -> None:
    """Record that DRAFT is refused and why; proposing the document again tells it."""
    from etl.figures.accept import refuse as refused

    print(f"{refused(load_settings(), draft, reason, datetime.now(UTC))} figures refused")


@figures.command("list")
def list_drafts() -> None:
    """List the drafts, newest first, with what was decided on each."""
    from etl.figures.accept import listing

    for entry in listing(load_settings()):
        words = (entry.decided_at[:10], entry.decision, entry.draft, entry.document_id, entry.file, entry.reason)
        print("  ".join(filter(None, words)))


@docs.command()
def checks() -> None:
    """Write what the last checks found, as pages in $WAREHOUSE_HOME/data_docs."""
    from etl.checks.pages import build_pages, pages_folder
    from etl.warehouse import open_build

    settings = load_settings()
    with open_build(settings) as con:
        print(build_pages(con, pages_folder(settings)))


@docs.command()
def dictionary() -> None:
    """Rewrite docs/dictionary.md, the tables in other pages and .env.example from SQL files and settings."""
    from etl.ask.dictionary import DOCS, made_pages

    pages = {DOCS / name: text for name, text in made_pages(ROOT / "sql").items()} | settings_pages(ROOT)
    for page, text in pages.items():
        page.write_text(text, encoding="utf-8")
        print(page.relative_to(ROOT))


def main() -> None:
    """Run the command line and end the process with its exit code."""
    open_missing_streams()
    if {*sys.argv[1:3]} & PRIVATE:
        os.umask(0o077)  # what it writes into the home is for its owner, except the snapshot
    # The libraries make millions of objects that live to the end: collecting garbage as often as Python does by
    # default takes a tenth of a refresh, most of it during imports.
    gc.set_threshold(20_000, 20, 50)
    warehouse(prog_name="warehouse")


def leave(code: object) -> NoReturn:
    """End the process after what is registered for its end and the last flush, without taking its objects apart."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    try:
        main()
    except SystemExit as end:
        leave(end.code)
