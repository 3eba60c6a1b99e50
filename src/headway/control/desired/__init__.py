"""What is wanted: models, deployments and environments as immutable values, and the move from one to the next."""
