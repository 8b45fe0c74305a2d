"""Profiles and folders that are written wrongly are told with the field and the fix, and stop nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from etl.buyers import KEY_FILE, buyer_key
from etl.config import ROOT
from etl.errors import FileError, MendError
from etl.profiles.profile import load_profiles, profile_of, read_folder
from tests.support.inbox_files import inbox_in

SOUND: dict[str, Any] = {
    "exporter": "A tool",
    "evidence": "real",
    "source": "a file",
    "contract": "platform_metric_daily",
    "columns": {"day": "Tag", "cost": {"de": ["Kosten", "Aufwand"], "en": "Outlay"}},
    "map": {"date": "day", "marketing_spend": "cost"},
    "constants": {"channel": "tool", "currency": "EUR", "platform": "pdd"},
    "file": {"dates": ["%d.%m.%Y"], "numbers": {"de": "1.234,56", "en": "1,234.56"}},
}
TEXT = """exporter: A tool
evidence: real
source: a file
contract: platform_metric_daily
columns: {day: Tag, cost: Kosten}
map: {date: day, marketing_spend: cost}
constants: {channel: tool, currency: EUR, platform: pdd}
file: {dates: ["%d.%m.%Y"], numbers: "1.234,56"}
"""


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("source", "", "lacks source"),
        ("colums", {}, "has the field colums, which is not known"),
        ("evidence", "hearsay", "has the evidence 'hearsay'"),
        ("contract", "orders", "has the contract 'orders'"),
        ("contract", "none", "does not say why"),
        ("map", {"spend": "cost"}, "names spend in map, which platform_metric_daily does not have"),
        ("combine", {"marketing_spend": "median"}, "has median in combine"),
        ("optional", ["day", "cost"], "has optional columns only"),
        ("optional", ["dya"], "names dya in optional"),
        ("columns", {"Day": "Tag"}, "has the name 'Day'"),
        ("columns", {"line": "Tag"}, "has the name 'line'"),
        ("skip", [{"where": "day is null"}], "without `where` and `as`"),
        ("skip", [{"where": "day is null", "as": "total", "check": "campaign"}], "names campaign in skip"),
        ("file", {"zone": "Berlin"}, "has 'Berlin' in file.zone"),
        ("file", {"numbers": "1.234.56"}, "has '1.234.56' in file.numbers"),
        ("file", {"title": "("}, "in file.title or file.above, which is none"),
        (
            "file",
            {"times": ["%d.%m.%Y %H:%M %z"]},
            "%z' in file.dates or file.times, whose offset is not read",
        ),
        ("file", {"sheet": 1}, "has the field file.sheet"),
    ],
)
def test_a_faulty_profile_is_told_with_its_field(field: str, value: Any, told: str) -> None:
    with pytest.raises(FileError, match=told.replace("(", "[(]")):
        profile_of("tool", SOUND | {field: value})


def test_a_profile_of_the_home_replaces_one_that_ships_and_a_faulty_one_stops_no_other(tmp_path: Path) -> None:
    for folder, name, text in (
        ("a", "tool", TEXT),
        ("b", "tool", TEXT.replace("A tool", "My tool")),
        ("b", "odd", "x"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    found = load_profiles(tmp_path / "a", tmp_path / "b", tmp_path / "missing")
    assert found.known["tool"].exporter == "My tool"
    assert found.faulty == {"odd": "profile odd.yaml: holds no fields; docs/profiles.md describes them"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("constants: [platform]", "has no names and values in constants"),
        ("platform: pdd", "has the field platform, which is not known"),
        ("zone: Berlin", "has 'Berlin' in zone"),
        ("constants: {", "cannot be read"),
    ],
)
def test_a_faulty_folder_refuses_its_files_with_the_fix(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "profile.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=r"lies under shop/profile\.yaml, which") as caught:
        read_folder(tmp_path / "profile.yaml", "shop/profile.yaml")
    assert told in str(caught.value)


HEADER = "Tag;Kosten\n"


def test_a_profile_of_the_home_loads_files_and_each_line_is_accounted_for(tmp_path: Path) -> None:
    inbox = inbox_in(tmp_path / "home")
    (tmp_path / "home" / "profiles").mkdir()
    (tmp_path / "home" / "profiles" / "tool.yaml").write_text(TEXT, encoding="utf-8")
    rows = "".join(f"{day:02}.01.2026;1.000,5{day % 10}\n" for day in range(1, 29))
    load = inbox.one("tool.csv", f"{HEADER}{rows}29.01.2026;1,234.56\n01.01.2026;0,000001\n")
    assert (load.status, load.profile, load.rows_read, load.rows_loaded) == ("partly_loaded", "tool", 30, 29)
    assert inbox.set_aside() == [
        (
            30,
            "Kosten",
            "Tag=29.01.2026, Kosten=1,234.56",
            "is no number in the form 1.234,56; correct it, or write `numbers` in profile.yaml of its folder",
        )
    ]
    assert inbox.rows("marketing_spend::varchar")[0] == ("1000.500000",)
    assert ("1000.510001",) in inbox.rows("marketing_spend::varchar"), "two rows of one day add up"


def test_the_same_bytes_in_the_folders_of_two_shops_are_two_deliveries(tmp_path: Path) -> None:
    inbox = inbox_in(tmp_path / "home")
    (tmp_path / "home" / "profiles").mkdir()
    (tmp_path / "home" / "profiles" / "tool.yaml").write_text(TEXT, encoding="utf-8")
    for platform in ("pdd", "jd"):
        inbox.put(f"{platform}/profile.yaml", f"constants: {{platform: {platform}}}\n")
        inbox.put(f"{platform}/tool.csv", f"{HEADER}01.01.2026;1,5\n")
    assert [load.status for load in inbox.load()] == ["loaded", "loaded"]
    assert inbox.rows("platform, marketing_spend::varchar") == [("jd", "1.500000"), ("pdd", "1.500000")]
    inbox.put("pdd/again.csv", f"{HEADER}01.01.2026;1,5\n")
    assert inbox.load() == ()


def test_a_file_that_two_profiles_fit_is_refused_until_its_folder_chooses(tmp_path: Path) -> None:
    inbox = inbox_in(tmp_path / "home")
    (tmp_path / "home" / "profiles").mkdir()
    for name in ("tool", "other"):
        (tmp_path / "home" / "profiles" / f"{name}.yaml").write_text(TEXT, encoding="utf-8")
    load = inbox.one("a/tool.csv", f"{HEADER}01.01.2026;1,5\n")
    assert load.status == "refused"
    assert "fits the profiles other and tool alike; choose one with `profile`" in load.reason
    inbox.put("a/profile.yaml", "profile: tool\n")
    (again,) = inbox.replay("a/tool.csv")
    assert (again.status, again.profile) == ("loaded", "tool")


def test_a_file_near_to_a_profile_is_told_what_it_lacks(tmp_path: Path) -> None:
    inbox = inbox_in(tmp_path / "home")
    (tmp_path / "home" / "profiles").mkdir()
    text = (
        TEXT.replace("cost: Kosten", "cost: Aufwand, campaign: Kampagne, place: Platz")
        + "hints: {day: break it down by day}\n"
    )
    (tmp_path / "home" / "profiles" / "tool.yaml").write_text(text, encoding="utf-8")
    load = inbox.one("tool.csv", "Aufwand;Kampagne;Platz\n1,5;a;b\n")
    assert load.status == "refused"
    assert "the profile tool (A tool) needs 'Tag' (break it down by day)" in load.reason


@pytest.mark.parametrize("platform", ["nosuch", "pdd"])
def test_every_record_behind_a_row_at_fault_is_in_quarantine(tmp_path: Path, platform: str) -> None:
    """Also where a part of the key has its default, or a name is brought into its canonical form."""
    inbox = inbox_in(tmp_path / "home")
    inbox.settings = inbox.settings.model_copy(update={"bad_share": 1.0})
    (tmp_path / "home" / "profiles").mkdir()
    text = TEXT.replace("cost: Kosten}", "cost: Kosten, account: Konto, channel: Kanal}\noptional: [account]")
    text = text.replace("marketing_spend: cost}", "marketing_spend: cost, account: account, channel: channel}")
    text = text.replace("channel: tool, ", "").replace("platform: pdd", f"platform: {platform}")
    (tmp_path / "home" / "profiles" / "tool.yaml").write_text(text, encoding="utf-8")
    load = inbox.one(
        "tool.csv",
        "Tag;Kosten;Konto;Kanal\n01.01.2026;1,5;;cafe\u0301\n01.01.2026;2;;cafe\u0301\n01.01.2036;3;;search\n01.01.2036;4;;search\n",
    )
    at_fault = 4 if platform == "nosuch" else 2
    assert (load.rows_read, load.rows_loaded, load.rows_quarantined) == (4, 4 - at_fault, at_fault)
    assert [line for line, *_ in inbox.set_aside()] == list(range(6 - at_fault, 6))
    loaded = [("caf\u00e9", "3.500000")] if platform == "pdd" else []
    assert inbox.rows("channel, marketing_spend::varchar") == loaded


def test_the_key_of_buyers_is_made_once_for_its_owner_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    key = buyer_key(tmp_path)
    assert ((tmp_path / KEY_FILE).stat().st_mode & 0o777, len(key)) == (0o600, 64)
    assert buyer_key(tmp_path) == key
    (tmp_path / KEY_FILE).write_text("")
    with pytest.raises(MendError, match="bring it back from a backup"):
        buyer_key(tmp_path)


def test_a_row_of_the_difference_that_breaks_the_contract_refuses_the_file(tmp_path: Path) -> None:
    inbox = inbox_in(tmp_path / "home")
    (tmp_path / "home" / "profiles").mkdir()
    text = TEXT + "skip: [{where: \"any_cell = 'Summe'\", as: total, check: all}]\n"
    (tmp_path / "home" / "profiles" / "tool.yaml").write_text(text, encoding="utf-8")
    inbox.put("a/profile.yaml", "difference: {channel: ' rest'}\n")
    inbox.put("a/tool.csv", "Tag;Kosten\n01.01.2026;1,5\nSumme;2,5\n")
    (load,) = inbox.load()
    assert load.status == "refused"
    assert "the row of `difference` breaks the contract" in load.reason
    inbox.put("a/profile.yaml", "difference: {channel: tool}\n")
    (same,) = inbox.replay("a/tool.csv")
    assert same.status == "refused"
    assert (
        "has a difference with channel tool (a/profile.yaml), as its own rows have: give it one of its own"
        in same.reason
    )
    inbox.put("a/profile.yaml", "difference: {channel: rest}\n")
    (again,) = inbox.replay("a/tool.csv")
    assert again.status == "loaded"
    assert inbox.rows("channel, marketing_spend::varchar") == [("rest", "1.000000"), ("tool", "1.500000")]


def test_a_condition_that_cannot_be_read_is_told_with_its_field(tmp_path: Path) -> None:
    inbox = inbox_in(tmp_path / "home")
    (tmp_path / "home" / "profiles").mkdir()
    path = tmp_path / "home" / "profiles" / "tool.yaml"
    for cost, (more, told) in enumerate(
        (
            ('skip: [{where: "kost is null", as: total}]', "tool, whose skip, number 1, uses kost in an expression"),
            (
                'refuse: [{where: "day is null", because: x}, {where: "f(", because: x}]',
                "whose refuse, number 2, has the",
            ),
            ("then: {marketing_spend: marketing_spend + clicks}", "whose then.marketing_spend uses clicks, to which"),
        )
    ):
        path.write_text(f"{TEXT}{more}\n", encoding="utf-8")
        load = inbox.one("tool.csv", f"{HEADER}01.01.2026;{cost},5\n")
        assert load.status == "refused"
        assert told in load.reason


@pytest.mark.parametrize(
    ("form", "days", "told"),
    [
        (
            "%d/%m/%Y",
            ["01/02/2025", "03/03/2025"],
            "days in Tag leave open which number is the month: 01/02/2025 is",
        ),
        (
            "%m-%d-%Y",
            ["01-02-2025"],
            "01-02-2025 is read as 2025-01-02; if the file means the other, correct file.dates",
        ),
        ("%d/%m/%Y", ["01/02/2025", "13/02/2025"], ""),
        ("%d/%m/%Y", ["03/03/2025"], ""),
        ("%d.%m.%Y", ["01.02.2025"], ""),
    ],
)
def test_days_that_can_be_read_two_ways_are_told(tmp_path: Path, form: str, days: list[str], told: str) -> None:
    inbox = inbox_in(tmp_path / "home")
    (tmp_path / "home" / "profiles").mkdir()
    (tmp_path / "home" / "profiles" / "tool.yaml").write_text(TEXT.replace("%d.%m.%Y", form), encoding="utf-8")
    load = inbox.one("tool.csv", HEADER + "".join(f"{day};1,5\n" for day in days))
    assert load.status == "loaded"
    assert told in load.reason
    assert bool(told) == ("which number is the month" in load.reason)


def test_the_examples_of_the_guide_are_profiles_and_read_what_they_say(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(exporter:.*?)```", guide, re.DOTALL)
    assert [profile_of("example", yaml.safe_load(text)).evidence for text in examples] == ["real", "real"]
    (orders,) = re.findall(r"```csv\n(Order no.*?)```", guide, re.DOTALL)
    inbox = inbox_in(tmp_path / "home")
    inbox.con.execute("insert into core.platform values ('my_shop')")
    (tmp_path / "home" / "profiles").mkdir()
    (tmp_path / "home" / "profiles" / "our_shop.yaml").write_text(examples[1], encoding="utf-8")
    load = inbox.one("orders.csv", orders)
    assert (load.profile, load.rows_loaded, load.rows_quarantined) == ("our_shop", 3, 0)
    columns = "event_id, event_time::varchar, amount::varchar, refunded::varchar, status, buyer_id_hash is null, coupon"
    assert inbox.rows(columns, "core.order_event") == [
        ("1001", "2026-02-03 13:05:00", "1120.5000", None, "placed", False, "SPRING"),
        ("1002", "2026-02-13 17:40:00", "89.1000", "10.0000", "placed", True, None),
        ("1003", "2026-02-13 18:00:00", "15.0000", None, "cancelled", False, None),
    ]
