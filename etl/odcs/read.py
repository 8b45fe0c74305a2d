"""A delivery contract that others wrote in the Open Data Contract Standard, as a contract of the inbox.

It speaks of a kind of delivery that the warehouse knows (`schema[0].name`, such as order_event), under the names that
the file has (`physicalName`), and may ask for more than the warehouse does: more columns that must be there, fewer
words, narrower values, further rules. Rows go into the table of that kind and are held to both. What the inbox cannot
hold a row to is refused with the path of the clause, why, and what to write instead: a promise that nobody checks is
worse than none. What only describes (team, support, price, tags) is read over.

In the home's profiles/ such a file, NAME.odcs.yaml, is a profile that folders of the inbox choose by its name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from etl.contracts import CONTRACTS, Column, Contract, Rule
from etl.currencies import circulation
from etl.errors import FileError
from etl.names import LONGEST
from etl.odcs.types import ENDING, LATEST, Document, described, same_type
from etl.profiles.expressions import own_columns
from etl.profiles.profile import BUYER, Profile, Profiles, profile_of
from etl.profiles.recognise import normal
from etl.warehouse import literal
from etl.yaml_file import read_yaml

# Clauses that demand nothing of a row.
TOLD = {"id", "name", "tags", "description", "businessName", "authoritativeDefinitions", "customProperties", "context"}
TOLD_OF_ALL = TOLD | {
    *("apiVersion", "kind", "version", "status", "tenant", "domain", "dataProduct", "contractCreatedTs"),
    *("servers", "support", "price", "team", "roles", "schema"),
}
TOLD_OF_FILE = TOLD | {
    *("physicalName", "physicalType", "logicalType", "dataGranularityDescription", "synonyms", "properties", "quality"),
}
TOLD_OF_COLUMN = TOLD | {
    *("physicalName", "physicalType", "logicalType", "logicalTypeOptions", "required", "unique", "primaryKey"),
    *("primaryKeyPosition", "enum", "quality", "classification", "synonyms", "examples", "criticalDataElement"),
    *("semanticType", "partitionKeyPosition"),
}
LEAVE_OUT = "leave it out"
UNKNOWN = ("is no clause that is known here", f"correct its name, or {LEAVE_OUT}")
NO_MEANING = {
    "slaProperties": ("nothing here measures it", "leave it out: marts.delivery_settling tells how late figures came"),
    "slaDefaultElement": ("it belongs to slaProperties, which nothing here measures", LEAVE_OUT),
    "relationships": ("which table defines a value is fixed here", "leave it out, or list the values as enum"),
    "items": ("no column of a delivery is a list", LEAVE_OUT),
    "map": ("no column of a delivery is a map", LEAVE_OUT),
    "properties": ("no column of a delivery is a structure", "list its fields as columns"),
    "encryptedName": ("values are read as they stand", LEAVE_OUT),
    "transformLogic": ("it is not run", "write a profile (docs/profiles.md), whose map is"),
    "partitioned": ("files are not partitioned", LEAVE_OUT),
    "deprecated": ("a file has the column or not", LEAVE_OUT),
}
KEPT = {"default": "default", "knownIn": "known_in", "moneyOn": "money_on", "kept": "kept", "longestBytes": "longest"}
SORTS = {"grain": "grain", "day": "day", "looseKey": "loose", "brings": "brings"}
FORMS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "yy": "%y"}
_COUNT = re.compile(r"\s*select\s+count\(\*\)\s+from\s+([\w${}]+)\s+where\s+(.+?)\s*;?\s*", re.IGNORECASE | re.DOTALL)
_NOT_HELD = re.compile(r"\(\?|\\[1-9]")  # what regular expressions of DuckDB do not have
_SIGNS = {"maximum": ">", "exclusiveMaximum": ">=", "exclusiveMinimum": "<=", "minimum": "<"}
_SAYS = {"maximum": "is above", "exclusiveMaximum": "is not below", "exclusiveMinimum": "is not above"}
_SAYS["minimum"] = "is below"
# Options that say what a value is at least, and those that say what it is at most.
_BOUNDS = ((("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")), (("minLength",), ("maxLength",)))
_OVER = ("deprecated", "retired")
MOST = 10**18  # DuckDB compares no decimal with a number of 38 digits


@dataclass(frozen=True)
class RefusedClause:
    """A clause that the inbox cannot hold a row to: its path, why, and what to write instead."""

    path: str
    reason: str
    instead: str

    def __str__(self) -> str:
        """A sentence."""
        return f"{self.path}: {self.reason}; {self.instead}"


@dataclass(frozen=True)
class DeliveryForm:
    """What others deliver: the contract that rows are held to, and how the file says it.

    `names` has by column of the contract the name in the file, `constants` the values that the file does not have,
    `dates` and `times` forms as in strptime.
    """

    contract: Contract
    names: Mapping[str, str]
    constants: Mapping[str, str]
    dates: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    zone: str = ""


def delivery_profiles(*folders: Path) -> Profiles:
    """The contracts in these folders as profiles; one of a later folder replaces one of the same name."""
    known: dict[str, Profile] = {}
    faulty: dict[str, str] = {}
    for path in (path for folder in folders if folder.is_dir() for path in sorted(folder.glob(f"*{ENDING}"))):
        name = path.name.removesuffix(ENDING)
        try:
            known[name] = delivery_profile(name, read_document(path))
        except FileError as error:
            faulty[name] = f"contract {path.name}: {error}"
    return Profiles(known, faulty)


def read_document(path: Path) -> Document:
    """A contract as it is written. Raises FileError for what is no mapping in YAML."""
    try:
        document = read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FileError(f"cannot be read as YAML ({' '.join(str(error).split())[:200]}); correct it") from error
    if not isinstance(document, dict):
        raise FileError("holds no clauses; docs/contracts.md describes them")
    return document


def delivery_profile(name: str, document: Document) -> Profile:
    """The profile that reads files under a contract, for folders that choose it. Raises FileError."""
    form = read_delivery(document)
    contract = form.contract
    personal = [column.name for column in contract.columns if column.personal]
    if len(personal) > 1:  # a profile hides the identifiers of one column
        raise FileError(f"is about {contract.name}, which names persons in two columns; deliver it in its own form")
    written: dict[str, Any] = {
        "exporter": str(document.get("name") or document.get("id") or name),
        "evidence": "docs",
        "source": f"contract {document.get('id', name)}, version {document.get('version', 'not told')}",
        "contract": contract.name,
        "only_by_name": True,
        "columns": dict(form.names),
        "optional": [column for column in form.names if not contract.column(column).required],
        "map": {BUYER if column in personal else column: column for column in form.names},
        "constants": dict(form.constants),
        "combine": {column.name: "same" for column in contract.columns if column.name not in contract.grain},
        "file": {"zone": form.zone or "UTC", "dates": form.dates or ("%Y-%m-%d",), "times": form.times},
    }
    # A file under a contract is in the form of the contract.
    rules = tuple(replace(rule, own_form=False) for rule in contract.rules)
    return replace(profile_of(name, written), contract=replace(contract, rules=rules))


def read_delivery(document: Document) -> DeliveryForm:
    """What a contract asks for, held against the kind of delivery that it is about.

    Raises FileError, which names every clause that has no meaning here.
    """
    reader = _ContractReader()
    try:
        form = reader.read(document)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        told = f"{type(error).__name__}: {error}"
        raise FileError(f"is not of the form of the standard ({told}); `datacontract lint` says where") from error
    if reader.refused or not form:
        told = "; ".join(str(clause) for clause in reader.refused)
        raise FileError(f"asks for what has no meaning here: {told}")
    return form


@dataclass
class _ContractReader:
    """The reading of one contract, with the clauses that were refused so far."""

    refused: list[RefusedClause] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    forms: dict[str, set[str]] = field(default_factory=lambda: {"dates": set(), "times": set(), "zone": set()})

    def refuse(self, path: str, reason: str, instead: str = LEAVE_OUT) -> None:
        self.refused.append(RefusedClause(path, reason, instead))

    def read(self, document: Document) -> DeliveryForm | None:
        self._known("", document, TOLD_OF_ALL)
        if not str(document.get("apiVersion", "")).startswith("v3."):
            self.refuse("apiVersion", f"is {document.get('apiVersion')!r}", "write a contract of version 3, as v3.2.0")
        if document.get("kind") != "DataContract":
            self.refuse("kind", f"is {document.get('kind')!r}", "write DataContract")
        if document.get("status") in _OVER:
            self.refuse("status", f"is {document['status']!r}", "take the contract that follows it, or write active")
        schema = document.get("schema")
        if not isinstance(schema, list) or len(schema) != 1 or not isinstance(schema[0], dict):
            self.refuse("schema", "must have one object", "write a contract for each kind of file")
            return None
        kinds = {one.name: one for one in CONTRACTS}
        base = kinds.get(schema[0].get("name", ""))
        if not base:
            listed = f"write one of {', '.join(kinds)}"
            self.refuse("schema[0].name", f"is {schema[0].get('name')!r}, which no model here reads", listed)
            return None
        return self._schema(schema[0], base)

    def _schema(self, schema: Document, base: Contract) -> DeliveryForm:
        at = "schema[0]"
        self._known(at, schema, TOLD_OF_FILE)
        for name, attribute in SORTS.items():
            given, kept = _custom(schema).get(name), getattr(base, attribute)
            if given is not None and (tuple(given) if isinstance(kept, tuple) else given) != kept:
                shown = ", ".join(kept) if isinstance(kept, tuple) else kept or "nothing"
                self.refuse(f"{at}.customProperties.{name}", f"is {shown} for {base.name}")
        properties = schema.get("properties", ())
        self._key(at, properties, base)
        given = {}
        for number, one in enumerate(properties):
            column = self._column(f"{at}.properties[{number}]", one, base)
            if column and column.name in given:
                self.refuse(f"{at}.properties[{number}].name", f"{column.name} is described before", "keep one of them")
            elif column:
                given[column.name] = column
        for column in base.columns:
            if column.required and column.name not in given:
                instead = "add it; with a customProperty `constant` where files do not have it"
                self.refuse(f"{at}.properties", f"{column.name} is missing, without which nothing loads", instead)
        for number, rule in enumerate(schema.get("quality") or ()):
            self._rule(f"{at}.quality[{number}]", rule, base, "")
        columns = tuple(given.get(column.name, column) for column in base.columns)
        columns = tuple(self._with_rules(column) for column in columns)
        own = [rule for rule in self.rules if rule not in base.rules]
        found = replace(
            base, tells=str(schema.get("description", base.tells)), columns=columns, rules=(*base.rules, *own)
        )
        zones = self.forms["zone"]
        if len(zones) > 1:
            self.refuse(f"{at}.properties", f"has times of the zones {', '.join(sorted(zones))}", "write one")
        dates, times = (tuple(sorted(self.forms[kind])) for kind in ("dates", "times"))
        return DeliveryForm(found, self.names, self.constants, dates, times, "".join(sorted(zones)[:1]))

    def _known(self, at: str, element: Document, known: set[str]) -> None:
        """Refuse clauses that are not known, and those that have no meaning."""
        for name, value in element.items():
            if name in known or _is_nothing(value):
                continue
            reason, instead = NO_MEANING.get(
                name, ("is no clause that is known here", "correct its name, or " + LEAVE_OUT)
            )
            self.refuse(f"{at}.{name}".lstrip("."), reason, instead)

    def _key(self, at: str, properties: Sequence[Document], base: Contract) -> None:
        key = {one.get("name") for one in properties if one.get("primaryKey")}
        if key and key != set(base.grain):
            self.refuse(f"{at}.properties.primaryKey", f"the key of {base.name} is {', '.join(base.grain)}")

    def _column(self, at: str, given: Document, base: Contract) -> Column | None:
        """The column as the contract asks for it; None for one that the kind of delivery does not have."""
        self._known(at, given, TOLD_OF_COLUMN)
        known = {column.name: column for column in base.columns}
        column = known.get(given.get("name", ""))
        if not column:
            reason = f"{given.get('name')!r} is no column of {base.name}, so that no model reads it"
            self.refuse(f"{at}.name", reason, f"leave it out, or write one of {', '.join(known)}")
            return None
        self._type(at, given, column)
        custom = _custom(given)
        for name, attribute in KEPT.items():
            kept = getattr(column, attribute)
            if name in custom and custom[name] != kept:
                unset = kept in ("", "null", "$value", LONGEST)
                instead = LEAVE_OUT if unset else f"write {kept}, or {LEAVE_OUT}"
                self.refuse(f"{at}.customProperties.{name}", "is the warehouse's to say", instead)
        if "constant" in custom:
            self._constant(f"{at}.customProperties.constant", custom["constant"], column)
        else:
            self._name(f"{at}.physicalName", str(given.get("physicalName") or column.name), column)
        if given.get("required") is False and column.required:
            self.refuse(f"{at}.required", f"{base.name} is not loaded without {column.name}", "write true")
        if given.get("unique") and base.grain != (column.name,):
            self.refuse(f"{at}.unique", f"one row a key is held ({', '.join(base.grain)}), and no other column")
        found = replace(
            column,
            meaning=str(given.get("description", column.meaning)),
            required=column.required or bool(given.get("required")),
            also=tuple(one["synonym"] for one in given.get("synonyms", ())) or column.also,
        )
        if given.get("enum") == []:
            self.refuse(f"{at}.enum", "takes no word at all", f"list the words, or {LEAVE_OUT}")
        if words := self._words(f"{at}.enum", [one.get("value") for one in given.get("enum") or ()], column):
            found = replace(found, words=words)
            if column.name in self.constants and self.constants[column.name] not in words:
                reason = f"does not take the constant {self.constants[column.name]!r}"
                self.refuse(f"{at}.enum", reason, "write it among the words, or another constant")
        found = self._options(at, given.get("logicalTypeOptions") or {}, found)
        for number, rule in enumerate(given.get("quality") or ()):
            self._rule(f"{at}.quality[{number}]", rule, base, column.name)
        return found

    def _constant(self, at: str, value: Any, column: Column) -> None:
        """The value of every row, for a column that files do not have."""
        self.constants[column.name] = str(value)
        if isinstance(value, list | dict) or value is None:
            self.refuse(at, f"{value!r} is no single value", "write one word, number or day")
        elif not _can_be(value, column):
            self.refuse(at, f"{value!r} is no {column.type}", f"write a value of {column.name}")
        elif column.words and value not in column.words:
            self.refuse(at, f"{value} has no meaning in {column.name}", f"write one of {', '.join(column.words)}")
        elif column.money_on and value not in circulation():
            self.refuse(at, f"{value!r} is no currency", "write its ISO 4217 code (CNY, not RMB)")

    def _name(self, at: str, name: str, column: Column) -> None:
        """The name of a column in the file, which no other has."""
        other = next((one for one, given in self.names.items() if normal(given) == normal(name)), "")
        if other:
            instead = "write the name of another column of the file, or the customProperty `constant`"
            self.refuse(at, f"{name!r} is the column of {other} already", instead)
        self.names[column.name] = name

    def _type(self, at: str, given: Document, column: Column) -> None:
        kind, logical = str(given.get("physicalType") or column.type), given.get("logicalType")
        if column.type == "varchar" and "(" in kind:
            self.refuse(f"{at}.physicalType", f"{kind} holds no length here", "write logicalTypeOptions.maxLength")
        elif same_type(kind) != same_type(column.type):
            self.refuse(f"{at}.physicalType", f"{column.name} is {column.type.upper()} here", f"write {column.type}")
        ours = described(column.type)["logicalType"]
        if logical not in (None, ours):
            self.refuse(f"{at}.logicalType", f"{column.name} is a {ours} here", f"write {ours}")

    def _words(self, at: str, words: Sequence[Any], column: Column) -> tuple[str, ...]:
        if not words:
            return ()
        if column.personal or column.type != "varchar" or not all(isinstance(word, str) for word in words):
            self.refuse(at, f"{column.name} holds no words", "write minimum and maximum, or a rule")
        elif other := [word for word in words if column.words and word not in column.words]:
            self.refuse(
                at, f"{', '.join(other)} has no meaning in {column.name}", f"write of {', '.join(column.words)}"
            )
        return tuple(words)

    def _options(self, at: str, options: Mapping[str, Any], column: Column) -> Column:
        """What logicalTypeOptions ask of a value."""
        ours = described(column.type).get("logicalTypeOptions", {})
        for name, value in options.items():
            path = f"{at}.logicalTypeOptions.{name}"
            if value == ours.get(name) or _is_nothing(value):
                continue
            if fault := _no_option(name, value):
                self.refuse(path, *fault)
            elif name == "minimum" and isinstance(value, int) and column.type not in ("date", "timestamp", "varchar"):
                if column.least is not None and value < column.least:
                    self.refuse(path, f"{column.name} is at least {column.least} here", f"write {column.least} or more")
                column = replace(column, least=value)
            elif column.personal:
                self.refuse(path, f"of {column.name} only a keyed hash is kept")
            elif name in ("defaultTimezone", "format") and column.type in ("date", "timestamp"):
                self._form(path, name, str(value), column.type)
            elif name == "timezone" and column.type == "timestamp":
                continue  # times are read with an offset and without
            elif not (rule := _narrower(name, value, column)):
                self.refuse(
                    path, f"{value!r} cannot be held for {column.name}", "write a rule of type sql, or " + LEAVE_OUT
                )
            else:
                self.rules.append(rule)
        self._bounds(f"{at}.logicalTypeOptions", options, column)
        return column

    def _bounds(self, at: str, options: Mapping[str, Any], column: Column) -> None:
        """Refuse an upper bound that leaves no value above the lower one."""
        given = {"minimum": column.least, **options}
        for low, high in ((low, high) for lows, highs in _BOUNDS for low in lows for high in highs):
            least, most = given.get(low), given.get(high)
            if least is None or most is None or _no_option(low, least) or _no_option(high, most):
                continue
            if not (_is_number(least) and _is_number(most)):
                least, most = str(least), str(most)
            if least > most or (least == most and "exclusive" in low + high):
                says = f"no value is both at most {most} and at least {least} ({low})"
                self.refuse(f"{at}.{high}", says, f"write more than {least}, or {LEAVE_OUT}")

    def _form(self, path: str, name: str, value: str, kind: str) -> None:
        """The form or the zone of days and times."""
        if name == "defaultTimezone":
            if value not in available_timezones():
                self.refuse(path, f"{value!r} is no time zone", "write a name such as Europe/Berlin")
            self.forms["zone"].add(value)
            return
        form = re.sub("|".join(FORMS), lambda found: FORMS[found[0]], value.replace("'T'", "T"))
        if re.search(r"(?<!%)[A-Za-z]", form.replace("T", "")):
            self.refuse(path, f"{value!r} is not read", f"write it of {', '.join(FORMS)}, or {LEAVE_OUT} for ISO 8601")
        self.forms["dates" if kind == "date" else "times"].add(form)

    def _rule(self, at: str, rule: Document, base: Contract, column: str) -> None:
        """A rule of quality, as a condition under which a row is set aside."""
        kind = rule.get("type") or "library"
        if kind == "text":
            return
        if kind not in ("sql", "library"):
            self.refuse(at, f"rules of type {kind} are not run here", "write it as a query: type sql")
            return
        if rule.get("mustBe") != 0 or str(rule.get("unit", "rows")) != "rows":
            self.refuse(at, "a row at fault is set aside, so that none loads", "write mustBe: 0 in rows")
        elif kind == "library":
            self._metric(at, rule, base, column)
        else:
            self._query(at, rule, base, column)

    def _metric(self, at: str, rule: Document, base: Contract, column: str) -> None:
        metric, arguments = rule.get("metric") or rule.get("rule"), rule.get("arguments") or {}
        if metric in ("nullValues", "missingValues") and column and not arguments:
            self.rules.append(Rule(f"{column} is null", column, "is empty; fill it in"))
        elif metric == "invalidValues" and column and set(arguments) == {"validValues"}:
            words = self._words(f"{at}.arguments", arguments["validValues"], base.column(column))
            if not words:
                self.refuse(f"{at}.arguments.validValues", "takes no word at all", f"list the words, or {LEAVE_OUT}")
                return
            listed = ", ".join(literal(str(word)) for word in words)
            self.rules.append(Rule(f"{column} not in ({listed})", column, f"is none of {listed}"))
        elif metric != "duplicateValues" or set(arguments.get("properties", [column])) != set(base.grain):
            self.refuse(at, f"{metric} is not held", "write enum, required or a rule of type sql for each row")

    def _query(self, at: str, rule: Document, base: Contract, column: str) -> None:
        custom = _custom(rule)
        column = custom.get("column", column)
        found = _COUNT.fullmatch(str(rule.get("query", "")))
        if not found or found[1].strip("${}") not in (base.name, "object", "table", "model"):
            instead = f"write select count(*) from {base.name} where <what breaks it>"
            self.refuse(f"{at}.query", "is no condition on a row", instead)
            return
        breaks = found[2]
        for latest in LATEST.values():
            breaks = breaks.replace(latest, "$latest")
        reason = str(custom.get("reason") or rule.get("description") or f"breaks the rule {breaks}")
        made = Rule(breaks, column, reason, own_form=bool(custom.get("ownForm")))
        if made not in base.rules and (fault := _unheld(breaks, base, column)):
            self.refuse(f"{at}.query", fault, "write a condition on columns of the row")
            return
        self.rules.append(made)

    def _with_rules(self, column: Column) -> Column:
        """The column, required where a rule says that it is never empty."""
        never = Rule(f"{column.name} is null", column.name, "is empty; fill it in")
        if never not in self.rules:
            return column
        self.rules.remove(never)
        return replace(column, required=True)


def _is_nothing(value: Any) -> bool:
    """Whether a clause is as good as absent: the standard's defaults."""
    return value is None or value is False or value in ([], {}, "")


