"""Which pacts a provider is to verify, and why (BROKER-API 8 and 9)."""
