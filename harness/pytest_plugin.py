"""What pytest users get: mock providers that write pacts, the running system, provider checks as items."""
