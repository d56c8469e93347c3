"""The Update-Leaks game: what an update of a model tells of the records it was updated on."""
