"""Forms: what stands on each sheet that people sign, read from the ledger."""
