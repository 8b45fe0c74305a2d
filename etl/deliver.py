"""Deliver one message to one address of the notification library Apprise, within bounds, and say why where it fails.

The library speaks to more than a hundred services, with requests, smtplib and sockets of its own, and none of them
bounds an answer: one that drips or never ends would hold a refresh and its memory. So a message is sent by a process of
its own, which this file is too: it has SECONDS and MEMORY and is ended when they are over. In it every HTTP answer is
read to LARGEST bytes only; a redirect, which would hand the message to another place, and a refusal within an answer
of status 200 (DingTalk, Feishu, Lark, WeCom, Slack, Telegram) count as not delivered.

What a message says comes from deliveries and documents. Mail gets it as plain text; HTML and Markdown are escaped by
Apprise; chats also make mentions and links out of plain text, so there a space without width follows the marks that
begin them.

Nothing is imported from the project: Python's isolated mode, in which the process runs, does not find it everywhere.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

SECONDS = 30.0  # for a message, everything included
LARGEST = 1 << 20  # bytes of an HTTP answer
MEMORY = 1 << 30  # bytes of address space of the process
HIDDEN = "***"
SETTING = "WAREHOUSE_NOTIFY"
_ADDRESSES = re.compile(r"[\s,]+(?=[A-Za-z][\w+.-]*:/)")
_PARTS = re.compile(r"[:/@?&=,+\s]+")
# What chats make out of plain text: a tag or mention in angle brackets, a link; a mention of everybody, or of anybody.
_MARKUP = re.compile(r"(?<=<)(?=[\w@!#/&])|(?<=\])(?=\()")
_EVERYBODY = re.compile(r"(?<=@)(?=(?:all|everyone|here|channel)\b)", re.IGNORECASE)
_ANYBODY = re.compile(r"(?<=@)(?=\w)")
_ZERO_WIDTH = "\u200b"
_LINK = re.compile(r"\[([^\]]*)\]\(<([^>]*)>\)")
_ESCAPE = re.compile(r"\\([\\`*_\[\]])|\*\*")
# Addresses whose receiver shows a text as it is: programs and mail.
_PLAIN = ("json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "syslog", "rsyslog")
_RENDERS_MARKDOWN = ("discord",)  # also what is called text there: Apprise has to escape it
_REFUSED_BY_CODE = ("feishu.cn", "larksuite.com")


class Message(NamedTuple):
    """A title of our own words, and a body that may hold anything; `form` says how the body is written."""

    title: str
    body: str
    form: Literal["text", "markdown"] = "text"


def addresses_in(setting: str) -> list[str]:
    """The addresses of the setting, which are separated by blanks or commas."""
    return _ADDRESSES.split(setting.strip())


def shown(address: str) -> str:
    """The kind of an address; nothing else of it, because services take keys in every place."""
    scheme, colon, _ = address.partition(":")
    return f"{scheme}://{HIDDEN}" if colon and scheme.replace("-", "").isalnum() else HIDDEN


def fault_in(address: str) -> str | None:
    """What is wrong with an address, with the name of its setting and without a secret; None where it can be one.

    Nothing is sent: whether somebody listens there is not known.
    """
    answer = _answer(address, None)
    return None if answer.get("known") else f"{SETTING}: {answer['reason']}"


def deliver(address: str, message: Message) -> str | None:
    """Send a message; None when the service took it, else why it did not, without a secret."""
    answer = _answer(address, message)
    if answer.get("sent"):
        return None
    return " ".join(str(answer["reason"]).split())[:300]


def _answer(address: str, message: Message | None) -> dict[str, Any]:
    """What the process found that sends; ended together with whatever it started when its time is over.

    Its task is not on its command line, which every user of the machine can read.
    """
    process = subprocess.Popen(  # noqa: S603 (this file)
        [sys.executable, "-I", str(Path(__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        found, _ = process.communicate(json.dumps([address, message]).encode(), timeout=SECONDS)
        answer: dict[str, Any] = json.loads(found)
    except subprocess.TimeoutExpired:
        return {"reason": f"no whole answer within {SECONDS:.0f} seconds"}
    except ValueError:
        return {"reason": f"the process that sends ended with {process.returncode}, as for want of memory"}
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return answer


def main() -> None:
    """Deliver the message on standard input and write to standard output what came of it."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    result = os.dup(1)
    os.dup2(2, 1)  # a service that prints does not spoil the answer
    address, message = json.load(sys.stdin)
    answer = _send(address, Message(*message) if message else None)
    os.write(result, json.dumps(answer).encode())
    os._exit(0)  # a thread that still waits for a service would hold the process


