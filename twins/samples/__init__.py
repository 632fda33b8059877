"""Step 2: clean samples, and the course that one twin may know at one moment."""
