"""The small warehouse published twice: JD's expense of 2016 as first printed, then as restated in April 2018."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from etl.build import build
from etl.config import Settings
from etl.publish.publication import Publication, publish
from etl.warehouse import Connection, open_build
from tests.support.models import project_models
from tests.support.small_warehouse import publish_small_warehouse

RESTATED = """
insert into raw.reference_row by name
select
    first.* replace (
        map_from_entries(list_transform(map_entries(first.fields), lambda e: case e.key
            when 'value' then struct_pack(key := 'value', value := '10158700000')
            when 'printed_as' then struct_pack(key := 'printed_as', value := '10,158.7')
            when 'document_id' then struct_pack(key := 'document_id', value := 'd17') else e end)) as fields,
        map {'observation_id': 'obs_restated', 'rounding_half_width': '50000'} as reading,
        now() at time zone 'UTC' as loaded_at
    )
from raw.reference_row as first
where first.reading['observation_id'] = 'obs_first'
"""
DOCUMENT = """
insert into raw.reference_row by name
select
    latest.* replace (
        map_from_entries(list_transform(map_entries(latest.fields), lambda e: case e.key
            when 'document_id' then struct_pack(key := 'document_id', value := 'd18')
            when 'title' then struct_pack(key := 'title', value := $title) else e end)) as fields,
        now() at time zone 'UTC' as loaded_at
    )
from raw.reference_row as latest
where latest.kind = 'document' and latest.fields['document_id'] = 'd17'
"""


def build_and_publish(con: Connection, settings: Settings) -> Publication:
    """Build every model as a refresh does, without its suite, and publish."""
    for model in project_models():
        build(con, model, None, "run")
    return publish(con, settings, now=datetime.now(UTC))


def restate(settings: Settings, title: str = "JD annual report 2017") -> None:
    """Publish the small warehouse again, with the restated figure and a new document of this title."""
    with open_build(settings) as con:
        assert not build_and_publish(con, settings).published
        con.execute(RESTATED)
        con.execute(DOCUMENT, {"title": title})
        assert build_and_publish(con, settings).version == 2


def publish_restatement(home: Path, title: str = "JD annual report 2017") -> Settings:
    """Publish under `home`, then again with the restated figure and a new document of this title."""
    settings = publish_small_warehouse(home, without="obs_restated")
    restate(settings, title)
    return settings
