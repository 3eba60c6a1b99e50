"""What answers and bodies look like. Names are Baseten's where Baseten has the thing.

Answers are plain values, checked by types alone: the live state is made of hundreds of them twice a second. What
comes from outside is checked at run time (`bodies`).
"""
