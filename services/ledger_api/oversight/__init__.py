"""What the stage centre, the bureau and the auditor look at, find and demand."""
