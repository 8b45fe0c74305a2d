"""Definitions and words are data: adding one is one row, and every place that must know it is tested by name.

A copy of the project gets the definition cac_gross_45 as one row of sql/core/definition.sql and one case. Models,
suites, explain and pages then know it; a place that would not fails under its own name. And nothing lists
definitions or words a second time.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console

from etl.ask.dictionary import made_pages
from etl.ask.explain import explain
from etl.checks.run import run
from etl.checks.suite import load_suite
from etl.config import ROOT
from etl.models.file import Model
from etl.models.graph import create_statements, load_models
from etl.reference.tables import EXPLANATIONS
from etl.warehouse import Connection, memory
from tests.support.model_cases import run_case
from tests.support.models import project_models

NEW = "cac_gross_45"
ROW = "        ('cac_gross_45', 'gross', 12, 0.45, null),\n"
BESIDE = "cac_gross_30"
JD_2016 = f"jd/whole/{NEW}/2016-12-31"
# Tables in which a row for each definition stands beside the others.
TABLES = (
    "steps.cac_ratio",
    "marts.cac_trend",
    "marts.cac_decomposition",
    "marts.peer_rank",
    "marts.restatement_effect",
    "steps.claim_figure",
    "steps.claim_side",
    "steps.claim_reading",
    "marts.claim_check",
)
PAGES = ("dictionary.md", "names.md", "reading-the-marts.md")


def behind(name: str, models: Iterable[Model]) -> list[Model]:
    """The model and everything that is built from it, in the order in which it is built."""
    names = {name}
    found = []
    for model in models:
        if model.name in names or names & {read.removesuffix("()") for read in model.reads}:
            names.add(model.name)
            found.append(model)
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's SQL, pages and cases with one definition more: one row and one case."""
    root = tmp_path_factory.mktemp("project")
    for folder in ("sql", "docs"):
        shutil.copytree(ROOT / folder, root / folder)
    file = root / "sql" / "core" / "definition.sql"
    text = file.read_text(encoding="utf-8")
    assert text.count(f"('{BESIDE}'") == 1
    file.write_text(text.replace(f"        ('{BESIDE}'", f"{ROW}        ('{BESIDE}'"), encoding="utf-8")
    case = root / "cases" / "steps" / "cac_ratio" / "pinduoduo_2019_at_45_percent"
    case.mkdir(parents=True)
    window = ROOT / "tests" / "models" / "steps" / "cac_ratio" / "pinduoduo_2019" / "steps.acquisition_window.csv"
    shutil.copy(window, case)
    # By hand: 27,174.249 / (585.2 - 0.55 x 418.5 = 355.025) = 76.5418...
    (case / "expected.csv").write_text(
        f"definition,buyers_won,cac\n{NEW},355.025,76.54179001478768\n", encoding="utf-8"
    )
    return root


@pytest.fixture(scope="module")
def changed(warehouse: Connection, project: Path) -> Iterator[Connection]:
    """The embedded warehouse with what rests on core.definition built from the copy, until it is rolled back."""
    warehouse.execute("begin")
    try:
        for model in behind("core.definition", load_models(project / "sql")):
            for statement in create_statements(model):
                warehouse.execute(statement)
        yield warehouse
    finally:
        warehouse.execute("rollback")


@pytest.mark.parametrize("table", TABLES)
def test_a_new_definition_is_in_every_table_that_has_the_others(changed: Connection, table: str) -> None:
    rows = dict(changed.execute(f"select t.definition, count(*) from {table} as t group by all").fetchall())
    assert rows.get(BESIDE, 0) > 0
    assert rows.get(NEW) == rows[BESIDE] or (table.startswith("steps.claim_reading") and rows.get(NEW, 0) > 0)


def test_every_table_with_definitions_is_looked_at() -> None:
    tables = {
        m.name for m in behind("core.definition", project_models()) if "definition" in {c.name for c in m.columns}
    }
    # cac_marginal has the definitions of a change, claim_verdict the one reading to quote.
    assert tables == {*TABLES, "core.definition", "steps.cac_marginal", "marts.claim_verdict"}


@pytest.mark.parametrize("table", ["core.definition", *TABLES])
def test_the_suites_pass_with_a_new_definition(changed: Connection, table: str) -> None:
    model = next(model for model in project_models() if model.name == table)
    results = run(changed, load_suite(ROOT / "expectations", table, model.question), model.grain)
    assert [result.name for result in results if result.critical_failure] == []


def explained(con: Connection) -> str:
    console = Console(width=100_000, highlight=False, soft_wrap=True, force_terminal=False)
    with console.capture() as capture:
        for part in explain(con, JD_2016):
            console.print(part)
    return capture.get()


def test_explain_works_a_new_definition_out(changed: Connection) -> None:
    text = explained(changed)
    # By hand: 10,158.686 / (226.6 - 0.55 x 155 = 141.35) = 71.87
    assert f"{NEW} = S / (N_t − 0.55 × N_0)\n  = 10,158.686 m / (226.6 m − 0.55 × 155 m)\n  = 71.87" in text
    assert "if 45 % of the earlier ones lapsed" in text


