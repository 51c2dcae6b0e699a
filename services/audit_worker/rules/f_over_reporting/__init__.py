"""Over-reporting patterns (F)."""
