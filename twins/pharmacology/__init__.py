"""Published population models: structure, covariate equations, variability, residual error, citation."""
