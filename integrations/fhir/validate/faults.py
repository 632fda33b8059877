"""Every fault of a resource against FHIR R4 (4.0.1), found in one pass whose cost is bounded by the text's length."""

from decimal import Decimal
from typing import Any

import msgspec

from integrations.fhir.validate.fault import Fault, path_name
from integrations.fhir.validate.walk import MOST_FAULTS, Enough, Walk
from integrations.readings.repeated_keys import none_repeated, repeated

LONGEST_TEXT = 32 * 1024 * 1024

_exact = msgspec.json.Decoder(float_hook=Decimal)


def faults(resource_type: str, text: str, data: dict[str, Any]) -> list[Fault]:
    """All faults of the resource in `text`, at most a hundred; an empty list is a valid resource.

    `data` is `text` decoded with Decimal for decimals. A resource that keeps nulls is decoded here once more, since
    `data` may have lost them.
    """
    if len(text) > LONGEST_TEXT:
        sentence = f"{resource_type} is {len(text)} characters long; send at most {LONGEST_TEXT}, in several resources"
        return [Fault("error", "too-long", sentence, resource_type)]
    walk = Walk()
    try:
        if "null" in text:
            data = _exact.decode(text)
        walk.resource(data, (None, resource_type, -1), resource_type)
        if not none_repeated(text, walk.keys):
            for place, key in repeated(text):
                walk.fault(_place(resource_type, place), "stands twice; send it once", name=path_name(key))
    except Enough:
        if len(walk.faults) >= MOST_FAULTS:
            sentence = f"{resource_type} has {MOST_FAULTS} faults or more; mend these first"
            walk.faults.append(Fault("warning", "incomplete", sentence, resource_type))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        sentence = f"{resource_type} cannot be read ({type(error).__name__}); send it flatter, as valid JSON"
        walk.faults.append(Fault("error", "structure", sentence, resource_type))
    return walk.faults


def _place(resource_type: str, path: tuple[str | int, ...]) -> Any:
    place: Any = (None, resource_type, -1)
    for part in path:
        place = (place[0], place[1], part) if isinstance(part, int) else (place, path_name(part), -1)
    return place
