"""Step 5: the pages that show what-if comparisons."""
