"""API keys and models' secrets."""
