"""Ways to run a replica's process, each in a world of its own making."""
