"""Filter criteria of a subscription: ``RiskAssessment?patient=Patient/x&drug=vancomycin&probability=20``."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from clinic.patients.models import Patient
from integrations.fhir.authentication import Caller
from integrations.fhir.identity import source_keys
from integrations.fhir.interactions.found import reaches
from integrations.fhir.outcome import Refusal
from integrations.fhir.subscriptions.topics import Outcome, Topic
from integrations.readings.models import Source
from twins.pharmacology import formulary

Filters = Mapping[str, list[str]]
"""By parameter the values of which one must hold; a parameter that is not there does not matter."""
WHERE = "Subscription.criteria.extension"
_MOST = 100


def read(texts: Iterable[str], topic: Topic, caller: Caller) -> dict[str, list[str]]:
    """The filters in the texts, all of which must hold; patients as subject keys.

    Raises
    ------
    Refusal
        422 for a parameter that the topic does not have, or a value that can never hold, naming it.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        kind, mark, query = text.partition("?")
        if not mark or kind not in ("", topic.resource_type):
            raise _refusal(
                f"the filter {text[:100]!r} is none of this topic; give {topic.resource_type}?parameter=value"
            )
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name not in topic.filters:
                known = ", ".join(topic.filters)
                raise _refusal(f"{name[:60]!r} is no filter of the topic {topic.name}; it has {known}", "not-supported")
            if name in found:
                raise _refusal(f"the filter {name} came twice; give it once, several values with commas")
            values = [one for one in value.split(",") if one]
            if not 0 < len(values) <= _MOST:
                raise _refusal(f"the filter {name} has {len(values)} values; give 1 to {_MOST}")
            found[name] = [_READ[name](one, topic, caller) for one in values]
    return found


def fits(filters: Filters, **what: Any) -> bool:
    """Whether each filter that is named in `what` lists the value there."""
    return all(str(value) in filters[name] for name, value in what.items() if name in filters)


def _patient(text: str, topic: Topic, caller: Caller) -> str:
    """The subject key; nobody learns here whether a patient out of reach exists."""
    identifier = text.removeprefix("Patient/")
    key = source_keys("Patient", [identifier]).get(identifier)
    patient = Patient.objects.filter(source_key=key).first() if key else None
    if patient is None or not reaches(caller.reach(topic.resource_type, "r"), topic.resource_type, patient.subject_id):
        raise _refusal(f"there is no patient {text[:80]!r} here; name one whom the token reaches", "not-found")
    return str(patient.subject_id)


def _drug(text: str, _topic: Topic, _caller: Caller) -> str:
    return _one_of("drug", text, formulary.drugs())


def _model(text: str, _topic: Topic, _caller: Caller) -> str:
    return _one_of("model", text, formulary.model_ids())


def _outcome(text: str, _topic: Topic, _caller: Caller) -> str:
    return _one_of("outcome", text, tuple(Outcome))


def _probability(text: str, _topic: Topic, _caller: Caller) -> str:
    """Per cent, as RiskAssessment.prediction.probability in R4."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number < 100.0:
        raise _refusal(f"probability is {text[:40]!r}; give per cent between 0 and 100, such as 20")
    return repr(number)


def _source(text: str, _topic: Topic, _caller: Caller) -> str:
    return _one_of("source", text, tuple(Source.objects.values_list("slug", flat=True)))


def _one_of(name: str, text: str, known: Iterable[str]) -> str:
    if text not in known:
        raise _refusal(
            f"{name} is {text[:60]!r}, which is not known here; give one of {', '.join(sorted(known))[:500]}"
        )
    return text


def _refusal(sentence: str, code: str = "value") -> Refusal:
    return Refusal(422, code, sentence, expression=WHERE)


_READ = {
    "patient": _patient,
    "drug": _drug,
    "model": _model,
    "outcome": _outcome,
    "probability": _probability,
    "source": _source,
}
