"""The rules of the project's structure, held to the code. Each rule is shown to be able to fail."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml

from etl.checks.suite import suite_path
from etl.config import ROOT
from etl.contracts import CONTRACTS
from etl.daily.due import tables_from_deliveries
from etl.models.file import read_model
from etl.models.graph import create_statements, linked
from etl.models.tree import PARAMETER
from etl.warehouse import Connection, kept_tables, memory, tables_of
from tests.support.mart_contract import broken_promises, broken_rows, fill, keeps_figures, sources_of
from tests.support.models import models_behind, project_models

# Only these folders or files may import the library.
ONLY_IN = {
    "dagster": ("assets/",),
    "duckdb": ("etl/warehouse.py",),
    "great_expectations": ("etl/checks/",),
    "pyspark": ("etl/spark/session.py",),
}
NOT_AT_ONCE = ("great_expectations", "pyspark")
# Packages that import no other module of the project than these and their own.
SELF_CONTAINED = {"etl.printed": set[str](), "etl.files": {"etl.errors"}}
# Packages that read a source; none imports another.
SOURCES = ("reference", "inbox", "remote", "edgar")
# The longest chain of imports: within etl/, and through etl/ and assets/ together.
LONGEST_CHAIN = {"etl": 8, "assets": 15}
# Folders of tests/ that mirror no package of etl/: assets/ beside etl/, what tests share, values of the whole.
OTHER_TESTS = {"assets", "data", "support", "values"}
LAYERS = {"core": ("raw", "core"), "steps": ("core", "steps", "marts"), "marts": ("core", "steps", "marts")}
MACHINE_PATH = re.compile(r"(?<![\w.:~}-])/(?:home|root|tmp)/")


@cache
def tracked() -> dict[str, str]:
    """Every text file that git knows or would add, by its path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    texts: dict[str, str] = {}
    for name in listed:
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode("utf-8", errors="replace")
    return texts


def python_files(*folders: str) -> dict[str, str]:
    """The Python files of these folders, by path."""
    starts = tuple(f"{folder}/" for folder in folders)
    files = {path: text for path, text in tracked().items() if path.endswith(".py") and path.startswith(starts)}
    assert files
    return files


def tables() -> list[str]:
    """Tables that need a suite: those of the models, those of the contracts, and the raw ones.

    raw.bookkeeping has one row, which etl.warehouse writes for itself.
    """
    raw = [table for table in tables_of("raw") if table != "raw.bookkeeping"]
    delivered = [contract.table for contract in CONTRACTS]
    return [*raw, *delivered, *(model.name for model in project_models() if not model.is_macro)]


# --- Python: what may import what --------------------------------------------------------------------


