"""EDGAR from disk: an archive of bodies, and a quarter of the data sets, whole or not at all, and once."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.config import Settings, load_settings
from etl.edgar.bulk import count_bodies, is_statements, load_archive, load_statements
from etl.edgar.facts import load_pending
from etl.errors import MendError
from etl.warehouse import Connection, open_build
from tests.support.command import run
from tests.support.edgar_bodies import JD, PDD, body

pytestmark = pytest.mark.slow

NOW = datetime(2021, 5, 1, tzinfo=UTC)
QUARTER = {
    "sub": """adsh\tcik\tname\tform\tperiod\tfye\tfy\tfp\tfiled
0000000007-24-000001\t7\tSHOP INC.\t10-K\t20231231\t1231\t2023\tFY\t20240301
""",
    "num": """adsh\ttag\tversion\tddate\tqtrs\tuom\tsegments\tcoreg\tvalue\tfootnote
0000000007-24-000001\tRevenues\tus-gaap/2023\t20231231\t4\tUSD\t\t\t1000000.0000\t
0000000007-24-000001\tRevenues\tus-gaap/2023\t20231231\t4\tUSD\tSegments=Cloud;\t\t400000.0000\t
0000000007-24-000001\tRevenues\tus-gaap/2023\t20231231\t4\tUSD\t\tSubsidiary\t300000.0000\t
0000000007-24-000001\tPartnerSubsidies\t0000000007-24-000001\t20231231\t4\tUSD\t\t\t25000.0000\tsee "note 3
0000000007-24-000001\tAssets\tus-gaap/2023\t20231231\t0\tUSD\t\t\t\t
""",
    "tag": """tag\tversion\tcustom\tabstract\tdatatype\tiord\tcrdr\ttlabel\tdoc
Revenues\tus-gaap/2023\t0\t0\tmonetary\tD\tC\tRevenues\tTotal "gross
PartnerSubsidies\t0000000007-24-000001\t1\t0\tmonetary\tD\tD\tPartner subsidies\t
""",
    "pre": """adsh\treport\tline\tstmt\tinpth\trfile\ttag\tversion\tplabel\tnegating
