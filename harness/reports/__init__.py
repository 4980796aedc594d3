"""What people and machines read of a run; each report is a fold over its events."""