def _send(address: str, message: Message | None) -> dict[str, Any]:
    import apprise
    import requests

    answers, scheme = _Answers(requests, address), address.partition(":")[0].lower()
    if scheme in _RENDERS_MARKDOWN and "format=" not in address:
        address += f"{'&' if '?' in address else '?'}format=markdown"
    asset = apprise.AppriseAsset(http_redirects=False, storage_mode="memory", plugin_paths=[])
    service = apprise.Apprise.instantiate(address, asset=asset)
    if service is None:
        return {"known": False, "reason": _not_known(address, _schemes())}
    if message is None:
        return {"known": True}
    if "overflow=" not in address:
        service.overflow_mode = apprise.OverflowMode.SPLIT  # a text that is too long would be refused each time
    body, form, target = message.body, message.form, service.resolve_format(message.form)
    if form == "markdown" and target == apprise.NotifyFormat.TEXT:
        body, form = as_text(body), "text"
    if target != apprise.NotifyFormat.HTML and scheme not in _PLAIN:
        body = inert(body, form, _ANYBODY if scheme in _RENDERS_MARKDOWN else _EVERYBODY)
    result = apprise.Apprise(service).notify(title=message.title, body=body, body_format=form)
    said = [*(without(address, entry.message) for entry in result.logs()), *answers.failed, *answers.refused]
    return {"known": True, "sent": bool(result) and not answers.refused, "reason": said[-1] if said else "not taken"}


def without(address: str, said: str) -> str:
    """What somebody else says, without any part of the address: each may be a key."""
    for part in sorted(_PARTS.split(address.partition("://")[2]), key=len, reverse=True):
        said = said.replace(part, HIDDEN) if len(part) > 3 else said
    return said


def inert(body: str, form: str, mention: re.Pattern[str]) -> str:
    """A body of which a chat makes no mention, and of plain text no tag and no link; every sign of it still shows."""
    body = mention.sub(_ZERO_WIDTH, body)
    return body if form == "markdown" else _MARKUP.sub(_ZERO_WIDTH, body)


def as_text(markdown: str) -> str:
    """A digest, for a service that shows Markdown as it is: links as address, nothing escaped."""
    return unescape(_ESCAPE.sub(lambda found: found[1] or "", _LINK.sub(r"\1: \2", markdown)))


def _schemes() -> Collection[str]:
    """The kinds of addresses that Apprise knows."""
    found: Collection[str] = import_module("apprise.manager_plugins").NotificationManager().schemas()
    return found


class _Answers:
    """Every HTTP answer of this process, read to its bound and never followed elsewhere.

    `failed` says why a request had no good answer; the service may have tried again. `refused` is what makes a message
    undelivered whatever the service makes of it.
    """

    def __init__(self, requests: Any, address: str) -> None:
        self._address = address
        self.failed: list[str] = []
        self.refused: list[str] = []
        self._error = requests.exceptions.RequestException
        send = requests.Session.send

        def bounded(session: Any, request: Any, **options: Any) -> Any:
            try:
                response = send(session, request, **{**options, "stream": True, "allow_redirects": False})
                self._read(request.url, response)
            except self._error as error:
                self.failed.append(f"no whole answer ({type(error).__name__})")
                raise
            return response

        requests.Session.send = bounded

    def _read(self, url: str, response: Any) -> None:
        status, content = response.status_code, bytearray()
        if 300 <= status < 400:
            self._refuse(f"answered {status}, a redirect, which is not followed: write the address that it leads to")
        for piece in response.iter_content(1 << 16):
            content += piece
            if len(content) > LARGEST:
                self._refuse(f"answered {status} and more than {LARGEST:,} bytes")
        response._content, response._content_consumed = bytes(content), True
        if status >= 400:
            self.failed.append(f"answered {status}")
        elif refusal := refused_in(url, content):
            self._refuse(f"answered {status} and refused: {without(self._address, refusal)}")

    def _refuse(self, words: str) -> None:
        self.refused.append(words)
        raise self._error(words)


def refused_in(url: str, content: bytes | bytearray) -> str:
    """What a service that answers every request with status 200 says against a message; empty where it took it."""
    try:
        answer = json.loads(content)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    codes = [answer.get("errcode")] + ([answer.get("code")] if host.endswith(_REFUSED_BY_CODE) else [])
    if answer.get("ok") is False or any(codes):
        words = next((answer[name] for name in ("errmsg", "msg", "error", "description") if answer.get(name)), "")
        return f"{next(filter(None, codes), '')} {words}".strip() or "ok is false"
    return ""


def _not_known(address: str, schemes: Collection[str]) -> str:
    """Why an address cannot be used, as far as it can be told without showing it."""
    from difflib import get_close_matches

    scheme, slashes, _ = address.partition("://")
    if not slashes:
        return f"{HIDDEN} is no address: it begins like mailto://, slack:// or json://"
    if scheme.lower() in schemes:
        return f"{shown(address)} is no whole address of this kind, or one whose parts this service does not take"
    near = get_close_matches(scheme.lower(), schemes, 1)
    return f"{shown(address)} is no kind of address that Apprise knows{f'; {near[0]}:// is one' if near else ''}"


if __name__ == "__main__":
    main()
