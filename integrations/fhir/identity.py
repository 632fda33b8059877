"""Names of resources on this server.

Resources of two sources may have the same id, so an id here is the source's slug, a point, and the id there:
``ward.obs-17``. It is the same for as long as the source has that slug, whatever other sources come. Where that is not
a FHIR id (too long, or a slug with an underscore), a digest stands for it, behind a point that no slug begins with.

What was written at this door has the id it got here, which holds no point.
"""

import hashlib
import re
from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Length

from integrations.readings.models import Resource
from integrations.readings.ours import DOOR

FHIR_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}", re.ASCII)


def server_id(source_key: str) -> str:
    """The id here of ``<slug>/<type>/<id>``."""
    slug, _, identifier = source_key.split("/", 2)
    if slug == DOOR:
        return identifier
    plain = f"{slug}.{identifier}"
    if FHIR_ID.fullmatch(plain):
        return plain
    return "." + hashlib.sha256(source_key.encode()).hexdigest()[:48]


def source_key(resource_type: str, identifier: str) -> str | None:
    """The source key of an id here, or None where it cannot be one."""
    return source_keys(resource_type, [identifier]).get(identifier)


def source_keys(resource_type: str, identifiers: Iterable[str]) -> dict[str, str]:
    """The source key of each id here that can be one; digests are looked up together, however many they are."""
    keys: dict[str, str] = {}
    digests: set[str] = set()
    for identifier in identifiers:
        if not FHIR_ID.fullmatch(identifier):
            continue
        slug, point, there = identifier.partition(".")
        if not point:
            keys[identifier] = f"{DOOR}/{resource_type}/{identifier}"
        elif slug and there and slug != DOOR:
            keys[identifier] = f"{slug}/{resource_type}/{there}"
        elif not slug:
            digests.add(identifier)
    return keys | _digested(resource_type, digests) if digests else keys


def _digested(resource_type: str, digests: set[str]) -> dict[str, str]:
    """Look among the few resources whose plain name is not a FHIR id, once for all."""
    long = len(resource_type) + 1 + 64
    candidates = (
        Resource.objects.filter(resource_type=resource_type, is_current=True)
        .annotate(length=Length("source_key"))
        .filter(Q(length__gt=long) | Q(source_key__contains="_"))
        .values_list("source_key", flat=True)
    )
    named = ((server_id(key), key) for key in candidates.iterator())
    return {identifier: key for identifier, key in named if identifier in digests}