@pytest.fixture(scope="module")
def pages(project: Path) -> dict[str, str]:
    return made_pages(project / "sql", project / "docs")


@pytest.mark.parametrize("page", PAGES)
def test_the_page_names_a_new_definition(pages: dict[str, str], page: str) -> None:
    assert NEW in pages[page]


def test_a_new_case_shows_a_new_definition(con: Connection, project: Path) -> None:
    case = project / "cases" / "steps" / "cac_ratio" / "pinduoduo_2019_at_45_percent"
    assert run_case(con, case, project / "sql") == []


def test_a_new_shape_is_a_row_a_branch_of_a_macro_and_a_case(con: Connection, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    added = {
        "core/definition.sql": [
            (
                "        (\n            'marginal', false,",
                "        ('yearly', true, 'S / (N_t − {kept} × {kept} × N_0)', 'a scenario'),\n",
            ),
            ("        ('marginal_cac',", "        ('cac_yearly_20', 'yearly', 24, 0.20, null),\n"),
        ],
        "macros/buyers_won.sql": [
            ("    when 'gross'", "    when 'yearly' then at_end - (1 - lapse) * (1 - lapse) * at_start\n")
        ],
    }
    for name, lines in added.items():
        text = (tmp_path / "sql" / name).read_text(encoding="utf-8")
        for place, line in lines:
            assert text.count(place) == 1
            text = text.replace(place, line + place)
        (tmp_path / "sql" / name).write_text(text, encoding="utf-8")
    con.execute((tmp_path / "sql" / "macros" / "buyers_won.sql").read_text(encoding="utf-8"))
    case = tmp_path / "cases" / "steps" / "cac_ratio" / "a_fifth_each_year"
    case.mkdir(parents=True)
    window = "scope,period_start,period_end,months,spend,buyers_start,buyers_end,flags,input_observation_ids"
    (case / "steps.acquisition_window.csv").write_text(f'{window}\n"",2018-01-01,2019-12-31,24,360,100,244,[],[]\n')
    # By hand: 360 / (244 - 0.8 x 0.8 x 100 = 180) = 2
    (case / "expected.csv").write_text("definition,buyers_won,cac\ncac_yearly_20,180,2\n")
    assert run_case(con, case, tmp_path / "sql") == []


CASES = [path for path in sorted((ROOT / "tests" / "models").glob("*/*/*")) if ".".join(path.parts[-3:-1]) in TABLES]


@pytest.fixture(scope="module")
def shared() -> Iterator[Connection]:
    """One warehouse for all cases: each is rolled back."""
    con = memory()
    yield con
    con.close()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join(case.parts[-3:]))
def test_a_new_definition_changes_no_other_case(shared: Connection, project: Path, case: Path) -> None:
    assert run_case(shared, case, project / "sql") == []


# --- one row for a word, one case for a definition, and no second list ----------------------------------------

# Columns that hold words of core.term, by their kind; definitions are in core.definition.
WORDS = {
    "validity": "validity",
    "validity_before": "validity",
    "validity_after": "validity",
    "obstacle": "validity",
    "flags": "flag",
    "derivation": "derivation",
    "definition": "definition",
    "verdict": "verdict",
    "larger_part": "larger_part",
    "outcome": "deal_outcome",
    "pair_outcome": "deal_outcome",
    "who": "cohort",
}
NO_WORDS = {("core.metric", "definition"), ("core.definition", "definition")}  # text, and the list itself
HOLDERS = [
    (model, column.name)
    for model in project_models()
    for column in model.columns
    if column.name in WORDS and (model.name, column.name) not in NO_WORDS and not model.is_macro
]
# Everyday words, which stand beside each other in any sentence.
EVERYDAY = ("change_reason", "claim_part", "explanation", "side", "span", "symbol", "tie_verdict")
SOURCES = ("sql/core", "sql/steps", "sql/marts", "sql/macros", "sql/alerts", "expectations", "etl", "assets", "docs")
KINDS = (".sql", ".yaml", ".py", ".md")
HOMES = {"sql/core/definition.sql", "sql/core/term.sql"}
MADE = re.compile(r"<!-- select [^>]+ -->.*?<!-- end -->", re.DOTALL)


@pytest.fixture(scope="module")
def vocabulary() -> dict[str, set[str]]:
    """Every word by its kind; the definitions under `definition`."""
    found: dict[str, set[str]] = {}
    for name, kind in (("core.term", "t.kind"), ("core.definition", "'definition'")):
        con = memory()
        model = next(model for model in project_models() if model.name == name)
        con.execute(create_statements(model)[0])
        word = model.grain[-1]
        for group, term in con.execute(f"select {kind}, t.{word} from {name} as t").fetchall():
            found.setdefault(group, set()).add(term)
        con.close()
    return found


