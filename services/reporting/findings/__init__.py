"""Findings as lists, pages of events and a stream."""
