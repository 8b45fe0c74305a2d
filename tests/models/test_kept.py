"""What was found in SQL texts is kept between processes, and never instead of what the text says."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.config import ROOT
from etl.models import file, kept
from etl.models.file import read_model
from etl.models.tree import Reference, references_of

MODEL = ROOT / "sql" / "core" / "platform.sql"


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kept, "FILE", tmp_path / "found.pickle")
    _begin_a_process()
    yield
    _begin_a_process()


def _begin_a_process() -> None:
    kept._used.clear()
    kept._earlier.cache_clear()
    file._parsed.cache_clear()
    references_of.cache_clear()


def _find(text: str, calls: list[str]) -> tuple[Reference, ...]:
    def find() -> tuple[Reference, ...]:
        calls.append(text)
        return (Reference(text, False),)

    return kept.kept("reference", text, find=find)


def test_the_same_text_is_read_once_by_all_processes_and_another_one_again() -> None:
    calls: list[str] = []
    first = _find("a", calls)
    kept._write()
    _begin_a_process()
    assert _find("a", calls) == first
    assert _find("b", calls) != first
    assert calls == ["a", "b"]
    kept._write()
    _begin_a_process()
    assert [_find(text, calls)[0].name for text in "ba"] == ["b", "a"]
    assert calls == ["a", "b"]


def test_another_program_reads_the_text_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    _find("a", calls)
    monkeypatch.setattr(kept, "_program", lambda: "another version")
    _find("a", calls)
    assert calls == ["a", "a"]


def test_what_fails_is_not_kept() -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            kept.kept("ratio", 0, find=lambda: 1 // 0)


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    calls: list[str] = []
    whole = pickle.dumps({"key": (Reference("a", False),)})
    reaches_out = pickle.dumps({"key": print})
    for number, damaged in enumerate((b"", b"no pickle", whole[:-9], pickle.dumps([1]), reaches_out), 1):
        (tmp_path / "found.pickle").write_bytes(damaged)
        _begin_a_process()
        _find("a", calls)
        assert len(calls) == number
    kept._write()
    _begin_a_process()
    _find("a", calls)
    assert len(calls) == 5


def test_a_model_and_its_references_come_back_as_they_were() -> None:
    text = MODEL.read_text(encoding="utf-8")
    model, read = read_model(MODEL, ROOT / "sql"), references_of(text)
    kept._write()
    _begin_a_process()
    assert model in kept._earlier().values()
    assert read in kept._earlier().values()
