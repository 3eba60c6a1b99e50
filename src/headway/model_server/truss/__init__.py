"""What a Truss is: its config.yaml, its secrets, its model's class and methods. Nothing here runs requests."""
