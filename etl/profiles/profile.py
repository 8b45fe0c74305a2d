"""Profiles as they are written: the YAML files of profiles/ and of a home, and what a folder of the inbox says.

A fault in one of them is an error of the person who wrote it and names the file, the field and the fix; it never
changes how a file is read. docs/profiles.md describes the fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from etl.contracts import CONTRACTS, Contract
from etl.errors import FileError, MendError
from etl.odcs.types import ENDING
from etl.yaml_file import read_yaml

FOLDER = "profile.yaml"  # what a folder of the inbox says about its files
FORMS = {"1,234.56": (",", "."), "1.234,56": (".", ","), "1 234,56": (" ", ",")}
NEEDED = ("exporter", "evidence", "source", "contract", "columns")
EVIDENCE = ("real", "code", "docs")
NOTHING = "none"
COMBINE = ("sum", "sum_of_all", "first", "last", "min", "max", "same")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
OURS = {"line", "raw", "broken", "any_cell"}  # names that no column of a profile may have
BUYER = "buyer_id"


@dataclass(frozen=True)
class FileForm:
    """How the file is written; docs/profiles.md says what each field means."""

    above: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    encodings: tuple[str, ...] = ("utf-8", "gb18030", "cp1252")
    records: str = ""
    numbers: str | Mapping[str, str] = "1,234.56"
    missing: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    times: tuple[str, ...] = ()
    zone: str = ""


@dataclass(frozen=True)
class Skip:
    """Rows that are no data: the condition, what they are, and of totals the rows that they add up (`all`, a name)."""

    where: str
    shown_as: str
    check: str = ""


@dataclass(frozen=True)
class Refusal:
    """A condition on a row under which the whole file is useless, and why."""

    where: str
    because: str


@dataclass(frozen=True)
class Profile:
    """How the files of one exporter become rows of `contract`, which is None for files with nothing to load.

    `columns` has by a name of ours the names in the file by language ('' is any).
    """

    name: str
    exporter: str
    evidence: str
    source: str
    contract: Contract | None
    columns: Mapping[str, Mapping[str, tuple[str, ...]]]
    optional: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)
    fill_down: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    because: str = ""
    only_by_name: bool = False
    file: FileForm = FileForm()
    skip: tuple[Skip, ...] = ()
    refuse: tuple[Refusal, ...] = ()
    map: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    combine: Mapping[str, str] = field(default_factory=dict)
    then: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Every name of ours that its expressions may use."""
        captured = {name for _, found in self._spelled() for name in re.findall(r"\{(\w+)\}", found)} - {"any"}
        return frozenset({*self.columns, *captured, *self.file.above})

    def _spelled(self) -> list[tuple[str, str]]:
        return [(name, one) for name, found in self.columns.items() for spelled in found.values() for one in spelled]


@dataclass(frozen=True)
class Folder:
    """What a folder of the inbox says about its files; `path` is its file profile.yaml in the inbox, '' without one."""

    path: str = ""
    profile: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""
    numbers: str = ""
    difference: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Profiles:
    """Profiles by name, and what is wrong with those that cannot be used."""

    known: Mapping[str, Profile] = field(default_factory=dict)
    faulty: Mapping[str, str] = field(default_factory=dict)


def load_profiles(*folders: Path) -> Profiles:
    """The profiles of these folders; one of a later folder replaces one of the same name.

    Contracts of others, which lie there too, are read by etl.odcs.read.
    """
    known: dict[str, Profile] = {}
    faulty: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
            if path.name.endswith(ENDING):
                continue
            try:
                known[path.stem] = read_profile(path)
            except MendError as error:
                faulty[path.stem] = str(error)
    return Profiles(known, faulty)


def read_profile(path: Path) -> Profile:
    """One profile. Raises MendError for a faulty one."""
    stat = path.stat()
    return _read_profile(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=512)
def _read_profile(path: Path, modified: int, size: int) -> Profile:
    try:
        return profile_of(path.stem, _parsed(path))
    except FileError as error:
        raise MendError(f"profile {path.name}: {error}") from error


def read_folder(path: Path, shown_as: str) -> Folder:
    """What a folder's profile.yaml says. Raises FileError, which refuses the folder's files, for a faulty one."""
    try:
        written = _known(_parsed(path), Folder)
        constants = _texts(written.get("constants", {}), "constants")
        difference = _texts(written.get("difference", {}), "difference")
        zone, numbers = str(written.get("zone", "")), str(written.get("numbers", ""))
        _check_form(zone, numbers)
        return Folder(shown_as, str(written.get("profile", "")), constants, zone, numbers, difference)
    except FileError as error:
        raise FileError(f"lies under {shown_as}, which {error}") from error


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        written = read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FileError(f"cannot be read ({' '.join(str(error).split())[:200]}); correct it") from error
    if not isinstance(written, dict):
        raise FileError("holds no fields; docs/profiles.md describes them")
    return written


