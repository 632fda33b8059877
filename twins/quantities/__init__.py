"""Units, times and doses: the words that every other folder of ``twins`` speaks in."""
