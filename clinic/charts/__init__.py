"""Figures as server-side SVG; no queries."""
