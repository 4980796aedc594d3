"""The broker over HTTP, for the clients of Pact: resources, webhooks and who may do what."""
