"""Parameters that structures share, each under one name that carries its unit."""

from twins.quantities.sentence import Sentence, names
from twins.solvers.system import Output

CLEARANCE = "clearance_l_per_h"
CENTRAL_VOLUME = "central_volume_l"
Q2, V2 = "intercompartmental_clearance_l_per_h", "peripheral_volume_l"
Q3, V3 = "second_intercompartmental_clearance_l_per_h", "second_peripheral_volume_l"
DISPOSITION = (CLEARANCE, CENTRAL_VOLUME, Q2, V2, Q3, V3)
ABSORPTION = "absorption_rate_per_h"
SECOND_ABSORPTION = "second_absorption_rate_per_h"
ABSORPTION_DURATION = "absorption_duration_h"
FIRST_SHARE = "first_share"
FIRST_ORDER_SHARE = "first_order_share"
LAG = "lag_h"
BIOAVAILABILITY = "bioavailability"
TRANSIT = "transit_rate_per_h"
MEAN_TRANSIT_TIME = "mean_transit_time_h"
KE0 = "effect_equilibration_per_h"
VMAX = "maximum_elimination_mg_per_h"
KM = "half_saturation_mg_per_l"
FIRST_DOSE = "first_dose_h"

WORDS = {1: "one compartment", 2: "two compartments", 3: "three compartments"}
CONCENTRATION = Output("concentration")

ONE_OR_TWO = Sentence("count is {count}; give 1 or 2 compartments")
PHRASES = names(
    *WORDS.values(),
    "one compartment by mouth through the liver",
    "two compartments by mouth",
    "linear elimination",
    "linear elimination that rises with time since the first dose",
    "Michaelis-Menten elimination",
    "Michaelis-Menten and linear elimination",
    "inhibited with time",
    "intravenous",
    "intravenous with lag",
    "first-order absorption",
    "first-order absorption with lag",
    "first-order absorption with lag and zero-order absorption without",
    "zero-order absorption",
    "zero-order absorption with lag",
    "doses by mouth enter the blood at once",
    "measured in whole blood with saturable red cells",
    "with an effect compartment",
    "with direct effects",
    "with a metabolite in two compartments",
    "with a metabolite in volumes alike that is also made before the drug is absorbed",
    "with paraxanthine",
    "S-warfarin by mouth in two compartments",
    "and the INR behind two transit chains",
)
"""What a structure's name is put together from, with commas."""
PARAMETERS = names(
    "clearance",
    "central volume",
    "intercompartmental clearance",
    "peripheral volume",
    "second intercompartmental clearance",
    "second peripheral volume",
    "volume",
    "absorption rate",
    "absorption duration",
    "lag",
    "bioavailability",
    "first order share",
    "maximum elimination",
    "half saturation",
    "effect equilibration",
    "elimination",
    "elimination rise",
    "renal clearance",
    "renal elimination",
    "nonrenal elimination",
    "other clearance",
    "greatest effect",
    "half effect",
    "steepness",
    "greatest inhibition",
    "half inhibition",
    "liver blood flow",
    "red cell affinity",
    "red cell capacity",
    "rise rate",
    "slow transit",
    "fast transit",
    "first dose",
    *(f"{what} {part}" for what in ("dihydrodiol", "paraxanthine", "su12662") for part in ("clearance", "volume")),
    "dihydrodiol first pass",
    "dihydrodiol formation clearance",
    "paraxanthine formation clearance",
    *(f"{what} {part}" for what in ("bis", "sef") for part in ("baseline", "greatest", "half effect", "steepness")),
    "csf plasma ratio",
)
"""Of a structure, as cards and twins call them."""
MEASURED = names(
    *("concentration", "plasma", "effect site", "csf", "bis", "sef", "inr", "dihydrodiol", "paraxanthine", "su12662")
)
"""What a structure gives out."""
"""Parameters as people name them; those of one drug's own effects and metabolites keep their names."""
