"""What can be subscribed to: each topic, its address, the type that one must be able to read, and its filters."""

from dataclasses import dataclass
from enum import StrEnum

TOPIC = "urn:patient-twin:topic:"
"""Before the name of a topic in its canonical address."""


class Outcome(StrEnum):
    """The outcomes that a RiskAssessment of ours predicts."""

    ABOVE = "above-target"
    BELOW = "below-target"
    WITHIN = "in-target"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    Attributes
    ----------
    resource_type
        Of what it tells; who may not read that type of a patient is not told of the patient.
    filters
        Parameters that filter criteria may name.
    title, description
        What it tells, in a few words and in a sentence.
    of_systems
        Whether it is about this site and no patient; then it is for systems alone.
    """

    name: str
    resource_type: str
    filters: tuple[str, ...]
    title: str
    description: str
    of_systems: bool = False

    @property
    def canonical(self) -> str:
        return TOPIC + self.name


RISK_CROSSED = Topic(
    "twin-risk-threshold-crossed",
    "RiskAssessment",
    ("patient", "drug", "model", "outcome", "probability"),
    "A risk crossed a limit",
    "The chance of an outcome under the current plan came to lie on the other side of a limit.",
)
TWIN_UPDATED = Topic(
    "twin-state-updated",
    "Observation",
    ("patient", "drug", "model"),
    "A twin learned",
    "The twin of a patient has a new version, with new estimates.",
)
DECISION_SIGNED = Topic(
    "decision-signed",
    "CarePlan",
    ("patient", "drug", "model"),
    "A decision was signed",
    "A clinician signed a plan of a comparison, or declined them all.",
)
PULL_FAILED = Topic(
    "pull-failed",
    "Subscription",
    ("source",),
    "A pull failed",
    "A pull from a source failed, wholly or for some types.",
    of_systems=True,
)

TOPICS = {topic.canonical: topic for topic in (RISK_CROSSED, TWIN_UPDATED, DECISION_SIGNED, PULL_FAILED)}
