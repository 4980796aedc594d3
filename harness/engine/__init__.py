"""A run: its plan, its events, and the one place where exceptions become values."""
