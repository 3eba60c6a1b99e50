"""Measures Headway beside its peers. `python -m benchmarks --help` tells how."""
