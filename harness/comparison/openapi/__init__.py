"""The compared document: its operations, schemas in every dialect, and what goes over the wire."""
