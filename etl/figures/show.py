"""A draft as a table for people."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table

from etl.figures.draft import UNPLACED, Draft

_SHOWN = 20  # numbers that were not placed and stand with words of a metric
_COLOURS = {"confirmed": "green", "alone": "yellow", "explained": "yellow", "contradicted": "red", "unlikely": "red"}


def show_draft(draft: Draft, console: Console) -> None:
    """Print the figures of a draft with their verdicts, then what was seen and not placed, then what to do next."""
    for note in draft.notes:
        console.print(note, markup=False)
    table = Table(box=None, pad_edge=False)
    for head in ("metric", "scope", "period", "printed", "value", "verdict", "evidence", "where"):
        table.add_column(head, justify="right" if head == "value" else "left", overflow="fold")
    for row in draft.rows:
        told = row.fields
        verdict = "in already" if row.is_known else row.verdict.verdict
        period = f"{told['period_start']} to {told['period_end']}" if told["period_start"] else told["period_end"]
        table.add_row(
            told["metric"],
            told["scope"],
            period,
            told["printed_as"],
            f"{told['value']} {told['unit']}",
            f"[{_COLOURS.get(verdict, 'default')}]{verdict}[/]",
            row.verdict.evidence.replace("[", r"\["),
            told["locator"].partition(":")[0],
        )
    if draft.rows:
        console.print(table)
    named = [one for one in draft.unplaced if one.metric]
    for one in named[:_SHOWN]:
        console.print(f"not placed: {one.printed}  {one.metric}  {one.reason}  ({one.place})", markup=False)
    counts = Counter(one.reason for one in draft.unplaced)
    new = [row for row in draft.rows if not row.is_known]
    verdicts = ", ".join(f"{count} {word}" for word, count in Counter(row.verdict.verdict for row in new).items())
    others = counts.total() - len(named)
    console.print(
        f"{len(new)} new figures ({verdicts or 'none'}), {len(draft.rows) - len(new)} in already; "
        f"{len(draft.unplaced)} numbers seen and not placed, {others} of them without words of a metric: {UNPLACED}",
        markup=False,
    )
    if draft.folder:
        console.print(f"Look through {draft.folder}, then: warehouse figures accept {draft.folder.name}", markup=False)
