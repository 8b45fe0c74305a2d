"""The messages that the program can show while nobody looks, as templates: an ellipsis stands for what is filled in.

They are read from the syntax trees of the modules that a refresh, the daemon, a backup, a restore or `warehouse doctor`
runs: the texts of errors that are raised, of findings, of alerts and of the lines of a summary.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

HOLE = "…"
# Modules whose errors a person meets who is typing a command, or who changes the project's own files.
BY_DAY = (
    "assets/days.py",
    "assets/web.py",
    "etl/ask/dictionary.py",
    "etl/ask/effect.py",
    "etl/ask/explain.py",
    "etl/ask/shell.py",
    "etl/checks/dialect.py",
    "etl/checks/pages.py",
    "etl/checks/suite.py",
    "etl/demo.py",
    "etl/edgar/bulk.py",
    "etl/figures/",
    "etl/frames.py",
    "etl/inbox/trial.py",
    "etl/lake/",
    "etl/models/",
    "etl/odcs/accept.py",
    "etl/odcs/compare.py",
    "etl/odcs/release.py",
    "etl/odcs/rules.py",
    "etl/odcs/write.py",
    "etl/profiles/draft.py",
    "etl/publish/diff.py",
    "etl/publish/export.py",
    "etl/publish/workbook.py",
    "etl/semantic.py",
)
RAISED = re.compile(r"(?!NoModel)\w*(Error|Failure)|StateFound")  # NoModelError becomes the reason of an empty number
LABEL = re.compile(r"[A-Z]\w*(?: \w+)?(?= {2,}|: |$)")
TOPIC = re.compile(r"\bselect\s+'(\w+)'")
WORD = re.compile(r"[^\W\d_]{3,}")


def templates(root: Path) -> dict[str, str]:
    """Every message, with the file that has it."""
    found: dict[str, str] = {}
    for folder in ("etl", "assets"):
        for path in sorted((root / folder).rglob("*.py")):
            place = path.relative_to(root).as_posix()
            if not place.startswith(BY_DAY):
                for text in in_module(path.read_text(encoding="utf-8")):
                    found.setdefault(text, place)
    found.pop(f"{HOLE}: {HOLE}", None)  # the alert whose name is that of its query
    for path in sorted((root / "sql" / "alerts").glob("*.sql")):
        found[f"{path.stem}: {HOLE}"] = path.relative_to(root).as_posix()
    doctor = root / "sql/queries/doctor_findings.sql"
    for topic in TOPIC.findall(doctor.read_text(encoding="utf-8")):
        found[f"{topic} {HOLE}: {HOLE}"] = doctor.relative_to(root).as_posix()
    return found


def texts(root: Path) -> set[str]:
    """Every text of the modules, also those that are no messages."""
    found = set()
    for folder in ("etl", "assets"):
        for path in (root / folder).rglob("*.py"):
            found |= {text(node, {}) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))}
    return found - {HOLE}


def in_module(source: str) -> Iterator[str]:
    """The messages of one module: texts of errors and findings, and the lines that begin with a label."""
    tree = ast.parse(source)
    constants = _assigned(tree.body)
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        named = constants | _assigned(ast.walk(function))
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and RAISED.fullmatch(_called(node)):
                yield from _of_call(node, named)
            elif isinstance(node, ast.Call) and _called(node) == "Finding":
                yield f"{text(node.args[0], {})}: {HOLE}"
            elif isinstance(node, ast.Call) and _called(node) == "report_run_failed":
                yield from (text(keyword.value, named) for keyword in node.keywords if keyword.arg == "message")
            elif (
                isinstance(node, ast.Yield | ast.Return)
                and isinstance(node.value, ast.JoinedStr | ast.Constant)
                and (label := LABEL.match(text(node.value, named)))
            ):
                yield f"{label[0]} {HOLE}"


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """What names are given a value, among these statements, and the value."""
    return {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def _of_call(node: ast.Call, named: dict[str, ast.expr]) -> Iterator[str]:
    given = [text(argument, named) for argument in node.args]
    if _called(node) == "StateFound":
        if len(given) > 3:
            topic, _, subject, finding, *_ = given
            yield f"{topic} {subject}: {finding}"
        return
    given += [text(keyword.value, named) for keyword in node.keywords if keyword.arg == "description"]
    # With less than two words of its own it carries the message of something else.
    yield from (one for one in given if len(WORD.findall(one.replace(HOLE, " "))) >= 2)


def text(node: ast.AST, named: dict[str, ast.expr]) -> str:
    """The text of an expression as far as it is written out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text(part, {}) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text(node.left, named) + text(node.right, named)
    if isinstance(node, ast.Name) and node.id in named:
        return text(named[node.id], {})
    return HOLE


def rows_of(page: str) -> list[list[str]]:
    """The lines of the tables whose first column is a message: its cells."""
    rows: list[list[str]] = []
    is_messages = False
    for line in page.splitlines():
        if not line.startswith("|"):
            is_messages = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if cells[0].strip() == "message":
            is_messages = True
        elif is_messages and not set(line) <= set("|-"):
            rows.append(cells)
    return rows


def patterns(cell: str) -> list[str]:
    """The messages that a first cell names: one, or several between line breaks."""
    return [one.strip().strip("`") for one in cell.split("<br>")]


def covers(pattern: str, template: str) -> bool:
    """Whether a message of the page, in which an ellipsis stands for anything, is this template."""
    pieces = (re.escape(piece) for piece in pattern.replace("`", "").split(HOLE))
    return re.fullmatch(".*".join(pieces), template.replace("`", ""), re.DOTALL) is not None
