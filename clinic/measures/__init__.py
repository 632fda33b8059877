"""Numbers, times and units as a person reads and types them; whatever machines read keeps its point."""
