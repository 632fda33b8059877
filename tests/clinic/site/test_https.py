"""In production a browser is told to come by TLS alone; where the site is served without it, nothing of the kind."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.environment import ROOT

ASK = """
import json, sys, django
django.setup()
from django.test import Client
asked = Client(headers={"host": "localhost"})
ways = {"tls": {"secure": True}, "plain": {}, "proxied": {"headers": {"X-Forwarded-Proto": "https"}}}
found = {}
for name, how in ways.items():
    for path in ("/healthz", "/fhir/metadata"):
        answer = asked.get(path, **how)
        found[f"{name} {path}"] = [answer.status_code, answer.get("Strict-Transport-Security"), answer.get("Location")]
json.dump(found, sys.stdout)
"""


def answers(folder: Path, **set_to: str) -> dict[str, list[int | str | None]]:
    """Status, header and where it leads, of a process with these settings; by way and path."""
    ours = {name: value for name, value in os.environ.items() if name not in ("HTTPS_ONLY", "BEHIND_TLS_PROXY")}
    environment = {**ours, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "clinic.site.settings", **set_to}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout))


def test_over_tls_each_answer_says_for_a_year_to_come_by_tls_and_without_it_none_is_given(tmp_path: Path) -> None:
    found = answers(tmp_path, HTTPS_ONLY="1", ALLOWED_HOSTS="localhost")
    for path in ("/healthz", "/fhir/metadata"):
        assert found[f"tls {path}"] == [200, "max-age=31536000", None]
    assert found["plain /fhir/metadata"] == [301, None, "https://localhost/fhir/metadata"]
    assert found["plain /healthz"] == [200, None, None], "the machine itself asks without TLS"
    # what a client says of itself counts nothing until a proxy that says it is named
    assert found["proxied /fhir/metadata"] == [301, None, "https://localhost/fhir/metadata"]


def test_behind_a_proxy_that_ends_tls_it_is_said_too(tmp_path: Path) -> None:
    found = answers(tmp_path, HTTPS_ONLY="1", BEHIND_TLS_PROXY="1", ALLOWED_HOSTS="localhost")
    assert found["proxied /fhir/metadata"] == [200, "max-age=31536000", None]
    assert found["plain /fhir/metadata"] == [301, None, "https://localhost/fhir/metadata"]


def test_a_site_without_tls_promises_none(tmp_path: Path) -> None:
    found = answers(tmp_path, HTTPS_ONLY="0", ALLOWED_HOSTS="localhost")
    assert {status for status, _, _ in found.values()} == {200}
    assert {promise for _, promise, _ in found.values()} == {None}