@cache
def parsed(source: str) -> ast.Module:
    """The syntax tree of a file, shared by the rules."""
    return ast.parse(source)


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, and whether it does so as soon as it is itself imported."""
    tree = parsed(source)
    lazy = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        at_once = id(node) not in lazy
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, at_once
            yield from ((f"{node.module}.{alias.name}", at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level, at_once


def forbidden_imports(path: str, source: str) -> list[str]:
    """What a file of etl/ or assets/ imports and must not."""
    found: list[str] = []
    own = ".".join(path.split("/")[:2])  # the package of etl/ that the file belongs to
    for module, at_once in imports(source):
        library, _, below = module.partition(".")
        places = ONLY_IN.get(library)
        is_other_package = library in ("etl", "assets") and bool(below) and not f"{module}.".startswith(f"{own}.")
        if places and not path.startswith(places):
            found.append(f"{path} imports {module}: only {' and '.join(places)} does")
        elif library in NOT_AT_ONCE and at_once:
            found.append(f"{path} imports {module} at once: import it inside a function")
        elif module.startswith("."):
            found.append(f"{path} imports from {module}: write the full name")
        elif library == "assets" and path.startswith("etl/"):
            found.append(f"{path} imports {module}: etl never imports assets")
        elif is_other_package and own in SELF_CONTAINED and not _is_one_of(module, SELF_CONTAINED[own]):
            allowed = ", ".join(sorted(SELF_CONTAINED[own])) or "no other module of the project"
            found.append(f"{path} imports {module}: {own} imports {allowed}")
        elif is_other_package and _is_source(own) and _is_source(module):
            found.append(f"{path} imports {module}: sources never import each other")
    return sorted(set(found))


def _is_one_of(module: str, allowed: Iterable[str]) -> bool:
    """Whether this is one of these modules or a name in it."""
    return any(f"{module}.".startswith(f"{name}.") for name in allowed)


def _is_source(module: str) -> bool:
    return _is_one_of(module, (f"etl.{source}" for source in SOURCES))


def test_modules_import_only_what_they_may() -> None:
    files = python_files("etl", "assets")
    assert [problem for path, text in files.items() for problem in forbidden_imports(path, text)] == []


@pytest.mark.parametrize(
    ("path", "source", "allowed"),
    [
        ("assets/models.py", "import dagster as dg", True),
        ("etl/build.py", "import dagster as dg", False),
        ("etl/build.py", "def f():\n    from dagster import asset", False),
        ("etl/warehouse.py", "import duckdb", True),
        ("etl/build.py", "from duckdb import connect", False),
        ("etl/build.py", "import duckdb.typing", False),
        ("etl/checks/dialect.py", "import duckdb_engine", True),
        ("assets/models.py", "import duckdb", False),
        ("etl/checks/run.py", "def f():\n    import great_expectations as gx", True),
        ("etl/checks/run.py", "import great_expectations as gx", False),
        ("etl/build.py", "def f():\n    import great_expectations as gx", False),
        ("etl/spark/session.py", "def f():\n    from pyspark.sql import types", True),
        ("etl/spark/session.py", "import pyspark", False),
        ("etl/build.py", "def f():\n    import pyspark", False),
        ("etl/build.py", "from assets import models", False),
        ("etl/build.py", "from . import quality", False),
        ("etl/build.py", "from .checks import run", False),
        ("etl/reference/read.py", "from etl.reference.tables import Place", True),
        ("etl/reference/read.py", "from etl.printed.forms import figures", True),
        ("etl/reference/read.py", "from etl.edgar.facts import stage", False),
        ("etl/reference/read.py", "from etl.edgar import facts", False),
        ("etl/reference/read.py", "import duckdb", False),
        ("etl/printed/forms.py", "from etl.printed.words import NUMBER", True),
        ("etl/printed/forms.py", "from etl.errors import MendError", False),
        ("etl/printed/forms.py", "def f():\n    from etl import config", False),
        ("etl/files/csv.py", "from etl.errors import MendError", True),
        ("etl/files/csv.py", "from etl.files.json import Record", True),
        ("etl/files/csv.py", "from etl.contracts import CONTRACTS", False),
        ("etl/files/csv.py", "import etl.errors_of_files", False),
    ],
)
def test_import_rule_can_fail(path: str, source: str, allowed: bool) -> None:
    assert (forbidden_imports(path, source) == []) is allowed


Graph = dict[str, set[str]]


def import_graph(files: Mapping[str, str]) -> Graph:
    """The modules of these files, each with those among them that it imports, at once or later."""
    modules = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files}
    return {
        module: {name for name, _ in imports(files[path]) if name in modules} - {module}
        for module, path in modules.items()
    }


@cache
def project_graph() -> Graph:
    return import_graph(python_files("etl", "assets"))


def circular_import(graph: Graph) -> list[str]:
    """Modules that import each other in a circle; none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def longest_chain(graph: Graph, package: str) -> list[str]:
    """The longest chain of imports that begins in a package: its first module imports the second, and so on."""
    chains: dict[str, list[str]] = {}
    for module in TopologicalSorter(graph).static_order():
        chains[module] = [module, *max((chains[name] for name in graph[module]), key=len, default=[])]
    return max((chain for module, chain in chains.items() if f"{module}.".startswith(f"{package}.")), key=len)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circular_import(project_graph()) == []


@pytest.mark.parametrize(("package", "most"), LONGEST_CHAIN.items())
def test_chains_of_imports_are_short(package: str, most: int) -> None:
    chain = longest_chain(project_graph(), package)
    assert len(chain) <= most, f"{' imports '.join(chain)}: at most {most} modules"


