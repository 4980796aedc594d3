"""The system under test as values: services, resources, how they start and what they need."""
