"""Remuneration and funds (E)."""
