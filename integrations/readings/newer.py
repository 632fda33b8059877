"""Elements of FHIR R5 that senders put into R4 resources, as R4 would say them, for the R4 classes to check the rest.

Only what is read here is let pass: `Observation.valueAttachment` (Open mHealth), and of SampledData `interval` with
`intervalUnit`, `offsets` and `codeMap` (https://hl7.org/fhir/R5/datatypes.html#SampledData). The text that was received
is kept as it is.
"""

from typing import Any

import msgspec

_encode = msgspec.json.Encoder(decimal_format="number").encode
_SAMPLED_R5 = frozenset({"interval", "intervalUnit", "offsets", "codeMap"})


def as_r4(resource_type: str, data: dict[str, Any]) -> bytes | None:
    """JSON of `data` without its R5 elements; None where it has none."""
    if resource_type != "Observation":
        return None
    changed = False
    copy = dict(data)
    if "valueAttachment" in copy:
        del copy["valueAttachment"]
        changed = True
    changed |= _sampled(copy)
    components = copy.get("component")
    if isinstance(components, list):
        copy["component"] = [dict(part) if isinstance(part, dict) else part for part in components]
        for part in copy["component"]:
            changed |= isinstance(part, dict) and _sampled(part)
    return _encode(copy) if changed else None


def _sampled(holder: dict[str, Any]) -> bool:
    """Give the SampledData of `holder` the `period` that R4 requires; whether anything was changed."""
    sampled = holder.get("valueSampledData")
    if not isinstance(sampled, dict) or not _SAMPLED_R5 & sampled.keys():
        return False
    rest = {name: value for name, value in sampled.items() if name not in _SAMPLED_R5}
    holder["valueSampledData"] = {"period": 1, **rest}  # a stand-in; the reading is from `data` itself
    return True
