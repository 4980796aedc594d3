"""The foreign engines behind the checks; their output becomes values here."""
