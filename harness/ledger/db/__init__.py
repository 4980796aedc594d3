"""Rows in, values out: everything that knows SQL."""
