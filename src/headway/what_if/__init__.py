"""What other settings would have made of recorded traffic: which records are replayed, and the processes that simulate
them beside control. It answers with plain values.
"""
