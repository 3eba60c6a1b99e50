"""Makes Truss packages ready to run: snapshots of their files, environments for them, what they want beside it."""
