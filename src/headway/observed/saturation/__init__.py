"""Whether who comes now waits for a slot, why, for how long about, and what to do: decided here alone, and pure."""
