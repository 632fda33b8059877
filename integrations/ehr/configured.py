"""The hospital systems of the settings: which access belongs to which source, and to which address alone."""

from dataclasses import dataclass

from django.conf import settings

from integrations.ehr.access import Access, AccessError, StaticToken
from integrations.ehr.address import AddressError, base_url, origin, token_address
from integrations.ehr.backend_services import BackendServices
from integrations.ehr.client import Client
from integrations.ehr.client_key import read_key
from integrations.readings.models import Source

SCOPE = "system/*.rs"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What access is made of: a fixed token, or client id, private key, key id, token address and scope."""

    token: str = ""
    client_id: str = ""
    client_key: str = ""
    key_id: str = ""
    token_url: str = ""
    scope: str = ""

    def access(self, base: str) -> Access:
        """Access to the server at `base`.

        Raises
        ------
        AccessError
            If they contradict each other or are not whole.
        """
        if self.client_id and self.token:
            raise AccessError("both a token and a client id are given; keep one")
        if not self.client_id:
            if self.client_key:
                raise AccessError("a client key is given without a client id; give both")
            return StaticToken(self.token)
        if not self.client_key:
            raise AccessError("a client id is given without its private key; give both")
        try:
            named = token_address(base, self.token_url) if self.token_url else ""
        except AddressError as error:
            raise AccessError(str(error)) from error
        return BackendServices(
            client_id=self.client_id,
            key=read_key(self.client_key, self.key_id),
            scope=self.scope or SCOPE,
            token_url=named,
        )


def is_configured(name: str) -> bool:
    return name in settings.EHR_SOURCES


def address_of(name: str) -> str:
    """The address that the settings give to the source called `name`; empty where they give none."""
    return settings.EHR_SOURCES.get(name, {}).get("url", "")


def file_hosts(name: str) -> tuple[str, ...]:
    """Hosts besides its own that files of this source may be fetched from."""
    return tuple(settings.EHR_SOURCES.get(name, {}).get("file_hosts", "").replace(",", " ").lower().split())


def access_to(name: str, base: str) -> Access | None:
    """The access that the settings give to the source called `name`; None where they do not name it.

    Raises
    ------
    AccessError
        If `base` is another server than the settings name: credentials go to their own server only.
    """
    if not is_configured(name):
        return None
    given = settings.EHR_SOURCES[name]
    if given["url"]:
        try:
            same = origin(base_url(given["url"])) == origin(base)
        except AddressError as error:
            raise AccessError(f"the address of source {name} in the settings: {error}") from error
        if not same:
            raise AccessError(f"source {name} is at {given['url']} by the settings, not at {base}; correct one of them")
    return Credentials(
        **{part: given[part] for part in ("token", "client_id", "client_key", "key_id", "token_url", "scope")}
    ).access(base)


def client_for(source: Source) -> Client:
    """A client for `source`, let in as the settings say.

    Raises
    ------
    AccessError, AddressError
        If the settings contradict what is known of it.
    """
    base = base_url(address_of(source.slug) or source.address)
    access = access_to(source.slug, base)
    own = source.slug == settings.PULL_SOURCE_NAME and bool(settings.PULL_SOURCE_URL)
    if access is None and own and origin(base_url(settings.PULL_SOURCE_URL)) == origin(base):
        access = StaticToken(settings.PULL_TOKEN)
    return Client(base, access=access)
