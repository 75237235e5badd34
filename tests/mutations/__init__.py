"""Bugs on purpose, and whether the checkers find them (docs/mutations.md)."""
