"""What takes room on the disk, and what of it goes."""
