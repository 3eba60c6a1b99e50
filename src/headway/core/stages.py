"""The stages of a request, for records, metrics, pictures and headers alike."""

from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """In the order in which a request passes them; records keep the seconds of each under its value."""

    QUEUE = "queue"
    COLD_START = "cold_start"
    PREPROCESS = "preprocess"
    GATE_WAIT = "gate_wait"
    PREDICT = "predict"
    POSTPROCESS = "postprocess"
    SEND = "send"
    """From the answer's head to its end, so it includes what of PREDICT a stream still has to do."""

    @property
    def words(self) -> str:
        """As people are told of it."""
        return self.value.replace("_", " ")


IN_REPLICA: Final = (Stage.PREPROCESS, Stage.GATE_WAIT, Stage.PREDICT, Stage.POSTPROCESS, Stage.SEND)
"""Those of a request that holds a slot."""

LABELS: Final = {
    Stage.QUEUE: "queue",
    Stage.COLD_START: "cold",
    Stage.PREPROCESS: "pre",
    Stage.GATE_WAIT: "gate",
    Stage.PREDICT: "predict",
    Stage.POSTPROCESS: "post",
    Stage.SEND: "send",
}
"""Their names in the Server-Timing header."""
