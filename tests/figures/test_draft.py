"""Drafts: proposed, accepted or refused by a person, with everything on record and nothing in the data before."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.config import ROOT, Settings, load_settings
from etl.errors import MendError
from etl.figures.accept import accept, listing, refuse
from etl.figures.draft import About, Draft, propose
from etl.figures.log import ALONE, CONFIRMED, CONTRADICTED, EXPLAINED, UNLIKELY, Judge, Verdict, decisions
from etl.reference.read import read
from tests.support.releases import write_release

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
DOCUMENT = "document_id,kind,published_on,title,url\nd1,filing,2020-04-25,Annual report,https://example.org/1\n"
FIGURE = (
    "platform,metric,period_type,period_start,period_end,value,unit,qualifier,printed_as,basis,document_id\n"
    "pdd,sm_expense,year,2019-01-01,2019-12-31,27174249000,CNY,exact,27174249000,ifrs,d1\n"
)
ABOUT = About(published_on="2020-03-11")
Propose = Callable[..., Draft]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose data are one figure and the vocabulary of the reference data."""
    folder = tmp_path / "given"
    folder.mkdir()
    for name in ("platforms", "metrics", "metric_words", "edgar_concepts"):
        shutil.copy(ROOT / f"data/reference/{name}.csv", folder)
    (folder / "documents.csv").write_text(DOCUMENT, encoding="utf-8")
    (folder / "observations.csv").write_text(FIGURE, encoding="utf-8")
    return load_settings({"WAREHOUSE_HOME": str(tmp_path / "home"), "WAREHOUSE_FIGURES": str(folder)}, ROOT)


def judging(**verdicts: str) -> Judge:
    """A judge that confirms every figure, or gives those of a metric another verdict; a declared value is explained."""

    def judge(settings: Settings, folders: Sequence[Path], document: str, now: datetime) -> dict[str, Verdict]:
        rows = read(folders, settings.root).records
        values = {row.fields["value"] for row in rows if row.kind == "contradiction"}
        return {
            row.reading["observation_id"]: Verdict(
                EXPLAINED if row.fields["value"] in values else verdicts.get(row.fields["metric"], CONFIRMED), "made up"
            )
            for row in rows
            if row.kind == "observation" and row.fields["document_id"] == document
        }

    return judge


