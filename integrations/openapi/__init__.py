"""OpenAPI for the addresses that other systems use: the FHIR door, OAuth and SMART, and whether the site is well."""
