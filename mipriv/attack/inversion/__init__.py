"""Attackers of the inversion game: from a model's answers on a record to its secret."""
