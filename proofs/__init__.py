"""Proofs of the theorems under the numbers, as programs that run: `python -m proofs`."""
