"""Pages for people, over the broker."""