def profile_of(name: str, written: Mapping[str, Any]) -> Profile:
    """The profile of that name from its YAML. Raises FileError for a faulty one."""
    known = _known(written, Profile, without={"name"})
    if lacking := [
        needed for needed in ("exporter", "evidence", "source", "contract", "columns") if not known.get(needed)
    ]:
        raise FileError(f"lacks {', '.join(lacking)}; docs/profiles.md describes the fields")
    form = _known(known.get("file", {}), FileForm, "file.")
    for many in ("encodings", "missing", "strip", "dates", "times"):
        if many in form:
            form[many] = _list(form[many], f"file.{many}")
    contracts: dict[str, Contract | None] = {one.name: one for one in CONTRACTS}
    if known["contract"] not in {*contracts, NOTHING}:
        raise FileError(f"has the contract {known['contract']!r}; write one of {', '.join([*contracts, NOTHING])}")
    profile = Profile(
        name=name,
        exporter=str(known["exporter"]).strip(),
        evidence=str(known["evidence"]),
        source=str(known["source"]).strip(),
        contract=contracts.get(known["contract"]),
        columns={key: _spelled(key, found) for key, found in known["columns"].items()},
        optional=frozenset(_list(known.get("optional", []), "optional")),
        hints=_texts(known.get("hints", {}), "hints"),
        fill_down=_list(known.get("fill_down", []), "fill_down"),
        unverified=_list(known.get("unverified", []), "unverified"),
        because=str(known.get("because", "")).strip(),
        only_by_name=bool(known.get("only_by_name", False)),
        file=FileForm(**form),
        skip=tuple(_skip(one) for one in known.get("skip", [])),
        refuse=tuple(Refusal(**_known(one, Refusal, "refuse.")) for one in known.get("refuse", [])),
        map=_texts(known.get("map", {}), "map"),
        constants=_texts(known.get("constants", {}), "constants"),
        combine=_texts(known.get("combine", {}), "combine"),
        then=_texts(known.get("then", {}), "then"),
    )
    _check(profile)
    return profile


def _check(profile: Profile) -> None:
    """Raise FileError for what its fields say that cannot be."""
    if profile.evidence not in EVIDENCE:
        raise FileError(f"has the evidence {profile.evidence!r}; write one of {', '.join(EVIDENCE)}")
    if wrong := [name for name in profile.names if not _NAME.fullmatch(name) or name in OURS]:
        raise FileError(f"has the name {wrong[0]!r}; write small letters, digits and _, and none of {', '.join(OURS)}")
    if not set(profile.columns) - profile.optional:
        raise FileError("has optional columns only, so that it fits every file; make some of them required")
    checked = {skip.check for skip in profile.skip} - {"", "all"}
    named = {"optional": profile.optional, "fill_down": profile.fill_down, "hints": profile.hints, "skip": checked}
    for where, found in named.items():
        if unknown := set(found) - profile.names:
            raise FileError(f"names {', '.join(sorted(unknown))} in {where}, which is none of its columns")
    numbers = profile.file.numbers
    for form in numbers.values() if isinstance(numbers, dict) else [str(numbers)]:
        _check_form(profile.file.zone, form, "file.")
    for form in (*profile.file.dates, *profile.file.times):
        if "%z" in form.lower():  # DuckDB 1.5.6 takes 30 February for 2 March in one of several such forms
            raise FileError(
                f"has the form {form!r} in file.dates or file.times, whose offset is not read; an ISO time with an "
                "offset needs no form"
            )
    for pattern in (profile.file.title, *profile.file.above.values()):
        try:
            re.compile(pattern)
        except re.error as error:
            told = f"has the regular expression {pattern!r} in file.title or file.above, which is none ({error})"
            raise FileError(told) from error
    if profile.contract:
        _check_columns(profile, profile.contract)
    elif not profile.because:
        raise FileError("loads nothing and does not say why; write `because`")


def _check_columns(profile: Profile, contract: Contract) -> None:
    own = {column.name for column in contract.columns} | {BUYER}
    given = {"map": profile.map, "constants": profile.constants, "combine": profile.combine, "then": profile.then}
    for where, found in given.items():
        if unknown := set(found) - own:
            raise FileError(f"names {', '.join(sorted(unknown))} in {where}, which {contract.name} does not have")
    if wrong := sorted(set(profile.combine.values()) - set(COMBINE)):
        raise FileError(f"has {', '.join(wrong)} in combine; write one of {', '.join(COMBINE)}")


def _check_form(zone: str, numbers: str, at: str = "") -> None:
    if zone and zone not in available_timezones():
        raise FileError(f"has {zone!r} in {at}zone; write a name such as Europe/Berlin")
    if numbers and numbers not in FORMS:
        raise FileError(f"has {numbers!r} in {at}numbers; write one of {', '.join(map(repr, FORMS))}")


def _known(written: Any, kind: type, at: str = "", without: Sequence[str] | set[str] = ()) -> dict[str, Any]:
    """The fields of a mapping. Raises FileError for one that `kind` does not have, which would do nothing."""
    names = {one.name for one in fields(kind)} - {"path", *without}
    if kind is Skip:
        names = {"where", "as", "check"}
    if not isinstance(written, dict):
        raise FileError(f"has no fields in {at.rstrip('.') or 'it'}; docs/profiles.md describes them")
    if unknown := sorted(str(name) for name in written if name not in names):
        raise FileError(f"has the field {at}{unknown[0]}, which is not known; write one of {', '.join(sorted(names))}")
    return {name: value for name, value in written.items() if value is not None}


def _skip(written: Any) -> Skip:
    known = _known(written, Skip, "skip.")
    if not known.get("where") or not known.get("as"):
        raise FileError("skips rows without `where` and `as`; write what they are")
    return Skip(str(known["where"]), str(known["as"]), str(known.get("check", "")))


def _spelled(name: str, found: Any) -> Mapping[str, tuple[str, ...]]:
    by_language = found if isinstance(found, dict) else {"": found}
    return {str(language): _list(one, f"columns.{name}") for language, one in by_language.items()}


def _list(found: Any, where: str) -> tuple[str, ...]:
    if isinstance(found, dict):
        raise FileError(f"has no list in {where}; write [one, another]")
    return tuple(str(one) for one in (found if isinstance(found, list) else [found]))


def _texts(found: Any, where: str) -> Mapping[str, str]:
    if not isinstance(found, dict):
        raise FileError(f"has no names and values in {where}; write {{name: value}}")
    return {str(name): str(value).lower() if isinstance(value, bool) else str(value) for name, value in found.items()}
