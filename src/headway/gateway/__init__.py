"""The data plane: queues requests and gives them to replicas within the concurrency target."""
