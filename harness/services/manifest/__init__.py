"""The manifest, read into the system that it describes."""
