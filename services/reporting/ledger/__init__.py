"""The records themselves, as of any instant."""
