"""What the API shows: resources as they are now, how deployments have fared, and the live picture of one."""
