"""Ways to have a service running: containers, local processes, attached."""
