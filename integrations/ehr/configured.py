"""The hospital systems of the settings and of the page: which access belongs to which source, at which address alone.

A source that the settings name is theirs, whatever the page holds; the page can switch each of them off.
"""

from dataclasses import dataclass

from django.conf import settings

from clinic.access.sealing import SealError, unseal
from integrations.ehr.access import Access, AccessError, StaticToken
from integrations.ehr.address import AddressError, base_url, origin, token_address
from integrations.ehr.backend_services import BackendServices
from integrations.ehr.client import Client
from integrations.ehr.client_key import read_key
from integrations.ehr.models import SetSource
from integrations.readings.models import Source

SCOPE = "system/*.rs"
SECRETS = "secrets of sources"


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


def is_on(name: str) -> bool:
    """Whether nobody switched it off; a source that no page knows is on."""
    known = _on_page(name)
    return known is None or known.is_on


def address_of(name: str) -> str:
    """The address that is set for the source called `name`; empty where none is, or where it is switched off."""
    known = _on_page(name)
    if known is not None and not known.is_on:
        return ""
    if name in settings.EHR_SOURCES:
        return str(settings.EHR_SOURCES[name].get("url", ""))
    return known.url if known is not None else ""


def file_hosts(name: str) -> tuple[str, ...]:
    """Hosts besides its own that files of this source may be fetched from."""
    known = None if name in settings.EHR_SOURCES else _on_page(name)
    hosts = settings.EHR_SOURCES.get(name, {}).get("file_hosts", "") if known is None else known.file_hosts
    return tuple(hosts.replace(",", " ").lower().split())


def set_on_page() -> tuple[str, ...]:
    """Sources that a page gave their address and that are on: those that are pulled by the clock without a setting."""
    found = SetSource.objects.filter(is_on=True).exclude(url="").order_by("slug").values_list("slug", flat=True)
    return tuple(name for name in found if name not in settings.EHR_SOURCES)


def credentials_of(source: SetSource) -> Credentials:
    """What access to a source of the page is made of, unsealed.

    Raises
    ------
    AccessError
        They were sealed with a key of the site that is gone.
    """
    try:
        token, key = (unseal(text, SECRETS) if text else "" for text in (source.sealed_token, source.sealed_key))
    except SealError as error:
        raise AccessError(str(error)) from error
    return Credentials(
        token=token,
        client_id=source.client_id,
        client_key=key,
        key_id=source.key_id,
        token_url=source.token_url,
        scope=source.scope,
    )


def _on_page(name: str) -> SetSource | None:
    return SetSource.objects.filter(slug=name).first() if name else None


def access_to(name: str, base: str) -> Access | None:
    """The access that is set for the source called `name`; None where nobody set it.

    Raises
    ------
    AccessError
        If `base` is another server than the one that was set: credentials go to their own server only; or if the
        source is switched off.
    """
    known = _on_page(name)
    if known is not None and not known.is_on:
        raise AccessError(f"source {name} is switched off on the page of sources; switch it on there")
    given = settings.EHR_SOURCES.get(name)
    if given is None and (known is None or not known.url):
        return None
    url = known.url if given is None and known is not None else settings.EHR_SOURCES[name]["url"]
    if url:
        try:
            same = origin(base_url(url)) == origin(base)
        except AddressError as error:
            raise AccessError(f"the address of source {name} in the settings: {error}") from error
        if not same:
            raise AccessError(f"source {name} is at {url} by the settings, not at {base}; correct one of them")
    if given is None and known is not None:
        return credentials_of(known).access(base)
    parts = ("token", "client_id", "client_key", "key_id", "token_url", "scope")
    return Credentials(**{part: settings.EHR_SOURCES[name][part] for part in parts}).access(base)


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
