"""What pytest users get, behind the hooks of `harness.pytest_plugin`."""
