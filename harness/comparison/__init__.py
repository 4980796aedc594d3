"""Compatibility without running anything: what documents alone can tell, and what they cannot."""
