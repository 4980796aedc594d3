"""Which results there are between versions, and whether they are enough (BROKER-API 10)."""
