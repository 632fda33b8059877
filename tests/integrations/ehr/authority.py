"""An authorisation server in front of the test's FHIR server: takes signed assertions, gives tokens that die."""

import json
from urllib.parse import parse_qs

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from integrations.ehr.backend_services import ASSERTION_TYPE, BackendServices
from integrations.ehr.client import Client
from integrations.ehr.client_key import read_key
from tests.integrations.ehr.server import BASE, QUICK, Server

TOKEN_URL = "http://login.test/oauth/token"
CLIENT_ID = "patient-twin"


class Authority:
    """Gives a token for each good assertion; each serves `uses` requests, then the FHIR server answers 401.

    `requests` are those for tokens; `shown` the Authorization of every request to the FHIR server.
    """

    def __init__(self, server: Server, *, key: ECKey | RSAKey | None = None, uses: int = 10**9) -> None:
        self.server = server
        self.key = key or ECKey.generate_key("P-384")
        self.uses = uses
        self.expires_in: object = 300
        self.issued = 0
        self.left: dict[str, int] = {}
        self.jtis: set[str] = set()
        self.claims: list[dict[str, object]] = []
        self.headers: list[dict[str, object]] = []
        self.shown: list[str] = []
        self.endpoint = TOKEN_URL
        self.refusals: list[httpx.Response] = []

    def access(self, **changes: str) -> BackendServices:
        options = {"client_id": CLIENT_ID, "scope": "system/*.rs", "token_url": "", **changes}
        pem = self.key.as_pem(private=True).decode()
        return BackendServices(key=read_key(pem, "key-1"), **options)

    def client(self, **changes: str) -> Client:
        return Client(BASE, access=self.access(**changes), patience=QUICK, transport=httpx.MockTransport(self))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.test":
            return self._token(request)
        if request.url.path.endswith("/.well-known/smart-configuration"):
            assert "authorization" not in request.headers
            return httpx.Response(200, json={"token_endpoint": self.endpoint})
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.shown.append(token)
        if self.left.get(token, 0) <= 0:
            return httpx.Response(401, text="Token expired", headers={"content-type": "text/plain"})
        self.left[token] -= 1
        return self.server(request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        if self.refusals:
            return self.refusals.pop(0)
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == ASSERTION_TYPE
        try:
            shown = jwt.decode(form["client_assertion"], self.key, algorithms=["ES384", "RS384"])
        except JoseError as error:
            return httpx.Response(401, json={"error": "invalid_client", "error_description": str(error)})
        if shown.claims["jti"] in self.jtis:
            return httpx.Response(400, json={"error": "invalid_client", "error_description": "replayed"})
        self.jtis.add(shown.claims["jti"])
        self.claims.append(shown.claims)
        self.headers.append(shown.header)
        self.issued += 1
        token = f"token-{self.issued}"
        self.left[token] = self.uses
        answer = {"access_token": token, "token_type": "Bearer", "scope": form["scope"], "expires_in": self.expires_in}
        return httpx.Response(200, content=json.dumps(answer).encode())
