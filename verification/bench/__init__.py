"""Benchmarks: every number is a ratio of two measurements made in turn in one run."""
