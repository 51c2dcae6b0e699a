"""Simulates a district: honest schools with everything that looks odd and is right, and schools with planted frauds.

`simulate` writes NDJSON files in the order that `taizhang push` sends them, and `labels.ndjson` with what was planted.
The same seed gives the same bytes.
"""

from services.cli.simulator.district import SimulationSummary, simulate

__all__ = ["SimulationSummary", "simulate"]
