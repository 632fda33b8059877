"""One file a drug: its published models, targets and practice limits."""
