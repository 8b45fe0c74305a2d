"""What is shown of an address and of a library's message."""

from __future__ import annotations

import pytest

from etl.secrets import clean, secret_parts, shown


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://data.sec.gov", "https://data.sec.gov"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("rates/eurofxref-hist.zip", "rates/eurofxref-hist.zip"),
        ("http://ann:GEHEIM@host:9/x?key=GEHEIM#GEHEIM", "http://host:9/x?***"),
        ("http://ann:GEH/GE@HEIM@host/x", "http://host/x"),
        ("http//ann:GEHEIM@host/x", "host/x"),
        ("http:/ann:GEHEIM@host/x", "http:/host/x"),
        ("mailto://ann:GEH?GEHEIM@host", "mailto://host"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, expected: str) -> None:
    assert shown(address) == expected
    assert shown(expected) == expected


def test_a_message_loses_the_secrets_in_every_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "GEHEIM/1+x")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "GEHEIM-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://ann:GEHEIM%203@host")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    text = """refused GEHEIM/1+x (GEHEIM%2F1%2Bx) at http://bob:GEHEIM4@host/a?token=GEHEIM5 of GEHEIM-2
        and GEHEIM%203 or GEHEIM 3 in eu-west-1 with GEHEIM6"""
    cleaned = clean(text, secret_parts("http://u:GEHEIM6@host"))
    assert "GEHEIM" not in cleaned
    assert cleaned.startswith("refused *** (***) at http://host/a?*** of *** and ***")
    assert "eu-west-1" in cleaned
