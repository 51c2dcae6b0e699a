"""Integrity of the ledger (A)."""
