"""What is known for and against the figures of a draft: the tie-outs of the warehouse, with the draft in it.

The draft is loaded into a database in memory as one more folder of reference files, beside those that a refresh reads
and the SEC facts of the published snapshot. The models are those of a refresh, so a verdict here is the one that the
figure has in marts.tie_out once it is accepted. A figure that nothing ties out is held against its neighbours, which
shows a wrong scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from etl.config import Settings
from etl.errors import MendError
from etl.figures.log import ALONE, UNLIKELY, Verdict
from etl.models.file import Model
from etl.models.graph import create_statements, load_models
from etl.reference.load import load_reference
from etl.warehouse import Connection, attached, memory, prepared

_TIMES = 5  # how many times its neighbour a figure may be for each year between them
_MOST = 100
FETCHED = ("core.edgar_filing", "core.edgar_figure")  # what the SEC told, which no folder has


def tie_out(settings: Settings, folders: Sequence[Path], document: str, now: datetime) -> dict[str, Verdict]:
    """The verdict on each figure of a document that one of the folders has, by observation.

    Raises MendError where no snapshot is published yet.
    """
    if not settings.serving_db.exists():
        raise MendError(f"no published snapshot at {settings.serving_db}: run `make refresh` first")
    con = memory()
    try:
        load_reference(con, settings.model_copy(update={"figures": tuple(folders)}), now)
        with attached(con, settings.serving_db, "served"):
            for model in _behind("marts.tie_out", load_models(settings.sql_dir)):
                con.execute(
                    _copy(model.name) if model.name in FETCHED else create_statements(model)[0]
                )  # without its twin
        return _verdicts(con, document)
    finally:
        con.close()


def _copy(table: str) -> str:
    return f"create table {table} as from served.{table}"


def _behind(name: str, models: Sequence[Model]) -> list[Model]:
    """The model of that name and those that it reads, in the order in which they are built."""
    by_name = {model.name: model for model in models}
    needed, names = set[str](), [name]
    while names:
        if (read := names.pop().removesuffix("()")) in by_name and read not in needed:
            needed.add(read)
            names += () if read in FETCHED else by_name[read].reads
    return [model for model in models if model.name in needed]


def _verdicts(con: Connection, document: str) -> dict[str, Verdict]:
    values = {"document": document}
    ties = con.execute(prepared("candidate_ties"), values).fetchall()
    found = {str(name): Verdict(verdict, words) for name, verdict, words in ties}
    for name, times, years, words in con.execute(prepared("candidate_neighbours"), values).fetchall():
        most = min(_TIMES ** max(1, int(years)), _MOST)
        if found[name].verdict == ALONE and times > most:
            found[name] = Verdict(UNLIKELY, f"{times:.3g} times its neighbour {words}")
    return found
