"""A first manifest, from what a folder shows of a system."""
