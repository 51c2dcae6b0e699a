"""One batch from bytes to receipt: decode, check against the roll, append."""
