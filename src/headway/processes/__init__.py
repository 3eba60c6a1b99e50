"""How Headway's programs are put together, started and parented, on one machine."""
