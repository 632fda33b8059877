"""The invariants of R4 (4.0.1) by the element that must keep them, as listed below "Constraints" on each type's page.

Left out is dom-6, the advice that every resource should carry a narrative: devices send none.
"""

from integrations.fhir.validate.invariants.bundle import BUNDLE
from integrations.fhir.validate.invariants.clinical import CLINICAL
from integrations.fhir.validate.invariants.conformance import CONFORMANCE
from integrations.fhir.validate.invariants.datatypes import DATATYPES
from integrations.fhir.validate.invariants.timing import TIMING
from integrations.fhir.validate.rule import Rule

RULES: dict[str, tuple[Rule, ...]] = {**DATATYPES, **TIMING, **CLINICAL, **CONFORMANCE, **BUNDLE}
