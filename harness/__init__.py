"""Contract and integration testing for services that are deployed one at a time."""

__version__ = "0.1.0"
