"""Who may do what with a served broker."""
