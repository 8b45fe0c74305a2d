"""The HTTP client of SEC EDGAR: one limiter for all requests, and an error for each kind of refusal.

A 403 means one of two things, as the title of its HTML page says: the agent is undeclared (only a correct
SEC_USER_AGENT helps), or the rate was exceeded (each further request extends the block, so every call stops). Neither
is retried. An overload (5xx), a broken connection and a body that ends too early are retried a few times, with growing
pauses. The same pages come with status 200 too, so a body counts only if it is JSON.
Source: https://www.sec.gov/os/accessing-edgar-data.
"""

from __future__ import annotations

import json
import math
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from etl.bounds import BOUNDS, LONGEST_WAIT, STOPPED, Bounds, RemoteRead, in_time
from etl.errors import MendError, RetryError
from etl.secrets import clean, secret_parts, shown

PER_SECOND = 5
ATTEMPTS = 4
BLOCK = timedelta(minutes=10)
AGENT_FORM = 'SEC_USER_AGENT must be your name and e-mail, as in SEC_USER_AGENT="Ann Lee ann@example.org"'
_AGENT = re.compile(r"[!-~][ -~]* [!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


class AgentError(MendError):
    """SEC_USER_AGENT is missing, malformed or not accepted: nothing but setting it right helps."""


class BlockedError(RetryError):
    """EDGAR wants no request before `until`; an earlier one extends the block."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(f"{message}; no request before {until:%Y-%m-%d %H:%M:%S} UTC")
        self.until = until


class UnavailableError(RetryError):
    """EDGAR gave no whole answer, not even after retries: it is down, overloaded or out of reach."""


class UnknownIssuerError(MendError):
    """EDGAR has no filings under this CIK."""


class ContentError(MendError):
    """EDGAR answered, and the answer is not what it should be."""


@dataclass(frozen=True)
class Clock:
    """The time and how to let it pass; a test has its own. `now` in UTC, `wait` in seconds."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    wait: Callable[[float], object] = STOPPED.wait


class Limiter:
    """Spaces all requests of this process, a few a second, and stops them while EDGAR blocks."""

    def __init__(self, per_second: float = PER_SECOND) -> None:
        self._interval = timedelta(seconds=1 / per_second)
        self._lock = threading.Lock()
        self._free_at = datetime.min.replace(tzinfo=UTC)
        self._blocked: BlockedError | None = None

    def take(self, clock: Clock) -> None:
        """Wait for the next free slot. Raises BlockedError while EDGAR wants no requests."""
        with self._lock:
            if self._blocked and clock.now() < self._blocked.until:
                raise self._blocked
            # A clock that was set back must not make us wait for it to catch up.
            pause = min(self._free_at - clock.now(), self._interval)
            if pause > timedelta():
                clock.wait(pause.total_seconds())
            self._free_at = clock.now() + self._interval

    def block(self, error: BlockedError) -> BlockedError:
        """Let nobody through before `error.until`; returns `error`, to be raised."""
        with self._lock:
            if self._blocked is None or self._blocked.until < error.until:
                self._blocked = error
        return error


LIMITER = Limiter()


@dataclass(frozen=True)
class Response:
    """A body as it came (unpacked), its headers, and the JSON object that it is."""

    body: bytes
    headers: dict[str, str]
    document: dict[str, Any]


class Client:
    """Asks EDGAR at `base_url` under the name of `user_agent`; counts `requests`.

    `block` is how long a refusal for the rate counts when EDGAR names no time, `bounds` are those of one answer.
    Raises AgentError unless the agent has a name and an e-mail address, MendError for a base_url that is none.
    """

    def __init__(
        self,
        user_agent: str | None,
        base_url: str,
        *,
        limiter: Limiter | None = None,
        clock: Clock | None = None,
        block: timedelta = BLOCK,
        bounds: Bounds = BOUNDS["edgar"],
    ) -> None:
        if not user_agent:
            raise AgentError(f"EDGAR is not asked without a declared agent: {AGENT_FORM}")
        if not _AGENT.fullmatch(user_agent.strip()):
            raise AgentError(f"{AGENT_FORM}, in ASCII; found {user_agent!r}")
        self.requests = 0
        self.limiter = limiter or LIMITER
        self.clock = clock or Clock()
        self.until = math.inf  # of time.monotonic(): no request after it
        self._block = block
        self._bounds = bounds
        self._place, self._secrets = shown(base_url).rstrip("/"), secret_parts(base_url)
        try:
            self._http = httpx.Client(
                base_url=base_url,
                headers={"User-Agent": user_agent.strip(), "Accept": "application/json"},
                timeout=httpx.Timeout(bounds.idle, connect=min(10.0, bounds.idle)),
            )
        except (httpx.InvalidURL, ValueError):
            raise MendError(f"SEC_BASE_URL is {self._place!r}; write it like https://data.sec.gov") from None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> Response | None:
        """The JSON object at `path`; None when EDGAR has no such file (404).

        Raises AgentError, BlockedError, ContentError, and UnavailableError when a few tries brought no whole
        answer.
        """
        problem: UnavailableError | None = None
        if time.monotonic() > self.until:
            raise UnavailableError(f"{self._address(path)}: not asked, the time for EDGAR is over")
        for attempt in range(ATTEMPTS):
            if attempt:
                self.clock.wait(2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311 (spreads retries)
            self.limiter.take(self.clock)
            try:
                return self._ask(path)
            except UnavailableError as error:
                problem = error
        raise UnavailableError(f"{self._address(path)}: {problem}, {ATTEMPTS} times in a row")

    def _ask(self, path: str) -> Response | None:
        self.requests += 1

        def read(reading: RemoteRead) -> tuple[httpx.Response, bytes]:
            with self._http.stream("GET", path) as response:
                return response, b"".join(reading.pieces(response.iter_bytes()))

        try:
            response, body = in_time(self._bounds, read)
        except (httpx.TransportError, httpx.DecodingError) as error:
            reason = clean(f"{type(error).__name__}: {error}", self._secrets)
            raise UnavailableError(f"no whole answer ({reason})") from None
        except httpx.InvalidURL:
            raise MendError(f"SEC_BASE_URL is {self._place!r}; write it like https://data.sec.gov") from None
        except RetryError as error:
            raise UnavailableError(str(error)) from error
        except MendError as error:
            raise ContentError(f"{self._address(path)}: {error}") from error
        if response.status_code == 404:
            return None
        self._refuse(path, response, body)
        try:
            document = json.loads(body)
        except ValueError as error:  # a UnicodeDecodeError is one
            raise UnavailableError(f"{len(body):,} bytes that are no whole JSON ({error})") from error
        except RecursionError as error:
            raise ContentError(f"{self._address(path)}: a JSON too deeply nested to be an answer") from error
        if not isinstance(document, dict):
            raise ContentError(f"{self._address(path)}: a JSON {type(document).__name__}, not an object")
        return Response(body, dict(response.headers), document)

    def _refuse(self, path: str, response: httpx.Response, body: bytes) -> None:
        """Raise what a refusal means; return for an answer that may be read."""
        place, status = self._address(path), response.status_code
        is_page = body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        found = _TITLE.search(body) if is_page else None
        title = " ".join(found[1].decode("utf-8", "replace").split()) if found else ""
        if status in (200, 403) and "undeclared" in title.lower():
            raise AgentError(
                f"{place}: EDGAR does not accept the agent ({status}, {title!r}). {AGENT_FORM}: "
                "the SEC must be able to write to you"
            )
        if status in {403, 429} or (status == 200 and "rate threshold" in title.lower()):
            wait = _retry_after(response, self.clock.now()) or self._block
            message = f"{place}: EDGAR refuses further requests ({status}, {title or response.reason_phrase!r})"
            raise self.limiter.block(BlockedError(message, self.clock.now() + wait))
        if status >= 500:
            raise UnavailableError(f"status {status} {response.reason_phrase}")
        if status != 200:
            raise ContentError(f"{place}: status {status} {response.reason_phrase} instead of an answer")
        if is_page:
            raise ContentError(f"{place}: a page ({title or 'without a title'}) with status 200, no JSON")

    def _address(self, path: str) -> str:
        return self._place + path


def _retry_after(response: httpx.Response, now: datetime) -> timedelta | None:
    """How long Retry-After says to wait, in seconds or by a date, at most a day; None when it says nothing of use."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        wait = timedelta(seconds=int(text)) if text.isdigit() else parsedate_to_datetime(text) - now
    except OverflowError:
        wait = LONGEST_WAIT
    except (ValueError, TypeError):  # superscript digits are digits and no number
        return None
    return min(wait, LONGEST_WAIT) if wait > timedelta() else None
