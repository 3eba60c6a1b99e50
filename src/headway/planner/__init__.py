"""Plans ahead: decides what to measure and what follows from it. It acts on nothing and imports core only."""
