"""Measurements on the finished package, run from a checkout: `python -m verification --help`."""
