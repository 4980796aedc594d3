"""The memory of the system: contracts, versions, evidence, deployments."""
