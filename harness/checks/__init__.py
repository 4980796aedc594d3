"""What can be checked of a running service, one file per kind."""
