"""Whether a resource is FHIR R4 (4.0.1): pure functions from a resource to all its faults.

The rules are tables (``definitions/``) and small predicates (``invariants/``); ``faults.py`` is the way in, and
``outcome.py`` the way out.
"""
