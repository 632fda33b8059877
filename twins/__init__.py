"""Patients' models: mathematics first, storage and jobs as its outer shell."""
