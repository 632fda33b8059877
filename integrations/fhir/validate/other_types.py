"""Resources of a type that has no table here, inside a Bundle, contained, or by themselves.

The R4B classes of fhir.resources check their structure; R4B differs from R4 mainly in types about medicinal products
and evidence. They raise KeyError, TypeError and others for what they do not expect, and each of these becomes a fault.
They collect every fault before they tell the first, so what is huge is not given to them.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from integrations.fhir.validate.fault import shown

_encoder = msgspec.json.Encoder(decimal_format="number")
_REMEDY = "send valid FHIR R4"
_MOST_PARTS = 100_000


def complaints(resource_type: str, data: dict[str, Any]) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    """Issue type, sentence without its subject, and place of each fault that the R4B class finds."""
    if _parts(data) > _MOST_PARTS:
        yield "too-long", f"has more than {_MOST_PARTS} parts; send less, or in several resources", ()
        return
    try:
        get_fhir_model_class(resource_type).model_validate_json(_encoder.encode(data))
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False)[:100]:
            code = {"missing": "required", "extra_forbidden": "structure"}.get(fault["type"], "value")
            found = "missing" if code == "required" else shown(fault.get("input"))
            yield code, f"is {found} ({fault['msg'].lower()[:200]}); {_REMEDY}", tuple(fault["loc"])
    except KeyError:
        yield "not-supported", f"is of type {shown(resource_type)}, which is not read here; leave it out", ()
    except (TypeError, AttributeError, AssertionError, ValueError, LookupError, RecursionError) as error:
        yield "structure", f"cannot be read ({type(error).__name__}: {shown(str(error))}); {_REMEDY}", ()


def _parts(value: Any) -> int:
    """How many values there are in a JSON value, at every depth."""
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            count += len(one)
            waiting += one.values() if isinstance(one, dict) else one
    return count
