"""Pure decisions: told the time, they return what follows. No clock, no input or output, no third party."""