JUDGE = judging()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def without(path: Path, text: str) -> None:
    """Take the lines with a text out of a file, as a person does."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if text not in line), encoding="utf-8")


def write_reason(draft: Draft, metric_value: str, reason: str) -> None:
    """Write a reason into review.csv for the rows of a value."""
    assert draft.folder
    path = draft.folder / "review.csv"
    rows = rows_of(path)
    assert any(row["value"] == metric_value for row in rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"reason": reason} if row["value"] == metric_value else row for row in rows)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release("pdd_2019_annual.html", tmp_path)


def test_a_draft_has_the_form_of_the_data(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder and draft.folder.parent == settings.home / "drafts"
    reading = read((*settings.figures, draft.folder), ROOT)
    assert reading.rejects == ()
    own = [entry for entry in reading.records if Path(entry.file).parent == draft.folder]
    (document,) = [entry.fields for entry in own if entry.kind == "document"]
    assert (document["document_id"], document["kind"], document["published_on"], document["title"]) == (
        draft.document_id,
        "company_release",
        "2020-03-11",
        "pdd_2019_annual.html",
    )
    figures = [entry for entry in own if entry.kind == "observation"]
    assert [entry.reading["observation_id"] for entry in figures] == [
        entry.fields["observation_id"] for entry in figures
    ]
    expense = next(entry.fields for entry in figures if entry.fields["value"] == "13441813000")
    assert expense["printed_as"] == "(13,441,813) (CNY in thousands)"
    assert expense["locator"] == (
        "table 1, row 10, cell 2: Sales and marketing expenses | "
        "For the year ended December 31, / 2018 / RMB / (Audited) | (13,441,813)"
    )
    assert (expense["rounding_half_width"], expense["basis"]) == ("500", "ifrs")  # as the known figure of the metric
    review = rows_of(draft.folder / "review.csv")
    assert {row["observation_id"] for row in review} == {row.fields["observation_id"] for row in draft.rows}
    assert {(row["verdict"], row["evidence"], row["reason"]) for row in review} == {(CONFIRMED, "made up", "")}
    unplaced = rows_of(draft.folder / "unplaced.csv")
    assert {"printed": "40%", "reason": "a percentage"}.items() <= unplaced[0].items()
    assert len(unplaced) == len(draft.unplaced)


def test_nothing_is_in_the_data_before_it_is_accepted(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert settings.figure_folders == settings.figures
    assert draft.folder
    done = accept(settings, draft.folder.name, NOW, JUDGE)
    assert (done.folder, done.figures, done.refused) == (settings.home / "figures", len(draft.rows), 0)
    assert settings.figure_folders == (*settings.figures, settings.home / "figures")
    reading = read(settings.figure_folders, ROOT)
    assert reading.rejects == ()
    assert sum(entry.fields.get("document_id") == draft.document_id for entry in reading.records) == 1 + len(draft.rows)


def test_what_was_decided_is_on_record(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder
    without(draft.folder / "observations.csv", "13441813000")
    assert accept(settings, draft.folder.name, NOW, JUDGE).refused == 1
    log = decisions(settings)
    assert {(entry.decided_at, entry.file, entry.document_id) for entry in log} == {
        ("2026-03-01T12:30:00+00:00", "pdd_2019_annual.html", draft.document_id)
    }
    assert len({entry.content_hash for entry in log}) == 1
    assert [entry.decision for entry in log if not entry.observation_id] == ["proposed", "accepted"]
    count = len(draft.rows)
    assert [entry.decision for entry in log if entry.observation_id].count("proposed") == count
    assert [entry.decision for entry in log if entry.observation_id].count("accepted") == count - 1
    (refused,) = [entry for entry in log if entry.decision == "refused"]
    assert (refused.metric, refused.period_end, refused.value, refused.unit, refused.reason) == (
        "sm_expense",
        "2018-12-31",
        "13441813000",
        "CNY",
        "taken out of the draft",
    )


def test_a_document_that_was_accepted_says_what_is_in(settings: Settings, release: Path) -> None:
    first = propose(settings, release, ABOUT, NOW, JUDGE)
    assert first.folder
    without(first.folder / "observations.csv", "13441813000")
    accept(settings, first.folder.name, NOW, JUDGE)
    second = propose(settings, release, ABOUT, NOW, JUDGE)
    assert [row.fields["printed_as"] for row in second.rows if not row.is_known] == ["(13,441,813) (CNY in thousands)"]
    assert second.folder and second.folder.name == f"{first.folder.name}-2"
    assert re.fullmatch(rf"this document was accepted on 2026-03-01.* as {first.folder.name}", second.notes[0])
    accept(settings, second.folder.name, NOW, JUDGE)
    third = propose(settings, release, ABOUT, NOW, JUDGE)
    assert (third.folder, {row.is_known for row in third.rows}) == (None, {True})
    assert [entry.decision for entry in listing(settings)] == ["accepted", "accepted"]


def test_a_refusal_is_told_when_the_document_is_proposed_again(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder
    with pytest.raises(MendError, match="a refusal needs a reason"):
        refuse(settings, draft.folder.name, " ", NOW)
    assert refuse(settings, draft.folder.name, "a copy with typing errors", NOW) == len(draft.rows)
    with pytest.raises(MendError, match=r"was refused on 2026-03-01.*: a copy with typing errors; --again proposes"):
        propose(settings, release, ABOUT, NOW, JUDGE)
    with pytest.raises(MendError, match="was refused on 2026-03-01; propose the document again"):
        accept(settings, draft.folder.name, NOW, JUDGE)
    again = propose(settings, release, ABOUT, NOW, JUDGE, again=True)
    assert "a copy with typing errors" in again.notes[0]
    assert again.folder and draft.folder.exists() and again.folder != draft.folder


def test_a_draft_that_waits_is_not_overwritten(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder
    with pytest.raises(MendError, match=rf"was proposed on .* as {draft.folder.name}: accept or refuse that draft"):
        propose(settings, release, ABOUT, NOW, JUDGE)


@pytest.mark.parametrize("verdict", [ALONE, UNLIKELY, EXPLAINED])
def test_a_row_that_nothing_confirms_needs_a_reason(settings: Settings, release: Path, verdict: str) -> None:
    judge = judging(gross_profit=verdict)
    draft = propose(settings, release, ABOUT, NOW, judge)
    assert draft.folder
    with pytest.raises(MendError, match=rf"line 12, 10,214,741 \(CNY in thousands\): {verdict}, made up"):
        accept(settings, draft.folder.name, NOW, judge)
    assert not settings.accepted.exists()
    if verdict == ALONE:
        accept(settings, draft.folder.name, NOW, judge, checked="compared with page 3")
        reason = "compared with page 3"
    else:
        with pytest.raises(MendError, match="need a reason"):
            accept(settings, draft.folder.name, NOW, judge, checked="compared with page 3")
        for value in ("10214741000", "23803108000"):
            write_reason(draft, value, "restated, see note 2")
        accept(settings, draft.folder.name, NOW, judge)
        reason = "restated, see note 2"
    rows = [row for row in rows_of(settings.accepted / "observations.csv") if row["metric"] == "gross_profit"]
    assert {row["note"] for row in rows} == {"" if verdict == ALONE else f"accepted although {verdict}: {reason}"}
    accepted = [entry for entry in decisions(settings) if entry.decision == "accepted" and entry.observation_id]
    assert {(entry.verdict, entry.reason) for entry in accepted if entry.metric == "gross_profit"} == {
        (verdict, reason)
    }


def test_a_contradiction_is_declared_with_its_explanation(settings: Settings, release: Path) -> None:
    judge = judging(gross_profit=CONTRADICTED)
    draft = propose(settings, release, ABOUT, NOW, judge)
    assert draft.folder
    write_reason(draft, "10214741000", "misprint: the essay is wrong")
    write_reason(draft, "23803108000", "I say so")
    with pytest.raises(MendError, match=r"contradicted, made up\nfix: .* 'restated: see note 2', with one of"):
        accept(settings, draft.folder.name, NOW, judge)
    assert not settings.accepted.exists()
    write_reason(draft, "23803108000", "restated:without the part that was sold")
    accept(settings, draft.folder.name, NOW, judge)
    declared = rows_of(settings.accepted / "contradictions.csv")
    assert [(row["value"], row["explanation"], row["reason"], row["document_id"]) for row in declared] == [
        ("10214741000", "misprint", "the essay is wrong", draft.document_id),
        ("23803108000", "restated", "without the part that was sold", draft.document_id),
    ]
    assert read(settings.figure_folders, ROOT).rejects == ()
    notes = {row["note"] for row in rows_of(settings.accepted / "observations.csv") if row["metric"] == "gross_profit"}
    assert "accepted although explained: misprint: the essay is wrong" in notes


def test_a_row_that_a_refresh_would_set_aside_stops_the_draft(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder
    path = draft.folder / "observations.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",585200000,", ",685200000,"), encoding="utf-8")
    with pytest.raises(MendError, match=r"line 2: value 685200000 persons is contradicted by its printed form"):
        accept(settings, draft.folder.name, NOW, JUDGE)
    assert not settings.accepted.exists()


def test_a_verdict_is_that_of_the_row_as_it_is_accepted(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder
    with pytest.raises(MendError, match="contradicted, made up"):
        accept(settings, draft.folder.name, NOW, judging(revenue=CONTRADICTED))


def emptied(text: str) -> str:
    return text.splitlines()[0] + "\n"


def of_another_document(text: str) -> str:
    return re.sub("doc_[0-9a-f]+", "d1", text)


@pytest.mark.parametrize(
    ("change", "message"), [(emptied, "has no row"), (of_another_document, "cites d1: a draft holds")]
)
def test_a_draft_that_was_spoiled_is_refused_whole(
    settings: Settings, release: Path, change: Callable[[str], str], message: str
) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder
    path = draft.folder / "observations.csv"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(MendError, match=message):
        accept(settings, draft.folder.name, NOW, JUDGE)
    assert not settings.accepted.exists()


def test_a_name_without_a_draft_says_which_wait(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder
    with pytest.raises(MendError, match=f"there is no draft 'other'; drafts that wait: {draft.folder.name}"):
        refuse(settings, "other", "why", NOW)


def test_rows_are_appended_to_a_folder_of_a_person(settings: Settings, release: Path) -> None:
    own = settings.figures[0]
    before = {name: (own / name).read_bytes() for name in ("documents.csv", "observations.csv")}
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder
    with pytest.raises(MendError, match=r"observations\.csv has no column locator, note, observation_id"):
        accept(settings, draft.folder.name, NOW, JUDGE, into=own)
    assert (own / "documents.csv").read_bytes() == before["documents.csv"]
    header, figure, _ = before["observations.csv"].decode().split("\n")
    columns = "observation_id,locator,rounding_half_width,note"
    (own / "observations.csv").write_text(f"{header},{columns}\n{figure},,,,", encoding="utf-8")
    assert accept(settings, draft.folder.name, NOW, JUDGE, into=own).folder == own
    text = (own / "observations.csv").read_text(encoding="utf-8")
    assert text.startswith(f"{header},{columns}\n{figure},,,,\n")
    assert (own / "documents.csv").read_bytes().startswith(before["documents.csv"])
    assert read(settings.figure_folders, ROOT).rejects == ()
    assert not settings.accepted.exists()


def test_a_known_document_keeps_its_name(settings: Settings, release: Path) -> None:
    draft = propose(settings, release, About(url="https://example.org/1"), NOW, JUDGE)
    assert draft.document_id == "d1"
    assert [row.fields["value"] for row in draft.rows if row.is_known] == ["27174249000"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<p>Some company had sales of 5 million.</p>", "does not name one platform more often than the others"),
        ("<p>Pinduoduo and JD.com met.</p>", "does not name one platform more often than the others"),
    ],
)
def test_a_platform_that_is_not_sure_is_asked_for(settings: Settings, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "release.html"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(MendError, match=message):
        propose(settings, file, ABOUT, NOW, JUDGE)
    with pytest.raises(MendError, match="'shop' is no platform of the reference files; fix: --platform with"):
        propose(settings, file, About(platform="shop"), NOW, JUDGE)
    assert propose(settings, file, About(platform="pdd"), NOW, JUDGE).folder is None


def test_an_inline_report_gives_tags_before_text(settings: Settings, tmp_path: Path) -> None:
    for path in (ROOT / "tests/data/xbrl").glob("*"):
        shutil.copy(path, tmp_path)
    (settings.figures[0] / "platforms.csv").write_text(
        "platform,name,fiscal_year_end,reporting_currency,sec_cik\nmarvell,Marvell,01-31,USD,1835632\n"
        "pdd,Pinduoduo,12-31,CNY,\nalibaba,A,12-31,CNY,\njd,J,12-31,CNY,\nkuaishou,K,12-31,CNY,\n",
        encoding="utf-8",
    )
    draft = propose(settings, tmp_path / "marvell_2023.html", ABOUT, NOW, JUDGE)
    told = {(row.fields["metric"], row.fields["period_end"]): row.fields for row in draft.rows}
    assert len(told) == len(draft.rows) == 12
    assert {row["locator"].partition(":")[0] for row in told.values()} == {"us-gaap"}
    advertising = told["advertising_expense", "2023-01-28"]
    assert (advertising["value"], advertising["rounding_half_width"], advertising["printed_as"]) == (
        "700000",
        "500",
        "700000",
    )
    assert told["sm_expense", "2023-01-28"]["period_type"] == "year"


def test_a_person_without_a_name_is_no_error(
    settings: Settings, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: (_ for _ in ()).throw(KeyError("no such user")))
    propose(settings, release, ABOUT, NOW, JUDGE)
    assert {entry.who for entry in decisions(settings)} == {""}


def test_an_interrupted_append_leaves_the_file_whole(
    settings: Settings, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = propose(settings, release, ABOUT, NOW, JUDGE)
    assert draft.folder

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "fsync", interrupt)
        accept(settings, draft.folder.name, NOW, JUDGE)
    assert not list(settings.accepted.glob("*.csv"))
    assert accept(settings, draft.folder.name, NOW, JUDGE).figures == len(draft.rows)
