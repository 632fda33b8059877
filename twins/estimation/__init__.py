"""Step 3: the twin learns from its own patient's data."""
