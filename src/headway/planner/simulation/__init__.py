"""Tries settings on traffic in virtual time, with the very dispatcher, gate, autoscaling and reconcile that serve."""