0000000007-24-000001\t4\t1\tIS\t0\tH\tRevenues\tus-gaap/2023\tNet revenues\t0
0000000007-24-000001\t7\t3\tCF\t0\tH\tRevenues\tus-gaap/2023\tRevenues again\t0
""",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path / "home")})


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "companyfacts.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for cik in (JD, PDD):
            file.writestr(f"CIK{cik:010d}.json", json.dumps(body(cik)))
        file.writestr("CIK0000000001.json", "{}")  # an issuer without facts
        file.writestr("CIK0000000002.json", "<html>")
        file.writestr("readme.txt", "no body")
    return path


@pytest.fixture
def quarter(tmp_path: Path) -> Path:
    folder = tmp_path / "2024q1"
    folder.mkdir()
    for name, text in QUARTER.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def test_an_archive_loads_and_says_which_body_it_refused(con: Connection, settings: Settings, archive: Path) -> None:
    loads = {load.body.cik: load for load in load_archive(con, settings, archive, NOW) if load}
    assert {cik: load.status for cik, load in loads.items()} == {1: "loaded", 2: "refused", JD: "loaded", PDD: "loaded"}
    rows = con.execute("select count(*) from raw.edgar_fact").fetchone()
    assert rows == (sum(load.rows_added for load in loads.values()),)
    assert (count_bodies(archive), count_bodies(archive, [JD])) == (4, 1)


@pytest.mark.parametrize("text", ["{}", '{"cik": 7, "entityName": "NO FACTS"}', '{"cik": "0000000007", "facts": {}}'])
def test_an_issuer_without_facts_has_none_and_is_told_once(
    con: Connection, settings: Settings, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "companyfacts.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("CIK0000000007.json", text)
    (first,) = load_archive(con, settings, path, NOW)
    assert first
    assert (first.status, first.message, first.rows_read) == ("loaded", "", 0)
    assert [list(load_pending(con, settings, NOW + timedelta(days=day))) for day in (1, 2, 3)] == [[], [], []]
    assert list(load_archive(con, settings, path, NOW)) == [None]
    assert con.execute("select status, rows_read from audit.load").fetchall() == [("loaded", 0)]


def test_what_was_refused_for_its_content_is_not_read_again(con: Connection, settings: Settings, archive: Path) -> None:
    (first,) = load_archive(con, settings, archive, NOW, [2])
    assert first
    assert "fetched again" not in first.message
    assert [list(load_pending(con, settings, NOW + timedelta(days=day))) for day in (1, 2, 3)] == [[], [], []]
    assert list(load_archive(con, settings, archive, NOW, [2])) == [None]
    assert con.execute("select count(*) from audit.load").fetchone() == (1,)


@pytest.mark.parametrize("at", [0, 6, 8, 60])
def test_a_damaged_body_is_named_and_the_others_load(
    con: Connection, settings: Settings, archive: Path, at: int
) -> None:
    """Signature, flags, method and bytes of the first body, that of issuer JD."""
    packed = bytearray(archive.read_bytes())
    packed[at] ^= 0x41
    if at in (6, 8):
        packed[packed.find(b"PK\x01\x02") + at + 2] ^= 0x41
    archive.write_bytes(packed)
    loads = {load.body.cik: load for load in load_archive(con, settings, archive, NOW) if load}
    assert {cik: load.status for cik, load in loads.items()} == {
        1: "loaded",
        2: "refused",
        JD: "refused",
        PDD: "loaded",
    }
    assert "download it again" in loads[JD].message


def test_a_stopped_load_continues_where_it_stopped(con: Connection, settings: Settings, archive: Path) -> None:
    loads = load_archive(con, settings, archive, NOW, [JD, PDD])
    first = next(loads)
    assert first is not None
    assert first.body.cik == JD
    loads.close()
    rest = list(load_archive(con, settings, archive, NOW, [JD, PDD]))
    assert [load.body.cik if load else None for load in rest] == [None, PDD]
    assert list(load_archive(con, settings, archive, NOW, [JD, PDD])) == [None, None]


def test_a_file_that_is_no_zip_is_refused_with_the_fix(con: Connection, settings: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.zip"
    wrong.write_text("<html>", encoding="utf-8")
    with pytest.raises(MendError, match=r"name companyfacts\.zip"):
        list(load_archive(con, settings, wrong, NOW))


def test_a_quarter_keeps_every_number_and_separates_parts_from_the_whole(con: Connection, quarter: Path) -> None:
    assert is_statements(quarter)
    assert load_statements(con, quarter, NOW) == 5
    assert con.execute(
        """select tag, segments, coregistrant, is_consolidated, is_custom, val::double, statement, label
        from raw.edgar_statement order by all"""
    ).fetchall() == [
        ("Assets", None, None, True, False, None, None, None),
        ("PartnerSubsidies", None, None, True, True, 25000.0, None, "Partner subsidies"),
        ("Revenues", "Segments=Cloud;", None, False, False, 400000.0, "IS", "Net revenues"),
        ("Revenues", None, "Subsidiary", False, False, 300000.0, "IS", "Net revenues"),
        ("Revenues", None, None, True, False, 1000000.0, "IS", "Net revenues"),
    ]


def test_a_quarter_loads_once_and_from_a_zip_too(con: Connection, quarter: Path, tmp_path: Path) -> None:
    packed = tmp_path / "2024q1.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for name in QUARTER:
            file.write(quarter / f"{name}.txt", f"{name}.txt")
    assert is_statements(packed)
    assert load_statements(con, packed, NOW) == 5
    assert load_statements(con, quarter, NOW) is None
    assert con.execute("select count(*) from raw.edgar_statement").fetchone() == (5,)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("sub", "0000000007-24-000001\t7", "0000000008-24-000001\t7"),  # numbers of no filing
        ("num", "1000000.0000", "many"),
        ("num", "1000000.0000", "1000000.00001"),
        ("num", "1000000.0000", "1e6"),
        ("num", "20231231\t4\tUSD\t\t\t1000000", "20231331\t4\tUSD\t\t\t1000000"),
    ],
)
def test_a_quarter_that_does_not_add_up_is_not_loaded(
    con: Connection, quarter: Path, name: str, old: str, new: str
) -> None:
    file = quarter / f"{name}.txt"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(MendError, match="nothing was loaded"):
        load_statements(con, quarter, NOW)
    assert con.execute("select count(*) from raw.edgar_statement").fetchone() == (0,)
    assert con.execute("select count(*) from audit.load").fetchone() == (0,)


def test_a_quarter_without_a_file_is_not_loaded(con: Connection, quarter: Path) -> None:
    (quarter / "pre.txt").unlink()
    with pytest.raises(MendError, match=r"no pre\.txt"):
        load_statements(con, quarter, NOW)


@pytest.mark.parametrize("at", [6, 8, 60])
def test_a_damaged_quarter_is_refused(con: Connection, quarter: Path, tmp_path: Path, at: int) -> None:
    packed = tmp_path / "2024q1.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name in QUARTER:
            file.write(quarter / f"{name}.txt", f"{name}.txt")
    content = bytearray(packed.read_bytes())
    content[at] ^= 0x41
    if at in (6, 8):
        content[content.find(b"PK\x01\x02") + at + 2] ^= 0x41
    packed.write_bytes(content)
    with pytest.raises(MendError, match="nothing was loaded; download it again"):
        load_statements(con, packed, NOW)


def test_the_command_loads_an_archive_or_named_issuers(
    archive: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(settings.home))
    two = run("edgar", "bulk", str(archive), "--cik", str(JD), "--cik", str(PDD))
    assert two.exit_code == 0
    assert "2 bodies read" in two.stdout
    with open_build(settings) as con:
        assert con.execute("select count(distinct cik) from raw.edgar_fact").fetchone() == (2,)
    every = run("edgar", "bulk", str(archive))
    assert every.exit_code == 1
    assert "CIK0000000002.json" in every.stderr
    assert "2 bodies read" in every.stdout.replace("4 bodies", "2 bodies")
    only = run("edgar", "bulk", str(archive), "--cik", "1")
    assert only.exit_code == 0
