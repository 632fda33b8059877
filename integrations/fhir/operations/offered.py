"""The operations of this server that need nothing but the door itself."""

from integrations.fhir.operations.everything import EVERYTHING
from integrations.fhir.operations.forecast import FORECAST
from integrations.fhir.operations.lastn import LASTN
from integrations.fhir.operations.twin_state import TWIN_STATE
from integrations.fhir.operations.validate import VALIDATE
from integrations.fhir.operations.what_if import WHAT_IF

OFFERED = (EVERYTHING, FORECAST, LASTN, TWIN_STATE, VALIDATE, WHAT_IF)
