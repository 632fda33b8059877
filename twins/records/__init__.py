"""What is kept of the twins: rows by an opaque subject key only; no names, no birth dates."""
