"""The use cases, a file for each: they see ports, and never choose an adapter."""
