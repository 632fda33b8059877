"""Step 7: who did what to whose data, append-only and hash-chained."""
