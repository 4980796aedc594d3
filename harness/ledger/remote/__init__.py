"""A broker somewhere else, behind the same ledger: a Pact Broker, PactFlow, or our own that is served."""
