"""Roles, permissions and the gate that every URL passes."""
