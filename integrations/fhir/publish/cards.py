"""The cards of the models as Libraries, with the attributes of their sources.

What a predictive decision support intervention has to say of itself is listed in 45 CFR 170.315(b)(11)(iv)(B): its
output, intended and cautioned use, inputs, development, known limits, validation. Where a source states none of it, the
card says so.
"""

import base64
import hashlib
import re
from typing import Any

import msgspec

from integrations.fhir.publish.keep import Made, keep_once
from integrations.fhir.publish.naming import MODEL, concept, drug_concept, here
from integrations.readings.models import Resource
from integrations.readings.ours import TWIN
from twins.pharmacology import formulary
from twins.pharmacology.card import NOT_VERIFIED, Card, card

_LIBRARY = "http://terminology.hl7.org/CodeSystem/library-type"
_NONE = "None stated by the source."


def publish_card(model_id: str) -> str:
    """The reference to the card in force, which is published where it is new or says something else than before."""
    content = _library(card(model_id))
    identifier = _identifier(model_id)
    key = f"{TWIN}/Library/{identifier}"
    current = Resource.objects.filter(source_key=key, is_current=True).first()
    if current is not None and _bare(msgspec.json.decode(current.text)) == _bare(msgspec.json.decode(_json(content))):
        return here("Library", identifier, current.version)
    version = str(int(current.version) + 1) if current else "1"
    keep_once(Made(identifier, version, content, None), origin=f"model {model_id} {content['version']}")
    return here("Library", identifier, version)


def publish_cards() -> int:
    """The cards of all models of the formulary; returns how many there are."""
    models = formulary.model_ids()
    for model_id in models:
        publish_card(model_id)
    return len(models)


def _identifier(model_id: str) -> str:
    """The model's id, or a digest where that is no id of FHIR."""
    if re.fullmatch(r"[A-Za-z0-9\-]{1,59}", model_id):
        return model_id
    return hashlib.sha256(model_id.encode()).hexdigest()[:40]


def _bare(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "id"}


def _json(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content)


def _library(shown: Card) -> dict[str, Any]:
    model = shown.model
    cautions = [*model.cautioned, *(f"Outside its population: {words}" for words in _ranges(shown))]
    attributes = source_attributes(shown)
    return {
        "resourceType": "Library",
        "url": f"{MODEL}:{model.id}",
        "identifier": [{"system": MODEL, "value": model.id}],
        "version": model.version,
        "name": "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", f"model-{model.id}")),
        "title": model.title,
        "status": "active",
        "experimental": bool(model.unverified),
        "type": concept(_LIBRARY, "logic-library", "Logic Library"),
        "description": _markdown(attributes),
        "purpose": "\n".join(model.intended) or _NONE,
        "usage": " ".join(cautions) or _NONE,
        "topic": [drug_concept(model.drug)],
        "relatedArtifact": [
            {
                "type": "citation",
                "citation": model.citation.text,
                **({"url": f"https://doi.org/{model.citation.doi}"} if model.citation.doi else {}),
            }
        ],
        "content": [
            {
                "contentType": "application/json",
                "data": base64.b64encode(msgspec.json.encode(attributes)).decode(),
                "title": "Source attributes",
            }
        ],
    }


def source_attributes(shown: Card) -> dict[str, list[str]]:
    """What a reader needs to judge the model, under headings."""
    model = shown.model
    inputs = [*model.clinical_inputs, *(f"{words} (computed: {how})" for words, how in shown.computed)]
    return {
        "Output": [f"Concentration of {shown.drug.title} and its exposure, {shown.unit}, with its uncertainty"],
        "Intended use": list(model.intended) or [_NONE],
        "Cautioned use": list(model.cautioned) or [_NONE],
        "Population of the source": [model.population],
        "Inputs": inputs or [_NONE],
        "Validity ranges": _ranges(shown) or [_NONE],
        "Structure": [shown.structure],
        "Between-subject variability": [
            f"{spread.name}: variance {spread.variance}{f', CV {spread.cv_percent} %' if spread.cv_percent else ''}"
            for spread in shown.spreads
        ]
        or [_NONE],
        "Residual error": [f"{output}: {words}" for output, words in shown.residuals],
        "Citation": [f"{model.citation.text}; doi {model.citation.doi or NOT_VERIFIED}"],
        "Read in": list(model.citation.read_in) or [_NONE],
        "Known conflicts between sources": list(model.conflicts) or ["None known."],
        "Not verified": list(model.unverified) or ["Nothing is marked as not verified."],
        "External validation": ["None is stated here; forecasts are scored against what happened later where it runs."],
        "Added by the hospital": ["yes" if shown.added_here else "no"],
    }


def _ranges(shown: Card) -> list[str]:
    return [f"{known.meaning} ({known.unit}): {words}" for known, words in shown.ranges]


def _markdown(attributes: dict[str, list[str]]) -> str:
    parts = [
        "\n".join([f"**{heading}**", "", *(f"- {line}" for line in lines)]) for heading, lines in attributes.items()
    ]
    return "\n\n".join(parts)
