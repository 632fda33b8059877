"""The doors: what comes in from, and goes out to, other systems."""
