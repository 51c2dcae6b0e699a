"""Reports: a question each, its SQL beside it."""
