"""Reporting: reads, never writes facts."""
