"""Advice where orders are written: CDS Hooks 2.0 services that ask the patient's twin. It advises, it never orders."""
