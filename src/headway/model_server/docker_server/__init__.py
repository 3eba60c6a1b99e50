"""A Truss that brings a server of its own: the program is started and kept, and requests are passed on to it."""
