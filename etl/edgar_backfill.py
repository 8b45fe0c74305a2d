"""`make edgar-backfill CIKS=file`: load the filings of a list of issuers, with a bar; stop and go on at will.

The file has a CIK at the start of each line, as digits or as CIK0001549802; what follows a comma or a #
is the reader's. Each issuer is a transaction of its own. A file beside the bodies notes who is done, so that
the same list goes on where it was stopped; a list that is complete starts anew, with one request for each
issuer that has nothing new. A block for the rate is waited out.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from etl.config import Settings, load_settings
from etl.edgar import FOLDER
from etl.edgar_poll import IssuerPoll, poll_issuer
from etl.edgar_refresh import one_by_one
from etl.sources.edgar import BlockedError, Client, SourceError
from etl.warehouse import WarehouseError, open_build, transaction

_LINE = re.compile(r"\s*(?:CIK)?(\d{1,10})\s*(?:[,;#].*)?", re.IGNORECASE)


@dataclass
class Backfill:
    """What came of a list, in issuers, and in reports whose facts are new here."""

    issuers: int
    done_before: int = 0
    done: int = 0
    loaded: int = 0
    failed: int = 0


def read_ciks(path: Path) -> list[int]:
    """The CIKs of a file, each once, in its order.

    Raises SourceError for a file that cannot be read and for a line that starts with no CIK.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: {error}; name a file with one CIK a line") from error
    ciks: dict[int, None] = {}
    for number, line in enumerate(lines, 1):
        if not line.partition("#")[0].strip():
            continue
        found = _LINE.fullmatch(line)
        if not found or not int(found[1]):
            raise SourceError(f"{path}:{number}: {line.strip()!r} does not start with a CIK; write 1549802")
        ciks[int(found[1])] = None
    if not ciks:
        raise SourceError(f"{path}: no CIK in it; write one a line")
    return list(ciks)


def backfill(
    settings: Settings, ciks: Sequence[int], client: Client, tell: Callable[[int, int, str], None]
) -> Backfill:
    """Poll every issuer of the list that is not done, each in a transaction of its own.

    `tell` gets, after each, how many are done, of how many, and what came of it. Raises AgentError,
    UnavailableError where issuer after issuer gets no answer, and BusyError; what is done stays done.
    """
    journal = journal_path(settings, ciks)
    done = _done(journal)
    found = Backfill(len(ciks), done_before=len(done))
    ahead = [cik for cik in ciks if cik not in done]
    journal.parent.mkdir(parents=True, exist_ok=True)
    with open_build(settings) as con, journal.open("a", encoding="utf-8") as noted:

        def poll(cik: int) -> IssuerPoll:
            while True:
                now = client.clock.now()
                try:
                    with transaction(con):
                        return poll_issuer(con, settings, client, cik, now)
                except BlockedError as error:
                    tell(len(done), len(ciks), str(error))
                    client.clock.wait(max(0.0, (error.until - now).total_seconds()))

        for cik, answer in one_by_one(ahead, poll):
            if isinstance(answer, IssuerPoll):
                done.add(cik)
                noted.write(f"{cik}\n")
                noted.flush()
                found.done += 1
                found.loaded += answer.loaded
                said = f"{answer.entity or cik}: {answer.loaded} reports with new facts"
            else:
                found.failed += 1
                said = str(answer)
            tell(len(done), len(ciks), said)
    if not found.failed:
        journal.unlink()
    return found


def journal_path(settings: Settings, ciks: Sequence[int]) -> Path:
    """Where it is noted who of this list is done; gone when all are."""
    name = hashlib.sha256(" ".join(map(str, ciks)).encode()).hexdigest()[:12]
    return settings.home / FOLDER / f"backfill-{name}.done"


def _done(journal: Path) -> set[int]:
    """Who is noted; a last line that a crash cut off has no end and does not count."""
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    return {int(line) for line in text.splitlines(keepends=True) if line.endswith("\n")}


def main(arguments: Sequence[str]) -> int:
    """Run the command line: the file with the list. Returns 1, with the reason, when not all is loaded."""
    console = Console(stderr=True)
    try:
        if len(arguments) != 1 or not arguments[0]:
            raise SourceError("name the file with the list: make edgar-backfill CIKS=ciks.txt")
        settings = load_settings()
        ciks = read_ciks(Path(arguments[0]))
        with Client(settings.sec_user_agent, settings.sec_base_url) as client, _bar(console) as bar:
            task = bar.add_task("EDGAR", total=len(ciks))

            def tell(done: int, total: int, said: str) -> None:
                bar.update(task, completed=done, total=total)
                bar.console.print(said, markup=False, highlight=False)

            found = backfill(settings, ciks, client, tell)
    except (SourceError, WarehouseError, ValueError) as error:
        console.print(f"Stopped: {error}\nThe same command goes on from here.", markup=False, highlight=False)
        return 1
    print(
        f"{found.done + found.done_before} of {found.issuers} issuers done ({found.done_before} before), "
        f"{found.loaded} reports with new facts, {found.failed} issuers failed"
    )
    return 1 if found.failed else 0


def _bar(console: Console) -> Progress:
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*parts, console=console)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
