"""Claim and game in, certified loss out: one file a theorem."""
