"""Which profile reads a file: the one whose columns its header has.

The columns alone decide, compared without case, surrounding blanks and Unicode variants; where two profiles fit as
well, the file is refused with both names, and its folder has to choose.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import lru_cache

from etl.errors import FileError
from etl.profiles.found import Head, Match, Spot
from etl.profiles.profile import Folder, Profile, Profiles

Heads = Callable[[Mapping[str, None]], Iterator[Head]]
NAMED = 3  # profiles that a sentence names
TITLE = 100  # what a title above the header counts, in columns


def recognise(heads_of: Heads, profiles: Profiles, folder: Folder) -> Match | None:
    """The profile that reads the file; None where none does. `heads_of` gives the headers that the file may have.

    Raises FileError for a file that no reader takes, where two profiles fit alike, and where the profile that the
    folder fixes does not fit.
    """
    if folder.profile in profiles.faulty:
        raise FileError(f"is to be read by a faulty profile: {profiles.faulty[folder.profile]}")
    if folder.profile and folder.profile not in profiles.known:
        near = get_close_matches(folder.profile, profiles.known, NAMED)
        told = f"write {' or '.join(near)}; " if near else ""
        told += "docs/profiles.md lists those that ship, profiles/ of the home has the others"
        raise FileError(f"is to be read by the profile {folder.profile} ({folder.path}), which there is not: {told}")
    fixed = [profiles.known[folder.profile]] if folder.profile else []
    tried = fixed or [profile for profile in profiles.known.values() if not profile.only_by_name]
    heads = [head for head in heads_of(_paths(tried)) if any(head.names)]
    found = [match for head in heads for profile in tried if (match := fit(profile, head))]
    if not found:
        if fixed:
            raise FileError(f"does not fit the profile {folder.profile} ({folder.path}): {_lacking(fixed, heads)}")
        return None
    most = max(match.score for match in found)
    best = {match.profile.name: match for match in reversed(found) if match.score == most}
    if len(best) > 1:
        names = " and ".join(sorted(best))
        raise FileError(f"fits the profiles {names} alike; choose one with `profile` in profile.yaml of its folder")
    return next(iter(best.values()))


def nearest(heads_of: Heads, profiles: Profiles) -> str:
    """A sentence on the profile that a file fits all but for a column or two; '' where none is near."""
    known = list(profiles.known.values())
    try:
        heads = [head for head in heads_of(_paths(known)) if len(head.names) > 1]
    except FileError:
        return ""
    chosen = sorted(profile.name for profile in known if profile.only_by_name and _fits_any(profile, heads))
    if chosen:
        names = " or ".join([*chosen[:NAMED], *["another"] * (len(chosen) > NAMED)])
        return (
            f"{names} has its columns, but reads only files whose folder of the inbox chooses it, and files elsewhere "
            f"are not held to it: put it into a folder with `profile: {chosen[0]}` in its profile.yaml"
        )
    return _lacking(known, heads, most=2)


def _fits_any(profile: Profile, heads: Iterable[Head]) -> bool:
    """Whether the profile reads a file with one of these headers."""
    with suppress(FileError):  # a column that the file has twice
        return any(fit(profile, head) for head in heads)
    return False


def _paths(profiles: Iterable[Profile]) -> dict[str, None]:
    return dict.fromkeys(profile.file.records for profile in profiles if profile.file.records)


def fit(profile: Profile, head: Head) -> Match | None:
    """How the profile reads a file with this header; None where it does not."""
    by_name = _by_name(head)
    places, told, languages = _places(profile, head, by_name)
    if set(profile.columns) - profile.optional - set(places):
        return None
    if profile.file.title and not re.search(profile.file.title, head.above):
        return None
    for name, pattern in profile.file.above.items():
        found = re.search(pattern, head.above)
        told[name] = found[1] if found and found.lastindex else ""
    language = max(languages, key=lambda one: languages[one]) if languages else ""
    return Match(profile, head, places, told, language, len(places) + TITLE * bool(profile.file.title))


@lru_cache(maxsize=8192)
def normal(name: str) -> str:
    """A name as it is compared: without case, blanks around it and variants of characters."""
    return " ".join(unicodedata.normalize("NFKC", name).replace("\ufeff", "").split()).casefold()


def _by_name(head: Head) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, name in enumerate(head.names):
        if normal(name):
            found[normal(name)] = -1 if normal(name) in found else place
    return found


def _places(
    profile: Profile, head: Head, by_name: Mapping[str, int]
) -> tuple[dict[str, Spot], dict[str, str], dict[str, int]]:
    """Where its names stand, what patterns of names tell, and how many names of each language are there."""
    places: dict[str, Spot] = {}
    told: dict[str, str] = {}
    languages: dict[str, int] = {}
    for name, by_language in profile.columns.items():
        for language, spelled in by_language.items():
            for one in spelled:
                found = _find(one, head, by_name)
                if not found:
                    continue
                if name not in places:
                    places[name] = found[0]
                    told |= found[1]
                languages[language] = languages.get(language, 0) + 1
                break
    return places, told, languages


@lru_cache(maxsize=4096)
def _pattern(spelled: str) -> re.Pattern[str] | None:
    """The regular expression of a name with a part in braces; None for a plain one."""
    if "{" not in spelled:
        return None
    parts = re.split(r"\{(\w+)\}", spelled)
    pattern = "".join(
        (".*?" if part == "any" else f"(?P<{part}>.+?)") if place % 2 else re.escape(normal_case(part))
        for place, part in enumerate(parts)
    )
    return re.compile(pattern, re.IGNORECASE)


def _find(spelled: str, head: Head, by_name: Mapping[str, int]) -> tuple[Spot, dict[str, str]] | None:
    if pattern := _pattern(spelled):
        for place, name in enumerate(head.names):
            if found := pattern.fullmatch(normal_case(name).strip()):
                return Spot(place), found.groupdict()
        return None
    wanted = normal(spelled)
    if wanted in by_name:
        if by_name[wanted] < 0:
            raise FileError(f"has the column {spelled!r} twice; keep one")
        return Spot(by_name[wanted]), {}
    parts = spelled.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        if (place := by_name.get(normal(".".join(parts[:cut])), -1)) >= 0:
            return Spot(place, tuple(parts[cut:])), {}
    return None


@lru_cache(maxsize=8192)
def normal_case(name: str) -> str:
    """A name without variants of characters and repeated blanks, in its own case."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name).replace("\ufeff", ""))


def _lacking(profiles: Iterable[Profile], heads: Iterable[Head], most: int = 1000) -> str:
    """The columns that the nearest profile lacks, which are at most `most` and fewer than it has."""
    best: tuple[int, int, str] | None = None
    for head in heads:
        by_name = _by_name(head)
        for profile in profiles:
            needed = set(profile.columns) - profile.optional
            try:
                places, _, _ = _places(profile, head, by_name)
            except FileError:
                continue
            lacking = [name for name in profile.columns if name in needed - set(places)]
            if len(lacking) > most or (most < 1000 and len(lacking) >= len(needed) - len(lacking)):
                continue
            if best is None or (len(lacking), -len(places)) < best[:2]:
                shown = ", ".join(_names(profile, name) for name in lacking)
                shown = shown or f"a line above the header that matches {profile.file.title!r}"
                best = len(lacking), -len(places), f"{profile.name} ({profile.exporter}) needs {shown}"
    return best[2] if best else ""


def _names(profile: Profile, name: str) -> str:
    spelled = list(dict.fromkeys(one for found in profile.columns[name].values() for one in found))
    hint = f" ({profile.hints[name]})" if name in profile.hints else ""
    return " or ".join(map(repr, spelled[:3])) + hint
