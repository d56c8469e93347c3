"""Inverting networks that are open: reconstructions of the classes of images, and of records."""