def _narrower(name: str, value: Any, column: Column) -> Rule | None:
    """The rule of an option that narrows the values of a column; None for one that is not held."""
    is_number = _is_number(value)
    kind, of = column.type, column.name
    if isinstance(value, float):  # as a decimal: 1e-05 would make the comparison one of floating-point numbers
        value = format(Decimal(repr(value)), "f")
    if name in _SIGNS and kind in ("date", "timestamp") and _is_day(value):
        return Rule(f"{of} {_SIGNS[name]} {kind} '{value}'", of, f"{_SAYS[name]} {value}; correct it")
    if name in _SIGNS and is_number and kind not in ("varchar", "boolean", "date", "timestamp"):
        return Rule(f"{of} {_SIGNS[name]} {value}", of, f"{_SAYS[name]} {value}; correct it")
    if name == "multipleOf" and is_number and kind not in ("varchar", "boolean", "date", "timestamp"):
        return Rule(f"{of} % {value} <> 0", of, f"is no multiple of {value}; correct it")
    if name in ("minLength", "maxLength") and is_number and kind == "varchar":
        sign, says = ("<", "fewer") if name == "minLength" else (">", "more")
        return Rule(f"length({of}) {sign} {value}", of, f"has {says} than {value} characters; correct it")
    if name == "pattern" and kind == "varchar" and _is_whole_pattern(str(value)):
        return Rule(
            f"not regexp_full_match({of}, {literal(str(value))})", of, f"is not of the form {value}; correct it"
        )
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _no_option(name: str, value: Any) -> tuple[str, str] | None:
    """Why no value of any column can keep an option, and what to write instead; None where some can."""
    if value is True or (isinstance(value, float) and not math.isfinite(value)):
        return f"{value!r} is no number to hold a value to", f"write a number, or {LEAVE_OUT}"
    if _is_number(value) and abs(value) >= MOST:
        return f"{value} is beyond what any column holds", f"write a number below {MOST}, or {LEAVE_OUT}"
    if name == "multipleOf" and _is_number(value) and value <= 0:
        return f"nothing is a multiple of {value}", f"write a number above 0, or {LEAVE_OUT}"
    if name in ("minLength", "maxLength") and not (isinstance(value, int) and value > 0):
        return f"{value!r} is no number of characters", f"write a whole number above 0, or {LEAVE_OUT}"
    return None


def _can_be(value: Any, column: Column) -> bool:
    """Whether a constant can be a value of the column."""
    if column.type in ("date", "timestamp"):
        return _is_day(str(value)[:10])
    if column.type == "boolean":
        return str(value).lower() in ("true", "false")
    if column.type == "varchar":
        return bool(str(value).strip())
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


def _is_day(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def _is_whole_pattern(pattern: str) -> bool:
    """Whether it says of the whole text what it must be, in a form that DuckDB reads as Python does."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return pattern.startswith("^") and pattern.endswith("$") and not _NOT_HELD.search(pattern)


def _unheld(breaks: str, base: Contract, column: str) -> str:
    """Why a condition cannot be held for a row; '' where it can."""
    known = {one.name for one in base.columns}
    if "$latest" in breaks and (column not in known or base.column(column).type not in LATEST):
        return "speaks of now without the column that it is about (customProperty `column`)"
    try:
        unknown = own_columns(breaks.replace("$latest", "date")) - known - {"date"}
    except FileError as error:
        return str(error)
    return f"names {', '.join(sorted(unknown))}, which {base.name} does not have" if unknown else ""


def _custom(element: Document) -> dict[str, Any]:
    return {one["property"]: one["value"] for one in element.get("customProperties") or ()}
