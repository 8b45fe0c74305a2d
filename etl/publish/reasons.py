"""Why each row of a new snapshot differs from the one before: which kinds of change at the sources are behind it.

What changed at the sources is known exactly: their rows have the time at which they came and went, models a hash of
their program (etl/publish/origins.py). A kind of change reaches a table through the tables that it reads, unless one
between did not change. Where one kind alone reaches a table it is the reason for all that differs in it. Where several
do, they are made one after the other, in the order of ORDER, and a row has the reason of each step in which it
changes. So nothing that a source explains is left unexplained, and no kind is named that made no difference.

Finding reasons keeps no snapshot from readers: it ends after MOST_SECONDS. A table that it did not get to, or at which
it failed, has all kinds that reach it, with the word NOT_SEPARATED, and what went wrong is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from threading import Event, Thread
from time import monotonic

from etl.contracts import CONTRACTS, PERIOD_END, Contract
from etl.models.file import Model
from etl.publish.diff import ComparedTable, Grains, change_query, changes_between, key_of, tables_in
from etl.publish.origins import DAY, DELIVERIES
from etl.publish.worlds import CHANGED, DELIVERED, HISTORIES, Past, World
from etl.reference.tables import BRINGS
from etl.warehouse import Connection, Interrupted, Misfit, literal, prepared, rollback

# Deliveries first: tables about single buyers are not published, and as they were they would be computed again.
ORDER = ("code", "delivery", "attribution_rule", "definition", "document", "restatement", "rate", "day")
CODE, DEFINITION, DOCUMENT, DAY_PASSED = ORDER[0], ORDER[3], ORDER[4], ORDER[-1]
UNEXPLAINED, NOT_SEPARATED = "unexplained", "not_separated"
LISTED = ("added", "removed", "changed")
MOST_CAUSES = 5
MOST_SECONDS = 300  # of wall time, for all tables; seven kinds at once take 30 processor seconds
TOO_LONG = "it took too long"
FOUND = "reasons_found"
CAUSES = "reason, cause, platform, observation_id, currency"
NO_CAUSE = "null::varchar as platform, null::varchar as observation_id, null::varchar as currency"
Reach = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Found:
    """What became of finding reasons: `rows` for which none was found, or only some to choose from, and `problem`, why.

    `rows` is None where nothing is recorded of the earlier snapshot, `problem` empty where nothing went wrong.
    """

    rows: int | None
    problem: str


NOTHING_SOUGHT = Found(None, "")


def list_changes(con: Connection, models: Sequence[Model], grains: Grains, served: str, version: int) -> Found:
    """Fill temp.change_found with the rows of meta.change, from the catalog `served` with snapshot `version` to now.

    Must run outside of a transaction. An error on the way, or too much time, leaves rows without a certain reason: it
    must not keep a snapshot from readers. Raises DatabaseError where the changes themselves cannot be listed.
    """
    (build,) = con.execute("select '\"' || current_database() || '\"'").fetchall()[0]
    query = change_query(con, served, build, grains)
    con.execute(
        f"create or replace temp table change_found as select *, []::varchar[] as reasons, []::varchar[] as causes "
        f"from ({query})"
    )
    row = "table_name varchar, row_key varchar"
    con.execute(f"create or replace temp table change_label ({row}, column_name varchar, reason varchar)")
    con.execute(f"create or replace temp table change_cause ({row}, reason varchar, causes varchar[])")
    changed = dict(con.execute("select table_name, list(distinct change) from change_found group by all").fetchall())
    moments = _moments(con, version)
    groups = dict[datetime, list[str]]()
    for table in sorted(moments.keys() & changed.keys()):
        groups.setdefault(moments[table], []).append(table)
    give_up, problems = monotonic() + MOST_SECONDS, dict[str, list[str]]()
    for since, tables in groups.items():
        with ExitStack() as stack:
            con.execute(f"attach ':memory:' as {FOUND}")
            stack.callback(con.execute, f"detach {FOUND}")
            group = _Group(
                con,
                models,
                grains,
                stack,
                build=build,
                served=served,
                version=version,
                since=since,
                changed=changed,
                newer={table for table, moment in moments.items() if moment > since},
                give_up=give_up,
            )
            for table, problem in group.explain(tables):
                problems.setdefault(problem, []).append(table)
    con.execute(
        """update change_found as c set reasons = l.reasons
        from (
            select l.id, list(distinct l.reason order by list_position($order, l.reason)) as reasons
            from (
                select f.rowid as id, l.reason
                from change_found as f join change_label as l on l.table_name = f.table_name
                where l.row_key is null
                union all
                select f.rowid, l.reason
                from change_found as f join change_label as l on l.table_name = f.table_name and l.row_key = f.row_key
                where l.column_name is null or f.column_name is null or l.column_name = f.column_name
            ) as l
            where l.reason is not null
            group by all
        ) as l where l.id = c.rowid""",
        {"order": [*ORDER, NOT_SEPARATED]},
    )
    con.execute("update change_found set reasons = [?] where reasons = []", [UNEXPLAINED])
    con.execute(
        """update change_found as c set causes = f.causes
        from (
            select f.id, list_sort(list_distinct(flatten(list(f.causes))))[:$most] as causes
            from (
                select f.rowid as id, a.causes
                from change_found as f join change_cause as a
                    on a.table_name = f.table_name and list_contains(f.reasons, a.reason)
                where a.row_key is null
                union all
                select f.rowid, a.causes
                from change_found as f join change_cause as a
                    on a.table_name = f.table_name and a.row_key = f.row_key and list_contains(f.reasons, a.reason)
            ) as f
            group by all
        ) as f where f.id = c.rowid""",
        {"most": MOST_CAUSES},
    )
    uncertain = "select count(distinct (table_name, row_key)) from change_found where list_has_any(reasons, ?)"
    (rows,) = con.execute(uncertain, [[UNEXPLAINED, NOT_SEPARATED]]).fetchall()[0]
    if not groups and changed:
        return Found(None, f"version {version} has no record of what it was made from")
    told = (f"{problem} ({tables[0]}, {len(tables)} tables in all)" for problem, tables in problems.items())
    return Found(rows if groups else None, "; ".join(told))


@contextmanager
def _time_limit(con: Connection, seconds: float) -> Iterator[Event]:
    """A block whose queries are ended after these seconds, again and again; gives an event that says so."""
    is_over, ended = Event(), Event()

    def watch() -> None:
        if not ended.wait(seconds):
            is_over.set()
            while not ended.wait(0.1):  # between two queries there is nothing to end
                con.interrupt()

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield is_over
    finally:
        ended.set()
        thread.join()


def _moments(con: Connection, version: int) -> dict[str, datetime]:
    """The moment up to which each table knew the sources in snapshot `version`.

    Tables between whose moments no source changed have the same. Those of which nothing is recorded are left out.
    """
    known = con.execute("select table_name, built_at from raw.model_served where version = ?", [version]).fetchall()
    moments = dict(known)
    moments |= {table: moments[DELIVERIES] for table in DELIVERED if DELIVERIES in moments}
    moments.pop(DELIVERIES, None)
    if not moments:
        return {}
    first = min(moments.values())
    news = sorted({moment for (moment,) in con.execute(_news(first)).fetchall()})
    return {table: max([first, *(new for new in news if new <= moment)]) for table, moment in moments.items()}


def _news(since: datetime) -> str:
    """A query for the moments later than `since` at which a row of a source came or went."""
    columns = [(table, column) for table in (*CHANGED, *HISTORIES) for column in ("loaded_at", "superseded_at")]
    columns += [*((table, "loaded_at") for table in DELIVERED), ("raw.edgar_filing", "first_seen_at")]
    return " union ".join(f"select {c} from {table} where {c} > timestamp '{since}'" for table, c in columns)


class _Group:
    """Tables that knew the sources up to the same moment: what reaches them, and worlds between then and now."""

    def __init__(
        self,
        con: Connection,
        models: Sequence[Model],
        grains: Grains,
        stack: ExitStack,
        *,
        build: str,
        served: str,
        version: int,
        since: datetime,
        changed: Mapping[str, Collection[str]],
        newer: Collection[str],
        give_up: float,
    ) -> None:
        self._con, self._grains, self._changed, self._stack, self._give_up = con, grains, changed, stack, give_up
        self._build, self._served, self._since = build, served, since
        self._newer = newer  # tables that knew more of the sources in the snapshot than those of this group
        self._models = {model.name: model for model in models}
        self._old, self._new = tables_in(con, served), tables_in(con, build)
        self._states = {
            name: (now, then)
            for name, now, then in con.execute(
                "select b.table_name, b.state, s.state from raw.model_built as b "
                "left join raw.model_served as s on s.table_name = b.table_name and s.version = ?",
                [version],
            ).fetchall()
        }
        days = con.execute(
            "select state from raw.model_served where version = ? and table_name = ?", [version, DAY]
        ).fetchall()
        self._day = days[0][0] if days else None
        self._reach: Reach = {}
        self._worlds: dict[frozenset[str], World] = {}

    def explain(self, tables: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Label the changes of tables with their reasons, and find the causes; gives each table with what went wrong.

        What needs no computing comes first, so that time that runs out leaves as little as can be.
        """
        if problem := self._attempt(self._prepare):
            yield from ((table, problem) for table in tables)
            return
        for table in sorted(tables, key=lambda table: (self._is_mixed(table), table)):
            reached = [reason for reason in ORDER if reason in self._reach.get(table, frozenset())]
            label = self._step_by_step if self._is_mixed(table) else self._label_all
            if problem := self._attempt(partial(label, table, reached)):
                self._label_all(table, [*reached, NOT_SEPARATED])
                yield table, problem
            elif problem := self._attempt(partial(self._blame, table, reached)):
                yield table, f"causes: {problem}"

    def _attempt(self, work: Callable[[], None]) -> str:
        """Do something that may fail or take too long; what went wrong, in words.

        Raises Interrupted for an interrupt from outside.
        """
        left = self._give_up - monotonic()
        if left <= 0:
            return TOO_LONG
        try:
            with _time_limit(self._con, left) as is_over:
                work()
        except Exception as error:  # whatever it is, it must not keep the snapshot from readers
            if isinstance(error, Interrupted) and not is_over.is_set():
                raise
            rollback(self._con)
            self._con.execute(f"use {self._build}")
            return TOO_LONG if is_over.is_set() else f"{type(error).__name__}: {error}".splitlines()[0]
        return ""

    def _is_mixed(self, table: str) -> bool:
        """Whether several kinds reach a table, so that its rows may have different reasons."""
        return len(self._reach.get(table, ())) > 1 and set(self._changed[table]) <= set(LISTED)

    def _label_all(self, table: str, reasons: Sequence[str]) -> None:
        self._label(f"select null, null, unnest({_texts(reasons)})", table)

    def _prepare(self) -> None:
        """Find what changed at the sources, and which tables it reaches."""
        self._find_causes(self._since, self._day)
        self._reach = self._reached()
        known = (self._old.keys() & self._new.keys()) - set(self._newer)
        same = {t for t in known if self._old[t].columns == self._new[t].columns}
        self._past = Past(
            build=self._build,
            served=self._served,
            found=FOUND,
            since=self._since,
            day=self._day,
            models=self._models,
            reach=self._reach,
            published=frozenset(same),
        )

    def _step_by_step(self, table: str, reached: Sequence[str]) -> None:
        old = self._old[table]
        places, failed = [("", old)], False
        for reason in reached:
            try:
                place = self._world(frozenset(ORDER[: ORDER.index(reason) + 1])).place(table)
            except Misfit:  # a query of now over columns of then
                failed = True
                continue
            blamed = CODE if CODE in reached else UNEXPLAINED
            after = old if place == f"{self._past.served}.{table}" else self._new[table]._replace(place=place)
            places.append((blamed if failed else reason, after))
            failed = False
        for (_, one), (reason, other) in pairwise(places):
            found = changes_between(table, one, other, self._grains.get(table, ()))
            self._label(
                f"select distinct row_key, if(change = 'changed', column_name, null), {literal(reason)} from ({found})",
                table,
            )

    def _world(self, made: frozenset[str]) -> World:
        used = frozenset.union(*self._reach.values()) if self._reach else frozenset()
        made &= used
        if made not in self._worlds:
            name = f"world_{len(self._worlds)}"
            self._stack.callback(self._con.execute, f"detach database if exists {name}")
            self._worlds[made] = World(self._con, name, self._past, made)
        return self._worlds[made]

    def _label(self, rows: str, table: str) -> None:
        self._con.execute(f"insert into change_label select {literal(table)}, * from ({rows})")

    # --- what changed ---------------------------------------------------------------------------------------------

    def _find_causes(self, since: datetime, day: str | None) -> None:
        """Fill the tables of the catalog FOUND: what changed at the sources, and `cause` with all of it."""
        con = self._con
        for query in CHANGED.values():
            text = prepared(query)
            brings = {"kinds": [*BRINGS], "brings": [*BRINGS.values()]} if "$brings" in text else {}
            con.execute(f"create table {FOUND}.{query} as {text}", {"since": since, **brings})
        parts = [f"select distinct {CAUSES} from {FOUND}.{query}" for query in CHANGED.values()]
        parts += [_delivered(contract, since) for contract in CONTRACTS]
        parts.append(
            f"select '{DOCUMENT}', 'sec_' || f.accession, {NO_CAUSE} from raw.edgar_filing as f "
            f"where f.first_seen_at > timestamp '{since}'"
        )
        if day:
            parts.append(
                f"select '{DAY_PASSED}', r.day::varchar, {NO_CAUSE} from raw.refresh_day as r where r.day <> '{day}'"
            )
        sources = [*CHANGED, *(contract.table for contract in CONTRACTS), "raw.edgar_filing", *([DAY] if day else [])]
        listed = " union all ".join(
            f"select {literal(table)} as source, * from ({part}) as t({CAUSES}) where reason is not null"
            for table, part in zip(sources, parts, strict=True)
        )
        con.execute(f"create table {FOUND}.cause as {listed}")

    def _reached(self) -> Reach:
        """The kinds of change that reach each table and macro."""
        found = self._con.execute(f"select source, list(distinct reason) from {FOUND}.cause group by all").fetchall()
        reach = {source: frozenset(reasons) for source, reasons in found}
        reach |= {contract.history: reach.get(contract.table, frozenset()) for contract in CONTRACTS}
        for name, model in self._models.items():  # each after everything that it reads
            is_same = name in self._old and name in self._new and name not in {*self._changed, *self._newer}
            if not is_same:
                own = [self._own(name)] if self._own(name) else []
                read = (reach.get(read.removesuffix("()"), frozenset()) for read in model.reads)
                reach[name] = frozenset(own).union(*read)
        return reach

    def _own(self, name: str) -> str:
        """The kind of change that a model itself brings: what reads nothing defines something."""
        now, then = self._states.get(name, (None, None))
        if now == then:
            return ""
        return CODE if self._models[name].reads else DEFINITION

    # --- what is behind it ----------------------------------------------------------------------------------------

    def _blame(self, table: str, reached: Sequence[str]) -> None:
        """Find what is behind the changes of a table: by its figures, else by platform or currency, else all of it."""
        behind = sorted(name for name in self._behind(table) if self._own(name))
        for reason in {CODE, DEFINITION} & set(reached):
            names = [name for name in behind if self._own(name) == reason][:MOST_CAUSES]
            self._con.execute("insert into change_cause values (?, null, ?, ?)", [table, reason, names])
        sources = [name for name in self._behind(table) if name not in self._models]
        rows = [
            self._attributes(side[table], self._grains.get(table, ()))
            for side in (self._old, self._new)
            if table in side
        ]
        self._con.execute(
            f"""insert into change_cause
            with row as materialized (
                select r.* from ({" union all ".join(rows)}) as r
                where r.row_key in (select c.row_key from change_found as c where c.table_name = $table)
            ), cause as materialized (
                select distinct {CAUSES} from {FOUND}.cause
                where list_contains($sources, source) and list_contains($reached, reason)
            ), named as (
                select distinct reason, cause, platform, currency from cause
            ), found as (
                select r.row_key, c.reason, c.cause, 1 as place
                from (select row_key, unnest(ids) as id from row) as r join cause as c on c.observation_id = r.id
                union all
                select r.row_key, c.reason, c.cause, 1 from row as r join named as c on c.cause = r.document_id
                union all
                select r.row_key, c.reason, c.cause, 2 from row as r join named as c on c.platform = r.platform
                union all
                select r.row_key, c.reason, c.cause, 2 from row as r join named as c on c.currency = r.currency
                union all
                select r.row_key, c.reason, unnest(c.causes), 3
                from row as r cross join (
                    select reason, list(distinct cause order by cause)[:$most] as causes from named group by reason
                ) as c
            ), best as (
                select found.* from found qualify place = min(place) over (partition by row_key, reason)
            )
            select $table, row_key, reason, list(distinct cause order by cause)[:$most] from best group by all""",
            {"table": table, "sources": sources, "reached": list(reached), "most": MOST_CAUSES},
        )

    def _behind(self, table: str) -> set[str]:
        """A table and all behind it: models, macros and sources."""
        found, ahead = set[str](), [table]
        while ahead:
            name = ahead.pop()
            if name not in found:
                found.add(name)
                ahead += [read.removesuffix("()") for read in self._models[name].reads] if name in self._models else []
        return {HISTORIES[name].table if name in HISTORIES else name for name in found}

    def _attributes(self, table: ComparedTable, grain: Sequence[str]) -> str:
        """The key of each row, and what of it can be held against a cause."""
        listed = [f"r.{c}" for c in ("input_observation_ids",) if c in table.columns]
        listed += [f"[r.{c}::varchar]" for c in ("observation_id",) if c in table.columns]
        has = {
            c: f"r.{c}::varchar" if c in table.columns else "null::varchar"
            for c in ("platform", "currency", "document_id")
        }
        ids = f"flatten([{', '.join(listed)}])" if listed else "[]::varchar[]"
        return (
            f"select {key_of(table, grain)} as row_key, {ids}::varchar[] as ids, "
            f"{', '.join(f'{text} as {name}' for name, text in has.items())} from {table.place} as r"
        )


def _delivered(contract: Contract, since: datetime) -> str:
    """A query for what changed of a delivered table: by file and platform, of rates each."""
    names = {column.name for column in contract.columns}
    platform = "r.platform" if "platform" in names else "null::varchar"
    is_rate = PERIOD_END in names and "quote_currency" in names
    cause = "concat_ws(' ', r.currency, r.quote_currency, r.period_start)" if is_rate else "l.file"
    moments = (
        f"(select r.*, r.loaded_at as moment from {contract.table} as r where r.loaded_at > timestamp '{since}' "
        f"union all by name select r.* exclude (superseded_at), r.superseded_at as moment from {contract.history} as r "
        f"where r.superseded_at > timestamp '{since}')"
    )
    return (
        f"select distinct {literal(contract.brings)}, {cause}, {platform}, null::varchar, "
        f"{'r.currency' if is_rate else 'null::varchar'} from {moments} as r left join "
        "(select load_id, min(file) as file from audit.load group by load_id) as l using (load_id)"
    )


def _texts(words: Sequence[str]) -> str:
    return f"[{', '.join(map(literal, words))}]::varchar[]"
