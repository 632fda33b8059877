"""The final state that two ways of pulling must agree on."""

from typing import Any

from clinic.patients.models import Condition, Encounter, Patient
from integrations.readings.models import QuarantineEntry, QuarantineState, Resource
from twins.records.models import GivenDose, Order, StoredSample


def final_state() -> dict[str, Any]:
    """All that counts at the end, by names that are the same in every database; no times of receipt."""
    return {
        "samples": sorted(
            StoredSample.objects.filter(state="active").values_list(
                "source_key", "part", "channel", "value", "event_time", "device_key"
            )
        ),
        "doses": sorted(
            GivenDose.objects.filter(state="active").values_list(
                "source_key", "drug", "amount_mg", "event_time", "order_key"
            )
        ),
        "orders": sorted(
            Order.objects.filter(state="active").values_list(
                "source_key", "amount_mg", "interval_h", "duration_h", "event_time"
            )
        ),
        "resources": sorted(Resource.objects.filter(is_current=True).values_list("source_key", "version", "sha256")),
        "patients": sorted(
            Patient.objects.values_list(
                "source_key", "family_name", "birth_date", "subject__age_years", "subject__haemodialysis_since"
            ),
            key=str,
        ),
        "stays": sorted(Encounter.objects.values_list("source_key", "status", "location")),
        "conditions": sorted(Condition.objects.values_list("source_key", "code", "withdrawn")),
        "waiting": sorted(
            QuarantineEntry.objects.filter(state=QuarantineState.WAITING).values_list("source_key", "version", "reason")
        ),
    }
