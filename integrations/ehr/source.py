"""The source that an address stands for."""

import re
from urllib.parse import urlsplit

from django.utils.text import slugify
from django.utils.translation import gettext as _

from integrations.readings.models import Source
from integrations.readings.ours import OURS


class SourceError(ValueError):
    """A source that cannot be used under this name; names both and the remedy."""


def source_for(name: str, address: str) -> Source:
    """The source called `name`, made if it is new; without a name, one is made from the address.

    A named source may move: its address becomes the one it is called with.

    Raises
    ------
    SourceError
        If the name is not a short word, or the name made from the address belongs to another one.
    """
    slug = name or slugify(re.sub(r"[^A-Za-z0-9]+", "-", _place(address)))[:50].strip("-")
    check_name(slug)
    source, made = Source.objects.get_or_create(slug=slug, defaults={"address": address})
    if not made and source.address != address and name:
        source.address = address
        source.save(update_fields=["address"])
    elif source.address != address:
        raise SourceError(
            f"source {slug} stands for {source.address}, not for {address}; give another name with --source"
        )
    return source


def check_name(slug: str) -> str:
    """`slug`, if a source can be called so; raises `SourceError` otherwise."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,49}", slug):
        raise SourceError(
            _("source is {name}; give up to 50 small letters, digits and hyphens").format(name=repr(slug[:60]))
        )
    if slug in OURS:
        raise SourceError(_("source {name} is this product itself; give another name").format(name=slug))
    return slug


def _place(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path}" if parts.netloc else address
