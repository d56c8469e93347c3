"""The best any attacker can do in the inversion game, where the records' law is known."""
