"""The study: six attacks of the poster, one report, and what became of its claims."""
