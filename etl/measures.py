"""The numbers of each mart and of core.observation: unit, bounds, and which may be added up.

Source: etl/measures.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from etl.config import ROOT
from etl.yaml_file import read_yaml

FILE = ROOT / "etl" / "measures.yaml"
ENDINGS = ("_pct", "_before", "_after")  # which stand behind the word for the bound
PERSONS = {"new_buyers": "persons", "new_buyers_kept": "persons", "buyers": "persons"}
# Columns of a row by whose text a unit is written.
OF_ROW = ("reporting_currency", "own_currency", "currency", "unit")


@dataclass(frozen=True)
class Measure:
    """A number of a mart: its unit as etl/measures.yaml says it, the columns of its bounds, and what it adds up over.

    `over` is empty for a number that is never added up.
    """

    column: str
    unit: str
    low: str = ""
    high: str = ""
    over: tuple[str, ...] = ()

    def unit_in(self, row: Mapping[str, Any]) -> str:
        """The unit in a row, with the currency or the unit that the row says; '' where the row says none."""
        if self.unit.startswith("metric"):
            metric = str(row.get("metric") or "")
            return (row.get("currency") or PERSONS.get(metric, metric)) + self.unit.removeprefix("metric")
        named = [name for name in OF_ROW if re.search(rf"\b{name}\b", self.unit)]
        if any(not row.get(name) for name in named):
            return ""
        return re.sub(rf"\b({'|'.join(OF_ROW)})\b", lambda found: str(row[found[1]]), self.unit)


@cache
def _read() -> Mapping[str, Any]:
    described: Mapping[str, Any] = read_yaml(FILE)
    return described


def main_number(table: str) -> str:
    """The number that a row of a table is about; '' where its numbers stand beside each other."""
    return str(_read().get(table, {}).get("main", ""))


def tables() -> Collection[str]:
    """The tables whose numbers are described."""
    return _read().keys()


def measures(table: str, columns: Collection[str]) -> dict[str, Measure]:
    """The numbers of a table by column, bounds left out; empty for a table that is not described.

    `columns` are those that the table has, which may be of an older version.
    """
    told = _read().get(table, {})
    found = {}
    for unit, names in told.get("units", {}).items():
        for name in names:
            low, high = told.get("bounds", {}).get(name) or (_bound(name, side, columns) for side in ("low", "high"))
            over = tuple(told.get("over", ())) if name in told.get("sums", ()) else ()
            found[name] = Measure(name, unit, low, high, over)
    return {name: measure for name, measure in found.items() if name in columns}


def _bound(name: str, side: str, columns: Collection[str]) -> str:
    """The column with a bound of a number, named after it; '' where there is none."""
    ending = next((one for one in ENDINGS if name.endswith(one)), "")
    stem = name.removesuffix(ending)
    return next((one for one in (f"{name}_{side}", f"{stem}_{side}{ending}") if one in columns), "")
