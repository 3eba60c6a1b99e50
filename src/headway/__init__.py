"""Headway serves Truss models and keeps request concurrency exactly where it was set."""

__version__ = "0.1.0"
