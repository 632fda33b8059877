"""Medication: a product that orders and administrations refer to."""

from integrations.fhir.resources.declare import date, identifier, reference, token
from integrations.fhir.resources.stored import US_CORE, StoredType

MEDICATION = StoredType(
    "Medication",
    (
        identifier(),
        token("code", "The product", indexed=True),
        token("form", "Powder, tablet …"),
        token("ingredient-code", "An active ingredient, by code", "ingredient.itemCodeableConcept"),
        token("lot-number", "The batch", "batch.lotNumber"),
        token("status", "The status"),
        date("expiration-date", "When the batch expires", "batch.expirationDate"),
        reference("ingredient", "An ingredient", "Medication", "ingredient.itemReference"),
        reference("manufacturer", "Its maker", "Organization", indexed=False),
    ),
    of_nobody=True,
    profiles=(f"{US_CORE}us-core-medication",),
)
