"""Which ways into a model its text shows, without running it."""

import pytest

from headway.control.packages.ways_in import ways_into
from headway.model_server.truss.truss_config import read_truss

SERVER = """
docker_server:
  {start_command: serve, server_port: 80, predict_endpoint: /, readiness_endpoint: /, liveness_endpoint: /}
"""


@pytest.fixture
def ways(tmp_path):
    def of(model, config=""):
        (tmp_path / "model").mkdir(exist_ok=True)
        (tmp_path / "model/model.py").write_text(model, encoding="utf-8")
        (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
        return ways_into(read_truss(tmp_path))

    return of


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("class Model:\n def predict(self, x): ...", ("predict",)),
        ("class Model:\n async def websocket(self, ws): ...", ("websocket",)),
        (
            "class Model:\n def preprocess(self, x): ...\n def chat_completions(self, x): ...\n predict = print",
            ("predict", "chat_completions"),
        ),
        (
            "class A:\n def predict(self, x): ...\nclass Model(A):\n def embeddings(self, x): ...",
            ("predict", "embeddings"),
        ),
        (
            "class Model:\n def __init__(self):\n  self.predict = print\n  self._state.update(a=1)",
            ("predict",),
        ),
        ("class Model:\n predict = print", ("predict",)),
        ("class Model:\n def websocket(self, ws):\n  self.predict(ws)", ("websocket",)),
        ("import abc\nclass Model(abc.ABC):\n def messages(self, x): ...", ("messages",)),
    ],
)
def test_methods_that_requests_reach_are_read_from_the_text(ways, model, expected):
    assert ways(model) == expected


@pytest.mark.parametrize(
    "model",
    [
        "from elsewhere import Model",
        "from elsewhere import Base\nclass Model(Base):\n def predict(self, x): ...",
        "class Model(Model):\n def predict(self, x): ...",
        "class A(Model): ...\nclass Model(A): ...",
        "@decorated\nclass Model:\n def predict(self, x): ...",
        "class Model(metaclass=Odd):\n def predict(self, x): ...",
        "class Model:\n def __getattr__(self, name): ...",
        "class Model:\n def __init__(self):\n  setattr(self, 'predict', print)",
        "class Model:\n def __init__(self):\n  self.__dict__.update(predict=print)",
        "class Model:\n def predict(self",
    ],
)
def test_what_the_text_does_not_show_is_not_told(ways, model):
    assert ways(model) is None


def test_a_transport_is_told_and_a_program_may_have_any_path(ways):
    websocket = "runtime: {transport: {kind: websocket}}\n"
    assert ways("from elsewhere import Model", websocket) == ("websocket",)
    assert ways("", SERVER) is None
    assert ways("", websocket + SERVER) == ("websocket",)
