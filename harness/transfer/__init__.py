"""Everything that a broker keeps, taken over from another one: by its public API, or from its database."""
