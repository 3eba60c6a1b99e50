"""Tries settings on a workload in virtual time, with the very dispatcher, gate, autoscaling and reconcile that serve."""
