"""What the running system tells about itself."""
