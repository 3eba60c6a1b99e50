"""The control plane: keeps desired state and brings the running system to it."""
