class Model:
    """Knows how often it ran."""

    def __init__(self, **_):
        self.runs = 0

    def predict(self, _):
        self.runs += 1
        return {"runs": self.runs}
