"""Step 6: the sign-off."""
