"""Releases with one seeded error each, of the kinds that conversion and copying make."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# A number of the text that is no year and no part of a tag.
NUMBER = re.compile(r"(?<![\w.,#\"=/-])\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.,#\"=/-])\d+\.\d+(?![\w%])|\d+\.\d+(?=亿)")
SWAPPED = {
    "in thousands": "in millions",
    "in millions": "in thousands",
    " million": " billion",
    " billion": " million",
    "百万元": "千元",
    "亿": "万",
}


@dataclass(frozen=True)
class Mutation:
    """A release with an error, of a kind; `said` tells what was changed."""

    kind: str
    said: str
    text: str


def _replaced(text: str, found: re.Match[str], new: str) -> tuple[str, str]:
    return f"{found.group()!r} to {new!r} at {found.start()}", text[: found.start()] + new + text[found.end() :]


def _pick(rng: random.Random, pattern: str | re.Pattern[str], text: str, start: int) -> re.Match[str]:
    return rng.choice([found for found in re.finditer(pattern, text) if found.start() >= start])


def _scale_removed(rng: random.Random, text: str, start: int) -> tuple[str, str]:
    return _replaced(text, _pick(rng, "|".join(SWAPPED), text, start), "")


def _scale_changed(rng: random.Random, text: str, start: int) -> tuple[str, str]:
    found = _pick(rng, "|".join(SWAPPED), text, start)
    return _replaced(text, found, SWAPPED[found.group()])


def _bracket_removed(rng: random.Random, text: str, start: int) -> tuple[str, str]:
    return _replaced(text, _pick(rng, r"\((?=\d)", text, start), "")


def _bracket_added(rng: random.Random, text: str, start: int) -> tuple[str, str]:
    found = _pick(rng, NUMBER, text, start)
    return _replaced(text, found, f"({found.group()})")


def _period_shifted(rng: random.Random, text: str, start: int) -> tuple[str, str]:
    found = _pick(rng, r"(?<!\d)20(?:1[5-9]|2[0-2])(?=\D)", text, start)
    return _replaced(text, found, str(int(found.group()) + rng.choice([-1, 1])))


def _mark_before(rng: random.Random, text: str, start: int) -> tuple[str, str]:
    found = _pick(rng, NUMBER, text, start)
    return _replaced(text, found, f"{rng.randint(1, 9)}{found.group()}")


def _mark_behind(rng: random.Random, text: str, start: int) -> tuple[str, str]:
    found = _pick(rng, NUMBER, text, start)
    return _replaced(text, found, f"{found.group()}{rng.randint(1, 9)}")


def _digit_changed(rng: random.Random, text: str, start: int) -> tuple[str, str]:
    found = _pick(rng, NUMBER, text, start)
    old = found.group()
    new = old.replace(old[0], str(int(old[0]) % 9 + 1), 1)
    return _replaced(text, found, new)


KINDS: dict[str, Callable[[random.Random, str, int], tuple[str, str]]] = {
    "scale removed": _scale_removed,
    "scale changed": _scale_changed,
    "bracket removed": _bracket_removed,
    "bracket added": _bracket_added,
    "period shifted": _period_shifted,
    "mark glued before": _mark_before,
    "mark glued behind": _mark_behind,
    "digit changed": _digit_changed,
}


def mutations(text: str, count: int, seed: int) -> Iterator[Mutation]:
    """Some mutations of a release, of all kinds in turn; its head and the note on how it was made stay."""
    rng = random.Random(seed)
    start = max(text.find("-->"), text.find("made up.)"))
    kinds = list(KINDS)
    while count:
        kind = kinds[count % len(kinds)]
        count -= 1
        try:
            said, mutated = KINDS[kind](rng, text, start)
        except IndexError:  # a release without brackets
            continue
        yield Mutation(kind, said, mutated)
