"""Step 1: what came in, byte for byte, and what was made of it."""
