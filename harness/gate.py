"""Pure questions to the facts: can these versions be deployed together."""
