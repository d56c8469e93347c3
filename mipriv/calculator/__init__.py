"""The one composition of claims, games and losses, and its inverses."""