def test_chain_rules_can_fail() -> None:
    files = {
        "etl/__init__.py": '"""Nothing."""',
        "etl/a.py": "from etl.b import c",
        "etl/b/__init__.py": '"""Nothing."""',
        "etl/b/c.py": "import json\ndef f():\n    from etl.d import Thing",
        "etl/d.py": "",
        "assets/e.py": "import etl.a",
    }
    graph = import_graph(files)
    assert circular_import(graph) == []
    assert longest_chain(graph, "etl") == ["etl.a", "etl.b.c", "etl.d"]
    assert longest_chain(graph, "assets") == ["assets.e", "etl.a", "etl.b.c", "etl.d"]
    circle = circular_import(import_graph({**files, "etl/d.py": "from etl import a"}))
    assert (circle[0], set(circle)) == (circle[-1], {"etl.a", "etl.b.c", "etl.d"})


# --- Python: packages and names ----------------------------------------------------------------------


def packages(paths: Iterable[str]) -> list[str]:
    """The packages that these files make."""
    return sorted(
        path.removesuffix("/__init__.py").replace("/", ".") for path in paths if path.endswith("/__init__.py")
    )


def test_pyproject_lists_the_packages() -> None:
    listed = tomllib.loads(tracked()["pyproject.toml"])["tool"]["setuptools"]["packages"]
    files = python_files("etl", "assets")
    assert sorted(listed) == packages(files)
    assert {str(Path(path).parent / "__init__.py") for path in files} - files.keys() == set(), (
        "folders without __init__.py"
    )


def test_package_rule_can_fail() -> None:
    assert packages(["etl/__init__.py", "etl/a.py", "etl/b/__init__.py"]) == ["etl", "etl.b"]


def holds_code(source: str) -> bool:
    """Whether a file holds more than its docstring."""
    tree = parsed(source)
    return len(tree.body) != 1 or ast.get_docstring(tree) is None


def test_package_files_hold_a_docstring_only() -> None:
    files = {path: text for path, text in python_files("etl", "assets").items() if path.endswith("__init__.py")}
    # The package itself offers what notebooks import, where it is asked for, and nothing else.
    assert [path for path, text in files.items() if holds_code(text)] == ["etl/__init__.py"]
    body = [type(node).__name__ for node in parsed(files["etl/__init__.py"]).body]
    assert body == ["Expr", "ImportFrom", "If", "Assign", "FunctionDef"]
    assert [holds_code(text) for text in ('"""What is here."""', "", '"""Words."""\nimport json')] == [
        False,
        True,
        True,
    ]


def repeated_classes(files: Mapping[str, str]) -> list[str]:
    """Names that two classes have, with the files that define them."""
    defined: defaultdict[str, list[str]] = defaultdict(list)
    for path, source in files.items():
        for node in ast.walk(parsed(source)):
            if isinstance(node, ast.ClassDef):
                defined[node.name].append(path)
    return [f"{name}: {', '.join(paths)}" for name, paths in sorted(defined.items()) if len(paths) > 1]


def test_class_names_are_unique() -> None:
    assert repeated_classes(python_files("etl", "assets", "benchmarks")) == []


def test_class_rule_can_fail() -> None:
    files = {"etl/a.py": "class Check: ...\nclass Figure: ...", "etl/b.py": "if True:\n    class Check: ..."}
    assert repeated_classes(files) == ["Check: etl/a.py, etl/b.py"]


def unmirrored(tests: Iterable[str], etl: Iterable[str]) -> list[str]:
    """Packages of etl/ without a folder of tests, and folders of tests without a package."""
    tested = {parts[1] for path in tests if len(parts := path.split("/")) > 2 and parts[-1].startswith("test_")}
    existing = {parts[1] for path in etl if len(parts := path.split("/")) > 2}
    missing = [f"etl/{name}/ has no tests in tests/{name}/" for name in sorted(existing - tested)]
    return missing + [f"tests/{name}/ is for no package of etl/" for name in sorted(tested - existing - OTHER_TESTS)]


def test_folders_of_tests_mirror_the_packages() -> None:
    assert unmirrored(python_files("tests"), python_files("etl")) == []


def test_mirror_rule_can_fail() -> None:
    tests = ["tests/test_build.py", "tests/a/test_x.py", "tests/values/test_y.py", "tests/c/test_z.py"]
    assert unmirrored(tests, ["etl/build.py", "etl/a/x.py", "etl/b/y.py"]) == [
        "etl/b/ has no tests in tests/b/",
        "tests/c/ is for no package of etl/",
    ]


# --- SQL: layers, names, suites, cases ----------------------------------------------------------------


def crossed_layers(name: str, reads: Iterable[str]) -> list[str]:
    """What a model reads and its layer may not."""
    allowed = LAYERS[name.partition(".")[0]]
    return [f"{name} reads {read}" for read in reads if read.partition(".")[0] not in allowed]


