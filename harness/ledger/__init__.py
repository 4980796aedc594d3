"""The memory: contracts, results and what is live, in a database of ours or in a broker of others."""
