"""What runs: replicas brought to what is desired, what became of them, and what gateways are told."""
