"""Parameters that structures share, each under one name that carries its unit."""

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