@pytest.mark.parametrize(("model", "column"), HOLDERS, ids=[f"{model.name}.{column}" for model, column in HOLDERS])
def test_a_suite_looks_its_words_up(model: Model, column: str) -> None:
    suite = load_suite(ROOT / "expectations", model.name, model.question)
    queries = [str(expectation.kwargs.get("unexpected_rows_query", "")) for expectation in suite.expectations]
    table = "core.definition" if WORDS[column] == "definition" else "core.term"
    assert any(table in query and f"t.{column}" in query for query in queries), f"nothing looks {column} up in {table}"


def without_case(definitions: Iterable[str], cases: Path) -> list[str]:
    """Definitions that no case of steps.cac_ratio or steps.cac_marginal computes."""
    texts = [path.read_text(encoding="utf-8") for path in cases.glob("steps/cac_*/*/expected.csv")]
    shown = {word for text in texts for line in text.splitlines()[1:] for word in line.split(",")}
    return sorted(set(definitions) - shown)


def test_every_definition_has_a_case(vocabulary: Mapping[str, Collection[str]], project: Path) -> None:
    cases = ROOT / "tests" / "models"
    assert without_case(vocabulary["definition"], cases) == [], "add a case to tests/models/steps/cac_ratio"
    assert without_case([*vocabulary["definition"], NEW], cases) == [NEW]
    assert without_case([NEW], project / "cases") == []


def test_no_term_is_a_definition(vocabulary: Mapping[str, Collection[str]]) -> None:
    assert set(vocabulary["claim_reading"]) & set(vocabulary["definition"]) == set()


def test_every_word_is_written_by_some_model(vocabulary: Mapping[str, Collection[str]]) -> None:
    files = [path for path in (ROOT / "sql").rglob("*.sql") if path.relative_to(ROOT).as_posix() not in HOMES]
    written = set(re.findall(r"'(\w+)'", "".join(path.read_text(encoding="utf-8") for path in files)))
    computed = [Path(*model.python.split(".")).parent for model in project_models() if model.python]
    code = [path for folder in computed for path in (ROOT / folder).glob("*.py")]
    code.append(ROOT / "etl" / "publish" / "reasons.py")  # why a row changed
    written |= set(re.findall(r'"(\w+)"', "".join(path.read_text(encoding="utf-8") for path in code)))
    formulas = (ROOT / "sql" / "core" / "definition.sql").read_text(encoding="utf-8")
    written |= set(re.findall(r"[A-Z]\w*", formulas))
    words = {word for kind, words in vocabulary.items() if kind != "definition" for word in words}
    words -= set(EXPLANATIONS)  # declared in contradictions.csv
    # Some are put together: year || '_less_' || half, 'deal_' || ended.
    assert sorted(word for word in words - written if not set(re.split("_less_|^deal_", word)) - {""} <= written) == []


def lists(text: str, words: Collection[str], least: int) -> list[str]:
    """Places where `least` or more different words of one kind follow each other with nothing but signs between."""
    word = f"(?:{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})"
    beside = r"(?:[\s'\"`,|\[\](){}:*-]+(?:(?:or|and) ['\"`]?)?)"
    found = re.finditer(rf"(?<![\w.]){word}(?![\w.])(?:{beside}{word}(?![\w.]))+", text)
    return [place[0] for place in found if len(set(re.findall(word, place[0]))) >= least]


@cache
def sources() -> dict[str, str]:
    """The texts that may list no words, by their path; what pages show of the tables is left out."""
    files = [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*")) if path.suffix in KINDS]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}
    return {name: MADE.sub("", text) for name, text in texts.items() if name not in {*HOMES, "docs/dictionary.md"}}


@pytest.mark.parametrize("path", sorted(sources()))
def test_no_file_lists_words_a_second_time(vocabulary: Mapping[str, Collection[str]], path: str) -> None:
    kinds = {kind: words for kind, words in vocabulary.items() if kind not in EVERYDAY}
    found = {kind: lists(sources()[path], words, 2 if kind == "definition" else 3) for kind, words in kinds.items()}
    assert {kind: places for kind, places in found.items() if places} == {}, "refer to core.term or core.definition"


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("where v in ('ok', 'coarse', 'share')", True),
        ("value_set:\n    - ok\n    - coarse\n    - share\n", True),
        ("FLAGS = {'ok', 'coarse', 'share'}", True),
        ("| ok | coarse | share |", True),
        ("-- ok, coarse or share", True),
        ("-- `ok`, `coarse` and `share`", True),
        ("where v in ('ok', 'coarse')", False),
        ("case when a then 'ok' when b then 'coarse' else 'share' end", False),
        ("if(a, 'ok', 'coarse') or v = 'share'", False),
    ],
)
def test_list_rule_can_fail(text: str, listed: bool) -> None:
    assert (lists(text, {"ok", "coarse", "share"}, 3) != []) is listed
