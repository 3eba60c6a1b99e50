"""Logs and prints in every way that models do."""

import logging
import os
import sys
import warnings

log = logging.getLogger("chatty")


class Model:
    def load(self):
        sys.stdout.write("\x1b[32mloading\x1b[0m weights\n")
        os.write(2, b"\r 10%|#         |\r 50%|#####     |\r100%|##########|\n")
        log.info("tokenizer: 模型 ready, %d entries", 32_000)

    def predict(self, request):
        log.info("asked for %s", request["text"])
        if request["text"] == "fail":
            try:
                {}["weights"]
            except KeyError as error:
                raise ValueError("no weights for this: <script>alert(1)</script>") from error
        if request["text"] == "native":
            os.write(2, b"CUDA error: an illegal memory access was encountered\n\x1b[2J\x00\x07half a line")
            warnings.warn("this is deprecated", stacklevel=1)
            sys.stderr.write("x" * 50_000 + "\n")
        return request["text"]
