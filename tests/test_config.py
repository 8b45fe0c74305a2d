"""Settings: what a variable may be, what is said of a wrong one, and that the pages about them are current."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl import config
from etl.config import ROOT, Settings, load_settings, settings_pages
from etl.errors import MendError


@pytest.mark.parametrize(
    ("variable", "value", "fix"),
    [
        ("WAREHOUSE_BAD_SHARE", "1.5", "a number from 0 to 1, like 0.2"),
        ("WAREHOUSE_BAD_SHARE", "20%", "a number from 0 to 1, like 0.2"),
        ("WAREHOUSE_BAD_SHARE", "nan", "a number from 0 to 1, like 0.2"),
        ("WAREHOUSE_MEMORY", "much", "a size like 1500MB or 4GB"),
        ("WAREHOUSE_MEMORY", "0GB", "a size like 1500MB or 4GB"),
        ("WAREHOUSE_ENGINE", "spark", "duckdb, or the address of a Spark Connect server like sc://host:15002"),
        ("WAREHOUSE_ENGINE", "sc://", "duckdb, or the address of a Spark Connect server like sc://host:15002"),
    ],
)
def test_a_wrong_value_is_named_with_its_fix(variable: str, value: str, fix: str) -> None:
    with pytest.raises(MendError) as refused:
        load_settings({variable: value})
    assert str(refused.value) == f"{variable} is {value!r}; set it to {fix}"


def test_every_field_that_can_be_wrong_says_what_it_has_to_be() -> None:
    """A field of plain text takes any, and is never wrong."""
    fields = {name: field for name, field in Settings.model_fields.items() if name != "root"}
    free = {name for name, field in fields.items() if field.annotation in (str, str | None, Path, tuple[Path, ...])}
    free -= {name for name, field in fields.items() if field.metadata} | {"lineage_url"}  # its scheme may be wrong
    assert {name for name, field in fields.items() if field.title} == fields.keys() - free


def test_paths_start_at_the_project_and_the_inbox_at_the_home(tmp_path: Path) -> None:
    assert load_settings({}, tmp_path).inbox == tmp_path / "data" / "inbox"
    assert load_settings({"WAREHOUSE_HOME": "/elsewhere"}, tmp_path).inbox == Path("/elsewhere/inbox")
    named = load_settings({"WAREHOUSE_HOME": "mine", "WAREHOUSE_INBOX": "$WAREHOUSE_HOME/in"}, tmp_path)
    assert (named.home, named.inbox) == (tmp_path / "mine", tmp_path / "mine" / "in")


def test_the_environment_wins_over_the_file_and_an_empty_variable_counts_as_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SEC_USER_AGENT=file\nWAREHOUSE_MEMORY=2GB\nWAREHOUSE_NOTIFY=json://x\n")
    monkeypatch.setenv("SEC_USER_AGENT", "environment")
    monkeypatch.setenv("WAREHOUSE_NOTIFY", "")
    monkeypatch.delenv("WAREHOUSE_MEMORY", raising=False)
    settings = load_settings(root=tmp_path)
    assert (settings.sec_user_agent, settings.memory, settings.notify) == ("environment", "2GB", None)


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    config._warn_once.cache_clear()
    yield caplog
    config._warn_once.cache_clear()


@pytest.mark.parametrize("name", ["data/published", "data/published/", "{root}/data/published"])
def test_the_former_folder_of_the_reference_data_is_read_where_it_is_now(
    tmp_path: Path, name: str, warned: pytest.LogCaptureFixture
) -> None:
    env = {"WAREHOUSE_FIGURES": f"{name.format(root=tmp_path)}:my/figures"}
    for _ in range(2):
        assert load_settings(env, tmp_path).figures == (Path("data/reference"), Path("my/figures"))
    assert len(warned.messages) == 1
    assert "data/reference" in warned.messages[0] and "data/published" in warned.messages[0]


def test_a_folder_of_figures_with_the_former_name_is_read_as_it_is_named(
    tmp_path: Path, warned: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data/published").mkdir(parents=True)
    (tmp_path / "data/published/platforms.csv").touch()
    assert load_settings({"WAREHOUSE_FIGURES": "data/published"}, tmp_path).figures == (Path("data/published"),)
    assert warned.messages == []


def test_the_example_and_the_table_of_the_readme_are_current() -> None:
    for page, text in settings_pages(ROOT).items():
        assert page.read_text(encoding="utf-8") == text, "run `make dictionary`"
        assert all(config.variable(field) in text for field in Settings.model_fields if field != "root")


def test_a_password_is_not_printed() -> None:
    assert "secret" not in repr(load_settings({"WAREHOUSE_POSTGRES_DSN": "host=a password=secret"}))
