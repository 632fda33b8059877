"""Group: a list of people, such as one to export together."""

from integrations.fhir.resources.declare import identifier, reference, token
from integrations.fhir.resources.stored import StoredType

GROUP = StoredType(
    "Group",
    (
        identifier(),
        token("actual", "Whether it lists members or describes them"),
        token("code", "The kind of members", indexed=True),
        token("type", "Person, device …"),
        token("characteristic", "What its members have", "characteristic.code"),
        reference("member", "Who belongs to it", "Patient Practitioner Device Medication Group", "member.entity"),
        reference("managing-entity", "Whose group it is", "Organization Practitioner", "managingEntity", indexed=False),
    ),
)
