"""Step 4: forecasts, what-if comparisons and the regimen search."""
