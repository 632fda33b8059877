"""What the twins computed, as FHIR resources: kept as rows of the source ``twin``, as all others are."""