def test_models_read_what_their_layer_may() -> None:
    assert project_models()
    reads = {model.name: [read for read in model.reads if read not in model.filled] for model in project_models()}
    assert [problem for name in reads for problem in crossed_layers(name, reads[name])] == []


@pytest.mark.parametrize(
    ("name", "reads", "allowed"),
    [
        ("core.a", ["raw.x", "core.y", "core.z_as_of()"], True),
        ("core.a", ["marts.x"], False),
        ("core.a", ["steps.x"], False),
        ("steps.a", ["core.y", "steps.x", "marts.x"], True),
        ("steps.a", ["raw.x"], False),
        ("marts.a", ["core.y", "steps.x", "marts.x"], True),
        ("marts.a", ["raw.x"], False),
        ("marts.a", ["audit.load"], False),
    ],
)
def test_layer_rule_can_fail(name: str, reads: list[str], allowed: bool) -> None:
    assert (crossed_layers(name, reads) == []) is allowed


def test_no_column_has_the_name_of_the_parameter() -> None:
    assert [m.name for m in project_models() for column in m.columns if column.name == PARAMETER] == []
    assert PARAMETER not in {column.name for _, columns in kept_tables().values() for column in columns}


def test_every_output_column_has_a_comment() -> None:
    assert [f"{m.name}.{column.name}" for m in project_models() for column in m.columns if not column.comment] == []


def unpaired(needed: Iterable[str], present: Iterable[str], what: str) -> list[str]:
    """Tables without their suite or case, and suites or cases of no table."""
    wanted, found = set(needed), set(present)
    missing = [f"{name} has no {what}" for name in sorted(wanted - found)]
    return missing + [f"{what} of {name}, which is no table" for name in sorted(found - wanted)]


def test_every_table_has_a_suite() -> None:
    suites = [path for path in tracked() if path.startswith("expectations/")]
    questions = {model.name: model.question for model in project_models()}
    needed = [suite_path(Path("expectations"), name, questions.get(name, "")).as_posix() for name in tables()]
    assert unpaired(needed, suites, "suite file") == []
    assert [path for path in suites if not yaml.safe_load(tracked()[path])["expectations"]] == []


def test_every_model_has_a_case() -> None:
    answers = [Path(path) for path in tracked() if re.fullmatch(r"tests/models/.*/expected\.csv", path)]
    cases = {f"{path.parts[2]}.{path.parts[3]}" for path in answers if len(path.parts) == 6}
    assert [str(path) for path in answers if len(path.parts) != 6] == []
    macros = {model.name for model in project_models() if model.is_macro}
    assert unpaired([m.name for m in project_models() if not m.is_macro], cases - macros, "case") == []


def test_pairing_rule_can_fail() -> None:
    assert unpaired(["core.a"], ["core.a"], "suite") == []
    assert unpaired(["core.a"], [], "suite") == ["core.a has no suite"]
    assert unpaired([], ["core.b"], "case") == ["case of core.b, which is no table"]


@pytest.fixture(scope="module")
def five_years() -> Iterator[Connection]:
    """The marts of figures, and all behind them, of a few made-up figures; a test that changes it rolls back."""
    marts = [model.name for model in project_models() if keeps_figures(model)]
    behind = {name for mart in (*marts, "core.metric", "core.platform") for name in models_behind(mart)}
    con = memory()
    con.execute("set threads = 1")
    fill(con, [model for model in project_models() if model.name in behind])
    yield con
    con.close()


def test_every_mart_keeps_its_contract(five_years: Connection) -> None:
    delivered = tables_from_deliveries(project_models())
    marts = [model for model in project_models() if model.schema == "marts"]
    assert [sentence for mart in marts for sentence in broken_promises(mart, delivered)] == []
    sources = [source for mart in marts if keeps_figures(mart) for source in sources_of(mart)]
    assert len(sources) > 10
    assert [sentence for source in sources for sentence in broken_rows(five_years, source)] == []


