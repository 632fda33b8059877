"""`Drug`: what treatment with one drug aims at, and what can be given in practice."""

from dataclasses import dataclass

from twins.pharmacology.target import Target
from twins.quantities.sentence import ANY, Sentence, names
from twins.samples.channel import Channel

DRUGS = names(
    "vancomycin",
    "gentamicin",
    "tobramycin",
    "amikacin",
    "meropenem",
    "unbound meropenem",
    "Meropenem, unbound levels",
    "piperacillin",
    "unbound piperacillin",
    "Piperacillin, unbound levels",
    "cefepime",
    "voriconazole",
    "tacrolimus",
    "busulfan",
    "methotrexate",
    "Methotrexate (high dose)",
    "carboplatin",
    "cabozantinib",
    "ibrutinib",
    "sunitinib",
    "infliximab",
    "digoxin",
    "warfarin",
    "phenytoin",
    "phenobarbital",
    "theophylline",
    "caffeine",
    "paracetamol",
    "propofol",
    "remifentanil",
)
"""Drugs by name, and titles that say more than the name."""
_NO_TARGET = Sentence("{drug} has no target that could be cited; give one of your own", drug=ANY)


class NoTargetError(LookupError):
    """A drug ships without a target, as no source for one could be cited; names the drug and the remedy."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What a ward can give: amounts in mg, rates in mg/h, intervals in h; `source` says where each limit comes from."""

    step_mg: float
    min_mg: float
    max_mg: float
    max_daily_mg: float
    intervals_h: tuple[float, ...]
    max_rate_mg_per_h: float
    source: str


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug: its models, what treatment aims at and what can be given.

    Parameters
    ----------
    models
        Ids; the first is the one to use unless told otherwise.
    targets
        What can be cited; the first is the one to use unless told otherwise. Empty: none could be cited.
    level_unit
        UCUM code of a measured level and of the first output of each of its models.
    level_channel
        Where measured levels arrive; None: the doors take none in.
    high_alert
        Whether an error with this drug is likely to do harm (ISMP's list of high-alert medications in acute care).
    added
        Ids among `models` that files of the hospital's own brought.
    """

    name: str
    title: str
    models: tuple[str, ...]
    targets: tuple[Target, ...]
    practice: Practice
    level_unit: str = "mg/L"
    level_channel: Channel | None = None
    high_alert: bool = False
    added: tuple[str, ...] = ()

    @property
    def shipped(self) -> tuple[str, ...]:
        """Ids of those of its models that ship; none: a file of the hospital's own brought the drug."""
        return tuple(model for model in self.models if model not in self.added)

    @property
    def target(self) -> Target:
        """The first target.

        Raises
        ------
        NoTargetError
            If none ships.
        """
        if not self.targets:
            raise NoTargetError(_NO_TARGET(drug=self.title))
        return self.targets[0]
