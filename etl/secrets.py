"""Addresses and messages of libraries without the passwords and keys in them, fit to leave the process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

HIDDEN = "***"
_SCHEME = re.compile(r"^\w[\w+.-]*:/+")
_IN_ADDRESS = re.compile(r"(://)[^\s/@'\"<>]*@|(\?)[^\s'\"<>)]+")
_NAMES = re.compile(r"AWS_\w*(KEY|TOKEN|SECRET)\w*")
SHORTEST = 4


def shown(address: str) -> str:
    """An address without user, password and the values of its query, also where it is malformed."""
    scheme = found[0] if (found := _SCHEME.match(address)) else ""
    plain = address.removeprefix(scheme).rpartition("@")[2].partition("#")[0]
    place, asks, _ = plain.partition("?")
    return scheme + place + (asks and f"?{HIDDEN}")


def secret_parts(address: str) -> list[str]:
    """What shown() leaves out of an address, each part."""
    rest = _SCHEME.sub("", address)
    user, query = rest.rpartition("@")[0], rest.partition("?")[2]
    return [part for part in re.split(r"[:@]", user) + re.findall(r"=([^&]*)", query) + [user] if part]


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """A message of a library in one line, without these secrets, Amazon's keys, and users in addresses."""
    found = [*secrets, *secret_parts(os.environ.get("AWS_ENDPOINT_URL", ""))]
    found += [value for name, value in os.environ.items() if _NAMES.fullmatch(name)]
    forms = {form for part in found for form in (part, quote(part, safe=""), unquote(part)) if len(form) >= SHORTEST}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return " ".join(_IN_ADDRESS.sub(lambda found: found[1] or f"?{HIDDEN}", text).split())[:400]
