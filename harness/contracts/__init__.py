"""Contracts as values: pacts, OpenAPI documents, later messages."""
