"""Object storage, from a real server of the S3 protocol on loopback, and from one that misbehaves."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from etl.bounds import Bounds, RemoteRead
from etl.errors import MendError, RetryError
from etl.remote import s3
from tests.remote.conftest import use_storage
from tests.support.odd_server import OddServer

pytestmark = pytest.mark.slow

HEADER = "platform,date,currency,gmv\n"
Put = Callable[[str, str], None]


def fetch(
    url: str, folder: Path, seconds: float = 60, idle: float = 20, known: frozenset[str] = frozenset()
) -> list[Path | MendError]:
    return list(s3.fetch(url, folder, RemoteRead(Bounds(seconds, idle, largest=1000)), known))


def files(found: list[Path | MendError]) -> list[Path]:
    assert not [one for one in found if isinstance(one, MendError)]
    return [one for one in found if isinstance(one, Path)]


def told(found: list[Path | MendError]) -> str:
    (problem,) = [str(one) for one in found if isinstance(one, MendError)]
    return problem


def test_an_object_is_fetched_once_and_again_when_it_is_replaced(bucket: Put, tmp_path: Path) -> None:
    bucket("daily/one.csv", HEADER + "jd,2024-01-01,CNY,1\n")
    bucket("other/not_ours.csv", "x")
    bucket("daily/folder/", "")
    (first,) = files(fetch("s3://team/daily", tmp_path))
    assert first.read_text() == HEADER + "jd,2024-01-01,CNY,1\n"
    assert fetch("s3://team/daily", tmp_path) == []
    bucket("daily/one.csv", HEADER + "jd,2024-01-01,CNY,2\n")
    (second,) = files(fetch("s3://team/daily", tmp_path))
    assert second.read_text().endswith("CNY,2\n")
    assert first.exists(), "the older content stays, it is history"
    assert first.stat().st_mtime <= second.stat().st_mtime, "the inbox reads the older one first"


@pytest.mark.parametrize("left", [0, 3])
def test_an_object_whose_file_was_cut_short_comes_again(bucket: Put, tmp_path: Path, left: int) -> None:
    """The case power_cut_sources: as an earlier version left it, which did not sync the file before its name."""
    bucket("in/a.csv", "a,b\n1,2\n")
    (path,) = files(fetch("s3://team/in", tmp_path))
    path.write_bytes(path.read_bytes()[:left])
    assert files(fetch("s3://team/in", tmp_path)) == [path]
    assert path.read_text() == "a,b\n1,2\n"
    assert fetch("s3://team/in", tmp_path) == []


def test_an_object_key_cannot_leave_its_folder(bucket: Put, tmp_path: Path) -> None:
    for key in ("quo'te ~ %2F.csv", "deep/" * 60 + "x.csv", ".hidden.csv"):
        bucket(f"in/{key}", key)
    fetched = files(fetch("s3://team/in", tmp_path / "staging"))
    assert {path.parent for path in fetched} == {tmp_path / "staging"}
    assert [path.name for path in tmp_path.iterdir()] == ["staging"]
    assert len(fetched) == 3
    assert not [path for path in fetched if path.name.startswith(".")]
    bucket("in/../up.csv", "x")
    assert "folder / cannot be listed" in told(fetch("s3://team/in", tmp_path / "staging"))
    assert [path.name for path in tmp_path.iterdir()] == ["staging"]


@pytest.mark.parametrize("odd", ["in/sub//odd.csv", "in/sub/./odd.csv", "in/sub/../odd.csv"])
def test_a_key_that_cannot_be_listed_keeps_its_folder_away_and_no_other(bucket: Put, tmp_path: Path, odd: str) -> None:
    for key in ("in/a.csv", "in/other/b.csv", "in/sub/c.csv", "in/sub/deep/d.csv", "in/z/e.csv", odd):
        bucket(key, key)
    for count in (3, 0):
        found = fetch("s3://team/in", tmp_path)
        assert "folder sub cannot be listed" in told(found)
        assert len([one for one in found if isinstance(one, Path)]) == count
    assert {path.read_text() for path in tmp_path.iterdir()} == {"in/a.csv", "in/other/b.csv", "in/z/e.csv"}


def test_a_missing_bucket_is_not_taken_for_an_empty_one(bucket: Put, tmp_path: Path) -> None:
    with pytest.raises(MendError, match=r"s3://nobody cannot be read.*check the address"):
        fetch("s3://nobody", tmp_path)
    for wrong in ("https://example.org", "s3://", "s3://key:geheim@team/x", "s3:/key:geheim@team"):
        with pytest.raises(MendError, match="write s3://bucket") as raised:
            fetch(wrong, tmp_path)
        assert "geheim" not in str(raised.value)


def listing(odd: OddServer, *keys: str, size: int = 5) -> None:
    entries = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{key}&quot;</ETag><Size>{size}</Size></Contents>"
        for key in keys
    )
    odd.says(f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode(), path="/team")


def has(odd: OddServer, key: str, body: bytes = b"a,b\n1", **headers: str) -> None:
    odd.says(body, path=f"/team/{key}", ETag=f'"{key}"', Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT", **headers)


def refusal(odd: OddServer, key: str, status: int, code: str) -> None:
    odd.says(f"<Error><Code>{code}</Code></Error>".encode(), status, path=f"/team/{key}")


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AccessDenied"), (404, "NoSuchKey"), (403, "InvalidObjectState"), (412, "PreconditionFailed"),
     (400, "BadRequest")],
)  # fmt: skip
def test_an_object_that_cannot_be_had_is_named_and_the_others_come(
    odd: OddServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    use_storage(monkeypatch, odd.url)
    listing(odd, "a.csv", "bad.csv", "c.csv")
    for key in ("a.csv", "c.csv"):
        has(odd, key)
    refusal(odd, "bad.csv", status, code)
    for _ in range(2):
        found = fetch("s3://team", tmp_path)
        assert told(found).startswith("bad.csv: ")
        assert str(status) in told(found) or code in told(found)
        assert "disk" not in told(found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv~a.csv", "c.csv~c.csv"]


@pytest.mark.parametrize("fault", ["stall", "trickle", "short", "long", "large", "hung up"])
def test_an_object_that_breaks_off_is_named_and_the_others_come(
    odd: OddServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    use_storage(monkeypatch, odd.url)
    listing(odd, "a.csv", "bad.csv", "c.csv", size=2000 if fault == "large" else 5)
    for key in ("a.csv", "c.csv"):
        has(odd, key, b"a,b\n1" if fault != "large" else b"x" * 2000)
    head = {"ETag": '"bad.csv"', "Last_Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    if fault == "stall":
        odd.stalls(b"a,", path="/team/bad.csv", Content_Length="5", **head)
    elif fault == "short":
        has(odd, "bad.csv", b"a,b")
    elif fault == "long":
        has(odd, "bad.csv", b"a,b\n1,2,3,4")
    elif fault == "trickle":
        odd.trickles(path="/team/bad.csv")
    found = fetch("s3://team", tmp_path, idle=2 if fault == "stall" else 20)
    problems = [str(one) for one in found if isinstance(one, MendError)]
    if fault == "large":
        assert [problem.partition(":")[0] for problem in problems] == ["a.csv", "bad.csv", "c.csv"]
        assert "split it" in problems[0]
    else:
        assert [problem.partition(":")[0] for problem in problems] == ["bad.csv"]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv~a.csv", "c.csv~c.csv"]


def test_a_storage_that_goes_away_after_its_list_is_asked_for_few_objects(
    odd: OddServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_storage(monkeypatch, odd.url)
    listing(odd, *(f"{number}.csv" for number in range(50)))
    started = time.monotonic()
    with pytest.raises(MendError, match="s3://team cannot be read"):
        fetch("s3://team", tmp_path)
    assert len({path for path in odd.asked if path != "/team"} - {"/team?list-type=2"}) == s3.MOST_FAULTS_IN_A_ROW
    assert time.monotonic() - started < 5


def test_a_list_that_never_ends_is_given_up(odd: OddServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_storage(monkeypatch, odd.url)
    odd.says(
        b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>"
        b"<Contents><Key>a/</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>0</Size></Contents>"
        b"</ListBucketResult>",
        path="/team",
    )
    odd.says(b"", 404)
    with pytest.raises(RetryError, match="not read within 1 seconds"):
        fetch("s3://team", tmp_path, seconds=1)


def test_a_content_that_is_there_again_is_told(bucket: Put, storage: str, tmp_path: Path) -> None:
    """The inbox loads the same bytes once only, so that the rows in between would stand for ever."""
    contents = []
    for text, count in (("one", 1), ("two", 1), ("one", 0)):
        bucket("daily/one.csv", text)
        found = fetch("s3://team/daily", tmp_path)
        assert len([one for one in found if isinstance(one, Path)]) == count
        contents.append(text)
        time.sleep(1.1)  # the storage tells the time in seconds
    assert "has again the content" in told(found)
    assert "has again the content" in told(fetch("s3://team/daily", tmp_path)), "until it is mended"
    known = frozenset(hashlib.sha256(text.encode()).hexdigest() for text in contents)
    put_in_parts(storage, "daily/one.csv", b"one")
    assert "has again the content" in told(fetch("s3://team/daily", tmp_path, known=known))
    bucket("daily/one.csv", "one\n")
    assert len(files(fetch("s3://team/daily", tmp_path, known=known))) == 1


def put_in_parts(storage: str, key: str, body: bytes) -> None:
    """The same bytes with another ETag, as where the storage encrypts each upload with a key of its own."""
    client = boto3.client("s3", endpoint_url=storage, region_name="us-east-1")
    part = {"Bucket": "team", "Key": key}
    part["UploadId"] = client.create_multipart_upload(**part)["UploadId"]
    etag = client.upload_part(**part, PartNumber=1, Body=body)["ETag"]
    client.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})


def test_an_object_that_is_put_again_unchanged_is_no_fault(bucket: Put, storage: str, tmp_path: Path) -> None:
    bucket("daily/one.csv", "one")
    files(fetch("s3://team/daily", tmp_path))
    put_in_parts(storage, "daily/one.csv", b"one")
    assert len(files(fetch("s3://team/daily", tmp_path, known=frozenset([hashlib.sha256(b"one").hexdigest()])))) == 1


def test_no_message_has_a_key(odd: OddServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers answer with the key or token that they refuse."""
    use_storage(monkeypatch, odd.url.replace("//", "//ann:GEHEIM-1@"))
    secrets = {"AWS_ACCESS_KEY_ID": "GEHEIM-2", "AWS_SECRET_ACCESS_KEY": "GEHEIM-3", "AWS_SESSION_TOKEN": "GEHEIM/4"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    body = (
        "<Error><Code>InvalidToken</Code><Token-0>GEHEIM/4</Token-0><AWSAccessKeyId>GEHEIM-2</AWSAccessKeyId></Error>"
    )
    odd.says(body.encode(), 403)
    with pytest.raises(MendError, match="InvalidToken") as raised:
        fetch("s3://team", tmp_path)
    with pytest.raises(MendError) as again:
        fetch("s3://team", tmp_path)
    assert str(again.value) == str(raised.value), "the same reason is no news"
    assert "GEHEIM" not in str(raised.value)
    assert raised.value.__cause__ is None
