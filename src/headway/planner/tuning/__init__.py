"""What `headway tune` decides: the next step to measure, when a step has said enough, and which numbers are best."""
