"""Reference data: who and what records may name."""
