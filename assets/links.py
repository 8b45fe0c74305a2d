"""Addresses of what belongs to an asset: its SQL, suite, check results, columns, and its place on the page.

They are paths of the web server of `make dev` (assets.web), so that they lead somewhere through a forwarded port, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from etl.page.content import views_by_table

if TYPE_CHECKING:
    from etl.models.file import Model

ROOT = "/warehouse"
PAGE, CHECKS, SQL, SUITES, DOCS = "page", "checks", "sql", "expectations", "docs"


def address(place: str, path: str = "", part: str = "") -> str:
    """The address of a file below one of the places above, at one of its parts."""
    return f"{ROOT}/{place}/{path}{f'#{part}' if part else ''}"


def link(words: str, place: str, path: str = "", part: str = "") -> str:
    """A link in Markdown."""
    return f"[{words}]({address(place, path, part)})"


def table_links(model: Model, sql_dir: Path) -> str:
    """The links of a table in one line of Markdown."""
    sql = model.path.relative_to(sql_dir)
    found = [
        *(link(f"On the page: {view['title']}", PAGE, part=view["key"]) for view in views().get(model.name, ())),
        link("SQL", SQL, sql.as_posix()),
        link("Suite of checks", SUITES, sql.with_suffix(".yaml").as_posix()),
        link("Results of the checks", CHECKS, f"{model.name}.html"),
    ]
    return " · ".join(found)


def chart(table: str) -> str:
    """The first chart that the page has of a table, as Markdown; nothing where it has none."""
    if not (found := [view for view in views().get(table, ()) if "chart" in view]):
        return ""
    key, title = found[0]["key"], found[0]["title"]
    return f"![{title}: drawn after the next publication]({address(PAGE, f'{key}.svg')})"


def chart_metadata(table: str) -> dict[str, dg.MarkdownMetadataValue]:
    """The chart as metadata: a link to a picture is shown at once, a picture in the text is hidden behind a link."""
    return {"chart": dg.MetadataValue.md(shown)} if (shown := chart(table)) else {}


@cache
def views() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The views of the page, by the table that they are about."""
    return views_by_table()
