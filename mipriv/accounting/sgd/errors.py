"""What an account may give up on; callers fall back to a cheaper bound."""

from __future__ import annotations


class TooExpensive(Exception):
    """An enclosure would take more atoms, nodes or multiplications than allowed."""
