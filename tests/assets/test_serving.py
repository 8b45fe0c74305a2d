"""What the page of the snapshot links to."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.serving import publication_metadata
from etl.checks.pages import build_pages, pages_folder
from etl.config import load_settings
from etl.publish.publication import Publication
from etl.warehouse import memory

pytestmark = pytest.mark.slow


def test_the_pages_of_the_checks_are_linked_once_they_are_made(tmp_path: Path) -> None:
    settings = load_settings({"WAREHOUSE_HOME": str(tmp_path)})
    publication = Publication(True, 1, "nothing is served", settings.serving_db, 1, {"core.party": 3})
    assert "make docs" in publication_metadata(publication, settings)["checks as pages"].value
    con = memory()
    con.execute(
        "insert into audit.expectation_result (checked_at, table_name, check_name, expectation_type, "
        "severity, success, kwargs, why) values (now(), 'core.party', 'unique', "
        "'expect_column_values_to_be_unique', 'critical', true, '{\"column\": \"party\"}', 'it matters')"
    )
    index = build_pages(con, pages_folder(settings))
    con.close()
    assert publication_metadata(publication, settings)["checks as pages"].value == str(index)
