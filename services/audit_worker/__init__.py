"""The audit worker: the only writer of findings."""
