"""Attackers on the population game: the optimum first, computed or played, then learned ones."""
