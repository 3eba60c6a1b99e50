"""Spans of requests, for Trusses that ask for them; imported by no other replica."""
