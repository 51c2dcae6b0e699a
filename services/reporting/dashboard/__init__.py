"""The page: what does not agree, as it is found, for whoever holds a token."""
