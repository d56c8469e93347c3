"""A run's folder as one HTML file with its pictures, for a reader who has seen neither."""
