"""The structures that population models are written in, and the names that models share; more in `structures`."""

from twins.pharmacology.structures.effect import effect_site, sigmoid, with_effect_site
from twins.pharmacology.structures.mammillary import compartments
from twins.pharmacology.structures.names import (
    ABSORPTION,
    ABSORPTION_DURATION,
    BIOAVAILABILITY,
    CENTRAL_VOLUME,
    CLEARANCE,
    CONCENTRATION,
    DISPOSITION,
    FIRST_DOSE,
    KE0,
    KM,
    LAG,
    MEAN_TRANSIT_TIME,
    Q2,
    Q3,
    TRANSIT,
    V2,
    V3,
    VMAX,
)

__all__ = [
    "ABSORPTION",
    "ABSORPTION_DURATION",
    "BIOAVAILABILITY",
    "CENTRAL_VOLUME",
    "CLEARANCE",
    "CONCENTRATION",
    "DISPOSITION",
    "FIRST_DOSE",
    "KE0",
    "KM",
    "LAG",
    "MEAN_TRANSIT_TIME",
    "Q2",
    "Q3",
    "TRANSIT",
    "V2",
    "V3",
    "VMAX",
    "compartments",
    "effect_site",
    "sigmoid",
    "with_effect_site",
]
