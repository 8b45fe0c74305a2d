"""What a mart promises its readers (CONTRACTS of etl/models/file.py), asked of its columns and of its rows.

The rows are those of a warehouse of made-up figures: every metric of the project over five years, of a
platform with two perimeters, every fourth figure in a document without a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from etl.config import ROOT
from etl.models.file import AS_OF, CONTRACTS, FIGURES, Model
from etl.models.graph import create_statements
from etl.warehouse import Connection
from tests.support.models import create_empty

NUMBER = re.compile(r"double|decimal.*")
ALWAYS = {"validity": "varchar", "flags": "varchar[]", "input_observation_ids": "varchar[]", "known_on": "date"}
REQUIRED = {
    FIGURES: ALWAYS,
    "prints": {"document_id": "varchar", "known_on": "date"},
    "verdicts": {"verdict": "varchar"},
    "vintages": {},
    "estimates": {"status": "varchar", "flags": "varchar[]"},
    "deliveries": {},
}
METRICS = (ROOT / "data" / "reference" / "metrics.csv").as_posix()
FIVE_YEARS = f"""
insert into core.platform by name
    select 'p' as platform, 'P' as name, 'supply' as role, '12-31' as fiscal_year_end, 'CNY' as reporting_currency;
insert into core.metric by name select metric, label, unit, kind, period_rule from read_csv('{METRICS}');
insert into core.partnership by name
    select 'd' as partnership_id, 'p' as supply_platform, date '2017-06-01' as announced_on;
insert into core.observation by name
with figure as (
    select
        m.metric, m.unit, s.scope, y.year, concat_ws('_', 'obs', m.metric, s.scope, y.year) as observation_id,
        1e9 * pow(1.5, y.year - 2015) * if(m.metric = 'revenue', 4, if(m.metric like 'cost%', 2, 1)) as value,
        if((y.year + ascii(m.metric[-1])) % 4 = 0, null, make_date(y.year + 1, 3, 1)) as published_on
    from core.metric as m
    cross join (values (''), ('core')) as s(scope)
    cross join generate_series(2015, 2019) as y(year)
    where s.scope = '' or m.kind = 'stock' or m.metric = 'gmv'
)
select
    f.observation_id, 'p' as platform, f.metric, f.scope, 'year' as period_type,
    make_date(f.year, 1, 1) as period_start,
    make_date(f.year, 12, 31) as period_end, f.value, f.value - 1e6 as value_low, f.value + 1e6 as value_high,
    1e6 as rounding_half_width, f.unit, 'exact' as qualifier, 'gaap' as basis, 'd' || f.year as document_id,
    [] as derived_from, 'filing' as source_class, 1 as class_rank, false as is_restatement,
    if(f.published_on is null, ['undated_input'], []) as flags, f.published_on
from figure as f
"""


def broken_promises(model: Model, delivered: frozenset[str]) -> Iterator[str]:
    """What the columns of a mart lack, in one sentence; `delivered` are the tables made from deliveries."""
    types = {column.name: column.type for column in model.columns}
    numbers = [name for name, kind in types.items() if NUMBER.fullmatch(kind)]
    if not numbers:
        return
    missing = [name for name, kind in REQUIRED[model.contract].items() if types.get(name) != kind]
    if model.contract == FIGURES and not any(low in types and high in types for low, high in _intervals(numbers)):
        missing.insert(0, f"interval ({numbers[0]}_low, {numbers[0]}_high)")
    if missing:
        yield (
            f"{model.name} lacks {', '.join(missing)}: with {model.contract} a mart promises "
            f"{CONTRACTS[model.contract]}; another contract is declared in its header, as -- contract: word"
        )
    elif model.contract == "vintages" and model.twin:
        yield f"{model.name} compares vintages, and its twin would compare them as of a day: add -- twin: no"
    elif (model.contract == "deliveries") > (model.name in delivered):
        yield f"{model.name} declares deliveries and rests on none: remove -- contract: deliveries"


def _intervals(numbers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The names that the ends of an interval of each number may have."""
    for name in numbers:
        stem, _, suffix = name.rpartition("_")
        yield f"{name}_low", f"{name}_high"
        yield f"{stem}_low_{suffix}", f"{stem}_high_{suffix}"
        if name == "value":
            yield "low", "high"


def fill(con: Connection, models: Sequence[Model]) -> None:
    """Build the models in `con`, an empty warehouse, from the made-up figures; all else behind them is empty."""
    before = [model.name for model in models].index("core.observation")
    for model in models[: before + 1]:
        if model.reads and not model.is_macro:
            create_empty(con, model)
        else:
            con.execute(create_statements(model)[0])
    con.execute(FIVE_YEARS)
    for model in models[before + 1 :]:
        for statement in create_statements(model):
            con.execute(statement)


def broken_rows(con: Connection, source: str) -> Iterator[str]:
    """What the rows of a mart or of its twin (a table expression) get wrong, each in one sentence."""
    judged = f"""
        with mart as (select row_number() over () as place, source.* from {source} as source),
        input as (
            select
                mart.place, any_value(mart.known_on) as known_on, max(figure.published_on) as latest,
                count(*) > count(figure.published_on) as is_undated, count(figure.published_on) > 0 as is_dated,
                count(distinct figure.scope) > 1 as is_mixed, any_value(mart.flags) as flags,
                list(named.observation_id order by figure.published_on nulls first, named.observation_id) as inputs
            from mart
            cross join unnest(mart.input_observation_ids) as named(observation_id)
            left join core.observation as figure on figure.observation_id = named.observation_id
            group by mart.place
        )
    """
    counted = f"{judged} select count(*), count(*) filter (where is_undated and is_dated) from input"
    ((rows, mixed),) = con.execute(counted).fetchall()
    if not rows or (not mixed and AS_OF not in source):
        yield f"{source} has no row here that rests on figures with and without a date: give the test such figures"
    right = "if(is_undated, null, latest)"
    wrong = f"select inputs, known_on, latest from input where known_on is distinct from {right} limit 1"
    for inputs, known_on, latest in con.execute(f"{judged} {wrong}").fetchall():
        due = f"{inputs[0]} has no date, so it is empty" if latest is None or known_on == latest else f"it is {latest}"
        yield f"{source}.known_on is {known_on} where {due}: compute it with known_on(...), never with greatest or max"
    unsaid = "select inputs from input where is_mixed and not list_contains(flags, 'scope_mismatch') limit 1"
    for (inputs,) in con.execute(f"{judged} {unsaid}").fetchall():
        yield f"{source}.flags lacks scope_mismatch where {' and '.join(inputs)} are of different perimeters"


def keeps_figures(model: Model) -> bool:
    """Whether a mart has numbers that are computed from printed figures."""
    return (
        model.schema == "marts"
        and model.contract == FIGURES
        and any(NUMBER.fullmatch(column.type) for column in model.columns)
    )


def sources_of(model: Model) -> list[str]:
    """The table of a mart and, where it has one, its twin as of the end of time."""
    return [model.name] + [f"{model.name}{AS_OF}(date '9999-12-31')"] * model.twin
