"""Subscriptions of the FHIR door: who is told what, when it happens (Subscriptions R5 Backport 1.1 on R4)."""
