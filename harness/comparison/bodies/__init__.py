"""Bodies by their media types, whatever a schema makes of them."""
