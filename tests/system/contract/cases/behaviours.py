"""The Trusses of the stories, which are told in the test modules beside the table."""

from pathlib import Path

from system.contract.table import Case, Source

GATE = (Path(__file__).parent.parent / "trusses/gate/model/model.py").read_text()

CASES: list[Case] = []
SOURCES = {
    "gate-of-two": Source(config="runtime: {predict_concurrency: 2}", model=GATE),
    "gate-that-finishes": Source(config="model_metadata: {headway: {on_disconnect: finish}}", model=GATE),
    "meeting-stages": Source(
        model='''
import asyncio

class Model:
    def __init__(self):
        self.second_predicts = asyncio.Event()

    async def predict(self, name):
        if name == "second":
            self.second_predicts.set()
        return name

    async def postprocess(self, name):
        if name == "second":
            return "alone"
        await asyncio.wait_for(self.second_predicts.wait(), 5)
        return "met"
'''
    ),
    "crowd": Source(
        config="runtime: {predict_concurrency: 100}",
        model='''
import threading

class Model:
    def __init__(self):
        self.all_here = threading.Barrier(45)
        self.let_go = threading.Event()
        self.held = 0

    def preprocess(self, inputs):
        if inputs.get("hold"):
            self.held += 1
            self.let_go.wait(20)
        return inputs

    def predict(self, inputs):
        if inputs.get("meet"):
            self.all_here.wait(3)

    async def completions(self):
        self.let_go.set()

    async def embeddings(self):
        return self.held
''',
    ),
}
