"""Servers that are called are known by certificates of public authorities, whatever the environment says."""

import ssl
from pathlib import Path

import pytest

from integrations.authorities import trusted


def test_a_server_must_have_a_certificate_of_its_name() -> None:
    assert trusted().verify_mode is ssl.CERT_REQUIRED
    assert trusted().check_hostname


def test_the_authorities_are_those_of_certifi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trusted.cache_clear()
    empty = tmp_path / "none.pem"
    empty.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    assert trusted().cert_store_stats()["x509_ca"] > 100
