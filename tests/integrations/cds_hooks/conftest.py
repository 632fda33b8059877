"""A hospital's CDS client with keys of its own, and a patient of its FHIR server who has a twin."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from clinic.patients.models import Patient
from integrations.readings.models import Source
from tests.factories.chart import START, Chart
from tests.factories.learned import learn
from tests.integrations.cds_hooks.calls import ISSUER, SERVER, call

NOW = START + timedelta(hours=37)
"""An hour and a half after the last level."""

EC = ECKey.generate_key("P-384", {"kid": "ec-1", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
Sign = Callable[..., str]
Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Iterator[None]:
    settings.CDS_CLIENTS = [
        {
            "name": "ehr",
            "issuer": ISSUER,
            "fhir_server": SERVER,
            "jwks": {"keys": [EC.as_dict(private=False), RSA.as_dict(private=False)]},
        }
    ]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def at_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands an hour after the chart's last record."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def sign() -> Sign:
    """A token for a path of this site; anything about it can be changed, None leaves a claim out."""

    def signed(path: str, *, key: Any = EC, header: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        said = {
            "iss": ISSUER,
            "aud": f"http://testserver{path}",
            "iat": now,
            "exp": now + 120,
            "jti": str(uuid4()),
            **claims,
        }
        alg = "ES384" if isinstance(key, ECKey) else "RS384"
        head = {"alg": alg, "typ": "JWT", "kid": key.kid, **(header or {})}
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(head, kept, key, algorithms=[head["alg"]])

    return signed


@pytest.fixture
def ask(client: Client, sign: Sign) -> Ask:
    """Call a service with a good token; a `token` or `headers` of one's own take its place."""

    def asked(
        service: str = "patient-twin-view", body: Any = None, *, end: str = "", token: str = "", **headers: str
    ) -> Any:
        path = f"/cds-services/{service}{end}"
        return client.post(
            path,
            call() if body is None else body,
            content_type=headers.pop("content_type", "application/json"),
            headers={"Authorization": f"Bearer {token or sign(path)}", **headers},
        )

    return asked


@pytest.fixture
def patient(db: None) -> Patient:
    """Two days on 1 g every 12 h with two levels, known from the client's FHIR server as p1, without a twin yet."""
    Source.objects.create(slug="ward", address=SERVER)
    chart = Chart.of().stable()
    return Patient.objects.create(
        subject=chart.subject, source_key="ward/Patient/p1", family_name="Okafor", given_name="Daniel", sex="male"
    )


@pytest.fixture
def with_twin(patient: Patient) -> Patient:
    """The same, with the twins that a worker would have made."""
    learn(patient.subject)
    return patient
