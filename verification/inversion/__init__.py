"""Campaigns of the inversion game: attack against utility, defence by defence."""
