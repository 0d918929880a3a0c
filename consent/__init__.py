"""Who agreed to what: the registry of signed consents and the pure decision."""
