"""Carries out what `planner.tuning` proposes: starts replicas, puts load on them, and measures."""
