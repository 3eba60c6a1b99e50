"""The management API over the control plane: what it offers, who may ask, and how answers look."""
