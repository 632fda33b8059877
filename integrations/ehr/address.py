"""Where a server may send us: only to itself."""

from urllib.parse import urljoin, urlsplit


class AddressError(ValueError):
    """An address that is not fetched; names it and the remedy."""


def base_url(text: str) -> str:
    """`text` as the base of a FHIR server, without a slash at its end.

    Raises
    ------
    AddressError
        If it is not a plain http or https address, or holds a user name or password.
    """
    try:
        parts = urlsplit(text)
        origin(text)
    except ValueError as error:
        raise AddressError(f"{text!r} is not an address ({error}); give one like https://host/fhir") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AddressError(f"{text!r} is not an http or https address; give one like https://host/fhir")
    if parts.username or parts.password:
        raise AddressError("the address holds a user name or password; leave them out and give a token file")
    if parts.query or parts.fragment:
        raise AddressError(f"{text!r} holds a query or fragment; give the base address alone")
    return text.rstrip("/")


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def follow(page_url: str, link: str) -> str:
    """The absolute address of `link`, found on the page `page_url`.

    Raises
    ------
    AddressError
        If it leads to another scheme, host or port, where neither our token nor our trust belong.
    """
    try:
        url = urljoin(page_url, link)
        same = origin(url) == origin(page_url)
    except ValueError as error:
        raise AddressError(f"{link!r} is not an address ({error}); have the server corrected") from error
    if not same:
        raise AddressError(
            f"{page_url} points to {link!r} on another server; have the server name its own address in its links"
        )
    return url


def token_address(base: str, url: str) -> str:
    """`url` as the place where tokens for `base` are given; it may be another host, but never a less safe one.

    Raises
    ------
    AddressError
        If it is not http or https, or not encrypted though the server is.
    """
    plain = base_url(url.split("?", 1)[0])
    if urlsplit(base).scheme == "https" and urlsplit(plain).scheme != "https":
        raise AddressError(f"the token address {plain} is not encrypted, while {base} is; have the server corrected")
    return url
