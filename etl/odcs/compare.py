"""What changed between two sets of contracts, and whether it breaks those who rely on them.

Readers of a published table rely on what a column is and on what it can hold: less of either breaks their queries.
Teams that deliver rely on what is taken: a delivery contract breaks where it asks for more. Spelling is no change:
types are compared as DuckDB knows them (etl/odcs/types.py), and the order of columns, keys and words says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.errors import FileError, MendError
from etl.odcs.read import read_document
from etl.odcs.types import DELIVERY, ENDING, Document, same_type

# Clauses that promise readers more when they are there, and what losing each means.
PROMISES = {"required": "may be empty now", "unique": "may repeat now"}
# What a number is: a query that was right goes wrong silently where one changes.
MEANS = {"unit": "unit", "low": "column of its lower bound", "high": "column of its upper bound", "boundOf": "number"}
# What the warehouse makes of a delivered column.
HANDLED = {
    "default": "value without one",
    "kept": "part that is kept",
    "day": "column of the day",
    "looseKey": "loose key",
}


@dataclass(frozen=True)
class ContractChange:
    """One change: the contract, the column or '', a sentence, and whether it breaks what relies on the contract."""

    contract: str
    column: str
    says: str
    is_breaking: bool

    @property
    def place(self) -> str:
        """Contract and column, as people write them."""
        return f"{self.contract}.{self.column}" if self.column else self.contract

    def __str__(self) -> str:
        """One line for a terminal."""
        return f"{'BREAKS' if self.is_breaking else 'ok':<7}{self.place}: {self.says}"


def read_contracts(folder: Path) -> dict[str, Document]:
    """The contracts of a folder by their id.

    Raises MendError where there are none, with every file that is no contract, and for two files of one id.
    """
    if not folder.is_dir():
        fault = "is a file" if folder.exists() else "is not there"
        raise MendError(f"{folder} {fault}: name a folder of contracts, such as contracts/ of the last release")
    found: dict[str, Document] = {}
    faults = []
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            document = read_document(path)
            fault = _fault(document)
        except FileError as error:
            fault = str(error)
        if not fault and document["id"] in found:
            fault = f"has the id {document['id']} of another file of the folder; keep one of them"
        if fault:
            faults.append(f"{path} {fault}")
        else:
            found[document["id"]] = document
    if faults:
        raise MendError("\n".join([*faults, "correct them, or take them out of the folder; nothing was compared"]))
    if not found:
        raise MendError(f"{folder} has no contract ({ENDING}): write them with `warehouse contract export {folder}`")
    return found


def _fault(document: Document) -> str:
    """What keeps a document from being compared; '' where nothing does."""
    if not isinstance(document.get("id"), str):
        return "is no contract: it has no id"
    schema = document.get("schema")
    if not (isinstance(schema, list) and schema and isinstance(schema[0], dict)):
        return "is no contract: it has no schema with an object"
    if not is_ours(document):
        return ""
    columns, rules = schema[0].get("properties"), schema[0].get("quality", [])
    if not (isinstance(columns, list) and all(_has(one, "name", "physicalType") for one in columns)):
        return "has a column without name or physicalType, which contracts of this project have"
    is_delivery = document["id"].startswith(f"{DELIVERY}.")
    if not (isinstance(rules, list) and all(_has(one, "description" if is_delivery else "id") for one in rules)):
        return f"has a rule without {'description' if is_delivery else 'id'}, which contracts of this project have"
    return ""


def _has(element: Any, *names: str) -> bool:
    return isinstance(element, dict) and all(isinstance(element.get(name), str) for name in names)


def is_ours(document: Document) -> bool:
    """Whether a contract is one that the warehouse writes: its id is schema and table, or delivery and kind."""
    return bool(document["id"].partition(".")[2]) and document["id"].partition(".")[2] == document["schema"][0].get(
        "name"
    )


def differences(before: Mapping[str, Document], after: Mapping[str, Document]) -> list[ContractChange]:
    """What changed, by contract and column; what breaks comes first."""
    found: list[ContractChange] = []
    for name in sorted(before.keys() | after.keys()):
        if not all(is_ours(side[name]) for side in (before, after) if name in side):
            found.append(ContractChange(name, "", "is no contract of this warehouse; not compared", is_breaking=False))
        elif name not in after:
            found.append(ContractChange(name, "", "is gone", is_breaking=True))
        elif name not in before:
            found.append(ContractChange(name, "", "is new", is_breaking=False))
        else:
            old, new = before[name]["schema"][0], after[name]["schema"][0]
            compared = _delivery if name.startswith(f"{DELIVERY}.") else _table
            found += [ContractChange(name, *change) for change in compared(old, new)]
    return sorted(found, key=lambda one: (not one.is_breaking, one.contract, one.column, one.says))


Change = tuple[str, str, bool]  # the column, what changed, whether it breaks


def _table(old: Document, new: Document) -> Iterator[Change]:
    """The changes of a published table."""
    if _grain(old) != _grain(new):
        yield "", f"its key was {_listed(_grain(old))} and is {_listed(_grain(new))}", True
    macro, now = _custom(old).get("asOf"), _custom(new).get("asOf")
    if macro != now:
        yield "", f"as known on a day: {macro or 'no macro'}, now {now or 'no macro'}", bool(macro)
    yield from _columns(old, new, _column)
    yield from _rules(old, new, is_delivery=False)
    if old.get("description") != new.get("description"):
        yield "", "says in other words what a row is", False


def _delivery(old: Document, new: Document) -> Iterator[Change]:
    """The changes of a delivery contract."""
    if _grain(old) != _grain(new):
        yield "", f"its key was {_listed(_grain(old))} and is {_listed(_grain(new))}", True
    yield from _handled(old, new, ("day", "looseKey"))
    yield from _columns(old, new, _delivered)
    for name in sorted(_properties(new).keys() - _properties(old).keys()):
        if _properties(new)[name].get("required"):
            yield name, "must be delivered now", True
    yield from _rules(old, new, is_delivery=True)


def _columns(old: Document, new: Document, compared: Any) -> Iterator[Change]:
    """The changes of columns, by `compared` for those on both sides."""
    was, now = _properties(old), _properties(new)
    for name, column in was.items():
        if name not in now:
            yield name, "is gone; a renamed column is gone too", True
            continue
        if same_type(column["physicalType"]) != same_type(now[name]["physicalType"]):
            yield name, f"was {column['physicalType']} and is {now[name]['physicalType']}", True
        if column.get("description") != now[name].get("description"):
            yield name, "says in other words what it is", False
        for says, is_breaking in compared(column, now[name]):
            yield name, says, is_breaking
    for name in now:
        if name not in was:
            yield name, "is new", False


def _column(old: Document, new: Document) -> Iterator[tuple[str, bool]]:
    """The changes of a column for those who read it."""
    for clause, lost in PROMISES.items():
        if bool(old.get(clause)) != bool(new.get(clause)):
            yield (lost, True) if old.get(clause) else (f"is {clause} now", False)
    was, now = _custom(old), _custom(new)
    for name, words in MEANS.items():
        if was.get(name) != now.get(name):
            says = f"its {words} was {was.get(name) or 'not told'} and is {now.get(name) or 'not told'}"
            yield says, name in was
    summed, sums = set(was.get("addsUpOver", ())), set(now.get("addsUpOver", ()))
    if summed - sums:
        yield f"does not add up over {_listed(summed - sums)} any more", True
    elif sums - summed:
        yield f"adds up over {_listed(sums - summed)} too", False
    yield from _words(old, new)


def _words(old: Document, new: Document) -> Iterator[tuple[str, bool]]:
    """The words that a column can hold: a query that names all of them misses a new one."""
    was, now = _enum(old), _enum(new)
    if was and not now:
        yield "may hold any word now", True
    elif now and not was:
        yield "holds listed words only", False
        return
    if more := now - was if was else ():
        yield f"may hold {_listed(more)} now", True
    if less := was - now if now else ():
        yield f"does not hold {_listed(less)} any more", False


def _delivered(old: Document, new: Document) -> Iterator[tuple[str, bool]]:
    """The changes of a column for those who deliver it."""
    if bool(old.get("required")) != bool(new.get("required")):
        yield ("must be delivered now", True) if new.get("required") else ("may be left out now", False)
    was, now = _enum(old), _enum(new)
    if now and (lost := sorted(was - now) or ["other words"] * (not was)):
        yield f"{_listed(lost)} is taken no more", True
    elif more := sorted(now - was) or ["any word"] * bool(was and not now):
        yield f"{_listed(more)} is taken too", False
    least, least_now = (one.get("logicalTypeOptions", {}).get("minimum") for one in (old, new))
    if least != least_now:
        is_tighter = least_now is not None and (least is None or least_now > least)
        yield f"must be at least {least_now}, before {least}", is_tighter
    mine, theirs = _custom(old), _custom(new)
    for name in ("knownIn", "moneyOn", "longestBytes"):
        if mine.get(name) != theirs.get(name):
            yield f"{name} was {mine.get(name, 'not there')} and is {theirs.get(name, 'not there')}", name in theirs
    yield from ((says, is_breaking) for _, says, is_breaking in _handled(old, new, ("default", "kept")))


def _handled(old: Document, new: Document, names: Sequence[str]) -> Iterator[Change]:
    was, now = _custom(old), _custom(new)
    for name in names:
        if was.get(name) != now.get(name):
            yield "", f"its {HANDLED[name]} was {was.get(name, 'none')} and is {now.get(name, 'none')}", True


def _rules(old: Document, new: Document, *, is_delivery: bool) -> Iterator[Change]:
    """Rules by their name and text: nobody can tell whether another query asks for more or for less."""
    was, now = (
        {(rule.get("description") if is_delivery else rule["id"]): _said(rule) for rule in side.get("quality", ())}
        for side in (old, new)
    )
    for name in sorted(was.keys() | now.keys()):
        if name not in now:
            yield "", f"the rule {name!r} holds no more", False
        elif name not in was:
            yield "", f"the rule {name!r} is new", is_delivery
        elif was[name] != now[name]:
            yield "", f"the rule {name!r} says something else", is_delivery


def _said(rule: Document) -> Document:
    """What a rule demands, without what it is called and the blanks in it."""
    kept = {
        name: value for name, value in rule.items() if name not in ("id", "name", "description", "customProperties")
    }
    return kept | {"query": " ".join(rule.get("query", "").split())}


def _properties(schema: Document) -> dict[str, Document]:
    return {column["name"]: column for column in schema["properties"]}


def _custom(element: Document) -> dict[str, Any]:
    return {one["property"]: one["value"] for one in element.get("customProperties", ())}


def _grain(schema: Document) -> frozenset[str]:
    return frozenset(_custom(schema).get("grain", ()))


def _enum(column: Document) -> frozenset[str]:
    return frozenset(one["value"] for one in (column.get("items") or column).get("enum", ()))


def _listed(names: Any) -> str:
    return ", ".join(map(str, sorted(names))) or "none"
