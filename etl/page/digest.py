"""What a publication changed, in Markdown: the sentences of the page about what is new, for mail, chat and files.

Names and titles in it come from documents and deliveries: what means something in Markdown or HTML is escaped, so that
no text of theirs becomes a link, an emphasis or markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from etl.ask.explain import clean
from etl.page.cells import CellMaker
from etl.page.content import PageContent, ask, documents_in, is_simulated, publication_in, read_texts, words_in
from etl.warehouse import Connection

QUESTION = "answer_new"
LONGEST = 500  # characters of a sentence
_MARKS = re.compile(r"([\\`*_\[\]])")  # no table and no strike: a bar or tilde means nothing in a list


def read_digest(con: Connection, *, is_demo: bool) -> str:
    """The digest of an open snapshot; `is_demo` says that its home holds simulated data.

    Raises DatabaseError for a snapshot of an earlier version, which has no reasons.
    """
    parts = {QUESTION: ask(con, f"page_{QUESTION}")}
    content = PageContent(
        publication_in(con), is_demo or is_simulated(con), parts, {}, documents_in(con), words_in(con)
    )
    return digest(content, read_texts())


def digest(content: PageContent, texts: Mapping[str, Any]) -> str:
    """The digest of what the page is made from: a title, and a line for each sentence about what is new."""
    lines = [f"# {in_markdown(texts['digest_title'].format(**content.publication))}", ""]
    if content.is_simulated:
        lines += [f"**{texts['simulated']}** {in_markdown(texts['simulated_note'])}", ""]
    lines += [f"- {line}" for line in _sentences(content, texts)]
    return "\n".join([*lines, "", in_markdown(texts["digest_end"]), ""])


def _sentences(content: PageContent, texts: Mapping[str, Any]) -> Iterator[str]:
    questions = (question for section in texts["sections"] for question in section.get("questions", ()))
    (question,) = (question for question in questions if question["key"] == QUESTION)
    cells = CellMaker(content, texts)
    for row in content.parts[QUESTION].rows:
        url = content.documents.get(row["document_id"], {}).get("url") or ""
        link = f" [{texts['link']}](<{_safe(url)}>)" if url.startswith(("https://", "http://")) else ""
        yield in_markdown(str(cells.sentence(question, row).striptags())) + link


def in_markdown(text: str) -> str:
    """A text in one line that says the same in Markdown as it does here, whatever characters it has."""
    plain = " ".join(clean(text).split())
    plain = plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(r"\\\1", plain)


def _safe(url: str) -> str:
    """An address without characters that would end it in Markdown."""
    return quote(url, safe="/:?#@!$&*+,;=%~-._'")
