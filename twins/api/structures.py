"""All structures that models can be written in, under one name; see each for its parameters."""

from twins.pharmacology.structures.absorption import first_and_zero_order, sequential, transit, two_depots, zero_order
from twins.pharmacology.structures.binding import with_red_cells
from twins.pharmacology.structures.coagulation import warfarin_inr
from twins.pharmacology.structures.effect import direct, effect_site, sigmoid, with_effect_site
from twins.pharmacology.structures.mammillary import compartments
from twins.pharmacology.structures.metabolite import with_metabolite
from twins.pharmacology.structures.rising import rising_elimination
from twins.pharmacology.structures.saturable import michaelis_menten
from twins.pharmacology.structures.target_mediated import quasi_steady_state, target_mediated
from twins.pharmacology.structures.together import together
from twins.pharmacology.structures.turnover import Turnover, kpd, turnover

__all__ = [
    "Turnover",
    "compartments",
    "direct",
    "effect_site",
    "first_and_zero_order",
    "kpd",
    "michaelis_menten",
    "quasi_steady_state",
    "rising_elimination",
    "sequential",
    "sigmoid",
    "target_mediated",
    "together",
    "transit",
    "turnover",
    "two_depots",
    "warfarin_inr",
    "with_effect_site",
    "with_metabolite",
    "with_red_cells",
    "zero_order",
]
