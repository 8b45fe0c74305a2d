"""The servers of the remote sources, each started once a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import boto3
import pytest

from tests.support import servers
from tests.support.odd_server import OddServer


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with servers.postgres_server() as address:
        yield address


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    with servers.s3_server() as address:
        yield address


def use_storage(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Name a server of the S3 protocol and its keys in the environment."""
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(storage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """A new bucket `team`; call it to put an object."""
    use_storage(monkeypatch, storage)
    client = boto3.client("s3", endpoint_url=storage, region_name="us-east-1")
    client.create_bucket(Bucket="team")
    yield lambda key, text: client.put_object(Bucket="team", Key=key, Body=text.encode()) and None
    for found in client.list_objects_v2(Bucket="team").get("Contents", []):
        client.delete_object(Bucket="team", Key=found["Key"])
    client.delete_bucket(Bucket="team")


@pytest.fixture
def odd() -> Iterator[OddServer]:
    with OddServer() as server:
        yield server