KNOWN_ON = "known_on(expense.published_on, buyers.published_on)"
FLAGS = "all_flags(expense.flags, buyers.flags, if(buyers.scope <> '', ['scope_mismatch'], []))"
MART = f"""-- How the expense of a platform relates to its buyers.
-- grain: platform, scope, period_end
with expense as (
    select figure.* from core.observation_latest as figure where figure.metric = 'sm_expense'
),
buyers as (
    select figure.* from core.observation_latest as figure where figure.metric = 'annual_active_buyers'
)
select
    buyers.platform::varchar as platform,  -- slug
    buyers.scope::varchar as scope,  -- perimeter
    buyers.period_end::date as period_end,  -- last day
    ratio(expense.value, buyers.value)::double as per_buyer,  -- CNY
    ratio(expense.value_low, buyers.value_high)::double as per_buyer_low,  -- least
    ratio(expense.value_high, buyers.value_low)::double as per_buyer_high,  -- greatest
    'ok'::varchar as validity,  -- reason
    {FLAGS}::varchar[] as flags,  -- flags
    [expense.observation_id, buyers.observation_id]::varchar[] as input_observation_ids,  -- figures
    {KNOWN_ON}::date as known_on  -- day
from buyers
join expense on expense.platform = buyers.platform and expense.period_end = buyers.period_end
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("", "", None),
        ("    'ok'::varchar as validity,  -- reason\n", "", "marts.per_buyer lacks validity: "),
        (f"    {FLAGS}::varchar[] as flags,  -- flags\n", "", "marts.per_buyer lacks flags: "),
        ("as input_observation_ids", "as inputs", "marts.per_buyer lacks input_observation_ids: "),
        ("as per_buyer_low", "as least", "marts.per_buyer lacks interval (per_buyer_low, per_buyer_high): "),
        ("as known_on", "as published_on", "marts.per_buyer lacks known_on: "),
        ("-- grain", "-- contract: deliveries\n-- grain", "marts.per_buyer declares deliveries and rests on none"),
        ("-- grain", "-- contract: vintages\n-- grain", "add -- twin: no"),
        ("-- grain", "-- contract: verdicts\n-- grain", "marts.per_buyer lacks verdict: "),
        ("-- grain", "-- contract: prints\n-- grain", "marts.per_buyer lacks document_id: "),
        (KNOWN_ON, "greatest(expense.published_on, buyers.published_on)", "marts.per_buyer.known_on is "),
        (KNOWN_ON, "expense.published_on", "marts.per_buyer.known_on is "),
        (", if(buyers.scope <> '', ['scope_mismatch'], [])", "", "marts.per_buyer.flags lacks scope_mismatch"),
    ],
)
def test_contract_rule_can_fail(
    five_years: Connection, tmp_path: Path, old: str, new: str, sentence: str | None
) -> None:
    path = tmp_path / "marts" / "trial" / "per_buyer.sql"
    path.parent.mkdir(parents=True)
    path.write_text(MART.replace(old, new, 1), encoding="utf-8")
    known = {model.name: model for model in models_behind("core.observation_latest").values()}
    mart = next(m for m in linked({**known, "marts.per_buyer": read_model(path, tmp_path)}) if m.schema == "marts")
    found = list(broken_promises(mart, frozenset()))
    if not found:
        five_years.execute("begin")
        for statement in create_statements(mart):
            five_years.execute(statement)
        found = list(broken_rows(five_years, mart.name))
        of_the_twin = list(broken_rows(five_years, sources_of(mart)[1]))
        five_years.execute("rollback")
        # As of a day no figure without a date is known: what skips one shows in the table alone.
        assert len(of_the_twin) == (KNOWN_ON not in new + old and bool(found))
    assert len(found) == bool(sentence)
    assert (sentence or "") in "".join(found)


WRITES = re.compile(r"\b(?:insert\s+into|update|delete\s+from|merge\s+into|truncate)\s+audit\.(\w+|\{)", re.IGNORECASE)
LEDGER = {"load", "quarantine", "source_status"}


def ledger_writes(source: str) -> list[str]:
    """Tables of the ledger that a text writes; a name that is put together while it runs counts too."""
    return [name for name in WRITES.findall(source) if name in LEDGER or name == "{"]


def test_only_the_ledger_writes_what_became_of_files() -> None:
    files = {p: t for p, t in tracked().items() if p.endswith(".py") and p.startswith(("etl/", "assets/"))}
    assert ledger_writes(files.pop("etl/ledger.py"))
    found = {path: tables for path, text in files.items() if (tables := ledger_writes(text))}
    assert found == {}, "call etl.ledger instead"


@pytest.mark.parametrize(
    ("sql", "allowed"),
    [
        ("select file from audit.load", True),
        ("insert into audit.publication (version) values (1)", True),
        ("insert into audit.load (file) values ('a')", False),
        ("insert into\n  audit.quarantine by name select 1", False),
        ("UPDATE audit.load set status = 'refused'", False),
        ("delete from audit.quarantine", False),
        ('f"update audit.{table} set superseded_at = now()"', False),
    ],
)
def test_ledger_rule_can_fail(sql: str, allowed: bool) -> None:
    assert (ledger_writes(sql) == []) is allowed


def orphans(sources: Mapping[str, str]) -> list[str]:
    """Exception classes that derive from none of the two bases in etl/errors.py, by file."""
    bases, places = {}, {}
    for path, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                places[node.name] = path

    def known(name: str, wanted: Callable[[str], bool]) -> bool:
        return wanted(name) or any(known(base, wanted) for base in bases.get(name, ()))

    def is_builtin(name: str) -> bool:
        return isinstance(found := getattr(builtins, name, None), type) and issubclass(found, BaseException)

    return [
        f"{places[name]}: {name}"
        for name in bases
        if known(name, is_builtin) and not known(name, {"MendError", "RetryError"}.__contains__)
    ]


def test_every_error_says_what_helps() -> None:
    code = {p: t for p, t in tracked().items() if p.endswith(".py") and p.startswith(("etl/", "assets/"))}
    assert orphans(code) == [], "derive it from MendError or RetryError of etl/errors.py"


def test_error_rule_can_fail() -> None:
    base = "class MendError(Exception):\n    pass\n"
    assert orphans({"etl/errors.py": base, "etl/a.py": "class OneError(errors.MendError): ..."}) == []
    assert orphans({"etl/errors.py": base, "etl/a.py": "class OneError(ValueError): ..."}) == ["etl/a.py: OneError"]
    assert orphans({"etl/a.py": "class A(KeyError): ...\nclass B(A): ..."}) == ["etl/a.py: A", "etl/a.py: B"]


# --- Files: names, paths ------------------------------------------------------------------------


def misnamed(paths: Iterable[str]) -> list[str]:
    """Files and folders whose name says that they have no subject."""
    return [path for path in paths if {Path(part).stem for part in Path(path).parts} & {"utils", "util"}]


def test_nothing_is_called_utils() -> None:
    assert misnamed(tracked()) == []
    assert misnamed(["etl/utils.py", "etl/utils/dates.py", "etl/build.py"]) == [
        "etl/utils.py",
        "etl/utils/dates.py",
    ]


def machine_paths(text: str) -> list[str]:
    """Lines that name a folder of one machine."""
    return [line.strip() for line in text.splitlines() if MACHINE_PATH.search(line)]


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = {path: lines for path, text in tracked().items() if (lines := machine_paths(text))}
    assert found == {}


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        (f"see /{'home'}/ann/notes", False),
        (f'path = "/{"tmp"}/x"', False),
        (f"file:///{'root'}/work", False),
        ("https://example.com/home/page", True),
        ("$HOME/tmp/x, ./tmp/x, data/tmp/x, ${X}/tmp/y, ~/tmp/z", True),
    ],
)
def test_machine_path_rule_can_fail(text: str, allowed: bool) -> None:
    assert (machine_paths(text) == []) is allowed


def index_addresses(lock: str) -> list[str]:
    """Lines of a lock file that say where packages were downloaded."""
    return [line for line in lock.splitlines() if "://" in line or re.match(r"\s*--?(?!hash)[a-z]", line)]


@pytest.mark.parametrize("name", [f"requirements{of}.lock" for of in ("", "-dev", "-xbrl", "-spark", "-cluster")])
def test_lock_names_no_index(name: str) -> None:
    lock = tracked()[name]
    assert "--hash=sha256:" in lock
    assert index_addresses(lock) == []


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("    --hash=sha256:00 \\", True),
        ("    # via dagster", True),
        ("--index-url mirror", False),
        ("-i mirror", False),
        ("--find-links wheels", False),
        ("package @ https://example.com/a.whl", False),
    ],
)
def test_lock_rule_can_fail(line: str, allowed: bool) -> None:
    assert (index_addresses(line) == []) is allowed


def test_readme_names_the_two_commands() -> None:
    readme = tracked().get("README.md", "")
    assert [command for command in ("make refresh", "make test") if command not in readme] == []
