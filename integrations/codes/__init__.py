"""Code systems and units as pure tables and conversions."""
