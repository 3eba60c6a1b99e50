"""What of Headway's own environment the programs that it runs get: what they need, by name, and nothing else.

An operator's shell holds keys of clouds and databases. A model sees what is listed here, what its config.yaml says, and
what `HEADWAY_PASS_ENVIRONMENT` names; docs/guide/operating.md tells it to people.
"""

import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from headway.configuration import Configuration, InvalidConfigurationError

MODEL = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "TMP", "TEMP"),
    *("XDG_*_HOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "CUDA_*", "NVIDIA_*", "NCCL_*", "CUBLAS_*", "CUDNN_*"),
    *(
        "OMP_*",
        "KMP_*",
        "MKL_*",
        "OPENBLAS_*",
        "BLIS_*",
        "GOTO_*",
        "NUMEXPR_*",
        "VECLIB_*",
        "RAYON_*",
        "MALLOC_*",
    ),
    *("PYTORCH_*", "TORCH_HOME", "TOKENIZERS_PARALLELISM", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE"),
    *("HF_ENDPOINT", "TRANSFORMERS_CACHE", "TRANSFORMERS_OFFLINE", "SSL_CERT_*", "REQUESTS_CA_BUNDLE"),
    *("CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("OTEL_*", "NUM_LOAD_RETRIES_TRUSS", "DISABLE_JSON_LOGGING"),
)
"""What a model's process, and the libraries in it, go by. No credentials but those in a proxy's or collector's own."""

BUILD = (
    *(
        "UV_*",
        "PIP_*",
        "GIT_*",
        "SSH_AUTH_SOCK",
        "NETRC",
        "CC",
        "CXX",
        "CPP",
        "FC",
        "AR",
        "LD",
        "CFLAGS",
        "CPPFLAGS",
    ),
    *("CXXFLAGS", "FFLAGS", "LDFLAGS", "PKG_CONFIG_*", "CMAKE_*", "MAKEFLAGS", "MAX_JOBS", "RUSTFLAGS"),
    *("CARGO_HOME", "CARGO_HTTP_*", "CARGO_NET_*", "RUSTUP_*", "TORCH_CUDA_ARCH_LIST"),
)
"""What uv and build commands need beside that: where packages come from, and how those are compiled."""

_NEVER = (
    *("HEADWAY_*", "TRUSS_SECRET_*", "UV_PUBLISH_*"),
    *("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"),
)
"""What only Headway may know, and the traces of its own interpreter: nobody is to name them by mistake."""
_SECRET = "TRUSS_SECRET_"  # noqa: S105  # a name, no secret


def for_headway(**more: str) -> dict[str, str]:
    """For Headway's own processes: all of it, and `more`, which wins."""
    return {**os.environ, **more}


def for_models(secrets: Iterable[str] = (), environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For a model that declares these secrets; each of them may be in a variable `TRUSS_SECRET_NAME`."""
    declared = {_SECRET + name for name in secrets}
    its_own = {name: value for name, value in environment.items() if name in declared}
    return _named(MODEL, environment) | its_own


def has_secret(name: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a model that declares the secret gets a value by a variable."""
    return bool(environment.get(_SECRET + name))


def secret_of(name: str, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The value that a variable gives it."""
    value = environment.get(_SECRET + name)
    return None if value is None else value.encode(errors="surrogateescape")


def for_builds(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For uv, and for the commands that a Truss wants to be run before it is served."""
    return _named((*MODEL, *BUILD), environment)


def _named(patterns: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    wanted = (*patterns, *_passed(environment))
    return {
        name: value
        for name, value in environment.items()
        if _matches(name, wanted) and not _matches(name, _NEVER)
    }


def _passed(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What the operator names. While somebody writes to the settings file, replicas go on starting."""
    try:
        return Configuration.load(environment).pass_environment
    except InvalidConfigurationError:
        return tuple(one.strip() for one in environment.get("HEADWAY_PASS_ENVIRONMENT", "").split(","))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
