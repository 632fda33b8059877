"""The library of structures: each file one kind, as systems that the solvers carry."""
