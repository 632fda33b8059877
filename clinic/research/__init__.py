"""Studies of virtual patients: pages and files."""
