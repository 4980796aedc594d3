"""What every resource of the API shares: routes, negotiation, HAL, problems, paging."""
