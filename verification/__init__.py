"""Attackers against the theory, and measurements, run from a checkout: `python -m verification --help`."""
