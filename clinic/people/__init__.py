"""Users and their roles, clients, consents."""
