"""The people: pages, permissions, decisions."""
