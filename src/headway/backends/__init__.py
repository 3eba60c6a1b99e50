"""Where replicas run: one port, several real implementations."""
