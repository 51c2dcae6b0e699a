"""The ledger API: the only writer of facts."""
