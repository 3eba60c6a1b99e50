"""The model servers under test: Headway's replica and its peers, each serving one class of models.py."""

import shutil
import sys
import time
from pathlib import Path

from benchmarks.contenders import Contender, Running
from benchmarks.environments import Environment, python_of
from benchmarks.processes import Bench, Program, answers, free_port, wait_for

FOLDER = Path(__file__).parent
PROGRAMS = FOLDER / "programs"
PREDICT = "/v1/models/model:predict"
UNLIMITED = 1000
_POLL = 0.005
_WITH_MODELS = {"PYTHONPATH": str(FOLDER.parent)}

TRUSS = Environment(
    "truss",
    (
        *("aiofiles>=24.1.0", "aiohttp>=3.10.11", "fastapi>=0.114,<0.125", "joblib>=1.2.0", "loguru>=0.7.2"),
        *("msgpack-numpy==0.4.8", "msgpack==1.1.0", "numpy>=1.23.5,<2", "opentelemetry-api>=1.25.0"),
        *("opentelemetry-exporter-otlp>=1.25.0", "opentelemetry-sdk>=1.25.0", "prometheus-client>=0.21.1"),
        *("psutil>=5.9.4", "python-json-logger>=2.0.2", "pyyaml>=6.0.0", "requests>=2.31.0"),
        *("truss-transfer>=0.0.42,<0.0.45", "uvicorn>=0.24.0", "uvloop>=0.19.0", "websockets>=10.0"),
    ),
    bare=("truss==0.18.36",),
)
"""What the wheel lists for its server's image, and the wheel itself for the server's files."""
LITSERVE = Environment("litserve", ("litserve==0.2.19",))
BENTOML = Environment("bentoml", ("bentoml==1.4.39",))
MOSEC = Environment("mosec", ("mosec==0.9.8",))
RAY = Environment("ray", ("ray[serve]==2.60.0",))


def headway_replica(model: str, predict_concurrency: int = UNLIMITED) -> Contender:
    return Contender("headway", lambda bench: _start_headway(bench, model, predict_concurrency))


def truss_server(model: str, predict_concurrency: int = UNLIMITED) -> Contender:
    return Contender("truss", lambda bench: _start_truss(bench, model, predict_concurrency))


def launch_headway(bench: Bench, model: str, predict_concurrency: int, *address: str) -> Program:
    """Start a replica without waiting for it; `address` is `--port N` or `--uds PATH`."""
    truss = write_truss(bench.folder / f"headway-{model}", model, predict_concurrency)
    return bench.start([sys.executable, "-m", "headway.model_server", truss, *address])


def launch_truss(bench: Bench, model: str, predict_concurrency: int, port: int) -> Program:
    """Start Truss's own server, laid out as in its image, without waiting for it."""
    python = python_of(TRUSS)
    templates = next(python.parent.parent.glob("lib/python3*/site-packages/truss/templates"))
    app = bench.folder / f"truss-{model}"
    shutil.copytree(templates / "server", app)
    shutil.copytree(templates / "shared", app / "_truss_shared")
    write_truss(app, model, predict_concurrency)
    return bench.start([python, "main.py"], cwd=app, environment={"INFERENCE_SERVER_PORT": str(port)})


def write_truss(folder: Path, model: str, predict_concurrency: int) -> Path:
    """A Truss whose model is the class `model` of models.py."""
    (folder / "model").mkdir(parents=True)
    (folder / "data").mkdir()
    shutil.copy(FOLDER / "models.py", folder / "model" / "model.py")
    (folder / "config.yaml").write_text(
        f"model_name: bench\nmodel_class_name: {model}\n"
        f"runtime:\n  predict_concurrency: {predict_concurrency}\n"
        # Truss's server reads the expanded file that its command line writes, not the author's.
        "requirements: []\nsecrets: {}\nmodel_metadata: {}\napply_library_patches: false\n"
        "model_module_dir: model\nmodel_class_filename: model.py\ndata_dir: data\n"
    )
    return folder


def _start_headway(bench: Bench, model: str, predict_concurrency: int) -> Running:
    port, ideal = free_port(), _ideal(bench, sys.executable, model)
    program = launch_headway(bench, model, predict_concurrency, "--port", str(port))
    return _ready(program, f"http://127.0.0.1:{port}{PREDICT}", ideal)


def _start_truss(bench: Bench, model: str, predict_concurrency: int) -> Running:
    port, ideal = free_port(), _ideal(bench, python_of(TRUSS), model)
    program = launch_truss(bench, model, predict_concurrency, port)
    return _ready(program, f"http://127.0.0.1:{port}{PREDICT}", ideal)


def _start_litserve(bench: Bench) -> Running:
    port = free_port()
    program = bench.start(
        [python_of(LITSERVE), PROGRAMS / "litserve_server.py", "Echo", str(port)], environment=_WITH_MODELS
    )
    return _ready(program, f"http://127.0.0.1:{port}/predict")


def _start_bentoml(bench: Bench) -> Running:
    port = free_port()
    program = bench.start(
        [
            *(python_of(BENTOML), "-m", "bentoml", "serve", "bentoml_service:Echo"),
            *("--host", "127.0.0.1", "--port", str(port), "--working-dir", PROGRAMS),
        ],
        cwd=PROGRAMS,
        environment={"BENTOML_DO_NOT_TRACK": "true", "BENTOML_HOME": str(bench.folder / "bentoml")},
    )
    return _ready(program, f"http://127.0.0.1:{port}/predict")


def _start_mosec(bench: Bench) -> Running:
    port = free_port()
    program = bench.start(
        [
            *(python_of(MOSEC), PROGRAMS / "mosec_server.py", "--address", "127.0.0.1"),
            *("--port", str(port), "--path", bench.folder / "mosec"),
        ]
    )
    return _ready(program, f"http://127.0.0.1:{port}/inference")


def _start_ray(bench: Bench) -> Running:
    port = free_port()
    program = bench.start(
        [python_of(RAY), PROGRAMS / "ray_server.py", str(port), bench.folder / "ray"],
        environment={"RAY_USAGE_STATS_ENABLED": "0"},
    )
    return _ready(program, f"http://127.0.0.1:{port}/")


LITSERVE_ECHO = Contender("litserve", _start_litserve)
BENTOML_ECHO = Contender("bentoml", _start_bentoml)
MOSEC_ECHO = Contender("mosec", _start_mosec)
RAY_ECHO = Contender("ray serve", _start_ray)


def _ready(program: Program, url: str, ideal_seconds: float = 0.0) -> Running:
    wait_for(program, lambda: answers(url, b'{"inputs": 1}'), every=_POLL)
    return Running(url, (program,), started_in=time.monotonic() - program.began, ideal_seconds=ideal_seconds)


def _ideal(bench: Bench, python: str | Path, model: str) -> float:
    """Seconds of one direct call of the numpy model in the contender's own environment."""
    if model != "Numpy":
        return 0.0
    program = bench.start([python, PROGRAMS / "time_model.py"], environment=_WITH_MODELS)
    program.process.wait(60)
    return float(program.log.read_text())
