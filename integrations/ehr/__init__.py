"""Outbound to hospital and vendor systems."""
