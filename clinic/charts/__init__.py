"""Charts as SVG text: data in, string out. No queries, no scripts, presentation attributes only."""
