"""Whole config.yaml files of the kinds that people publish: all are accepted, and the wrong ones of the same kinds are
refused with the field that is wrong.

Single fields are tested in test_truss_config.
"""

from pathlib import Path

import pytest
import yaml

from headway.control.packages.attachments import Sources, attachments
from headway.model_server.truss.truss_config import InvalidTrussError, parse_config

DOCKER_SERVER = """
docker_server:
  start_command: sh -c "vllm serve /models/chat --port 8000"
  server_port: 8000
  predict_endpoint: /v1/chat/completions
  readiness_endpoint: /health
  liveness_endpoint: /health
"""

CPU_MODELS = {
    "nothing at all": "",
    "only a name": "model_name: hello",
    "a comment and nothing else": "# fill me in\n",
    "what an initialised Truss has": """
model_name: fresh
python_version: py311
requirements: []
resources:
  cpu: "1"
  memory: 2Gi
  use_gpu: false
secrets: {}
system_packages: []
environment_variables: {}
external_package_dirs: []
model_metadata: {}
""",
    "the written-out defaults of an older Truss": """
apply_library_patches: true
base_image: null
build: {arguments: {}, model_server: TrussServer, secret_to_path_mapping: {}}
bundled_packages_dir: packages
data_dir: data
description: null
examples_filename: examples.yaml
external_data: null
external_package_dirs: []
hf_cache: null
input_type: Any
live_reload: false
model_class_filename: model.py
model_class_name: Model
model_framework: custom
model_metadata: {}
model_module_dir: model
model_name: null
model_type: custom
requirements_file: null
runtime: {num_workers: 1, predict_concurrency: 1, streaming_read_timeout: 60}
spec_version: '2.0'
train: {variables: {}}
""",
    "an older framework's type": "model_framework: sklearn\nmodel_type: RandomForestClassifier\n",
    "a version that YAML reads as a number": "spec_version: 2.0\n",
    "text classification": """
model_name: sentiment
python_version: py310
requirements:
  - torch==2.0.1
  - transformers==4.33.2
resources: {cpu: "3", memory: 4Gi}
model_metadata:
  example_model_input: {text: The film is a delight}
  pretty_name: Sentiment
  tags: [text-classification]
""",
    "a private model with a secret": """
model_name: private
secrets:
  hf_access_token: null
requirements: [transformers, "git+https://example.org/library.git@main"]
""",
    "packages of the system": """
model_name: document-reader
requirements: [pytesseract, Pillow]
system_packages: [tesseract-ocr, libgl1, "ffmpeg"]
""",
    "requirements in a file": "model_name: pinned\nrequirements_file: ./requirements.txt\n",
    "requirements in a lock": "model_name: locked\nrequirements_file: uv.lock\npython_version: py312\n",
    "names of its own for folder, file and class": """
model_module_dir: source
model_class_filename: serving.py
model_class_name: Classifier
data_dir: assets
bundled_packages_dir: vendored
external_package_dirs: [../shared, ../../tools]
""",
    "variables of every kind": """
environment_variables:
  TOKENIZERS_PARALLELISM: false
  OMP_NUM_THREADS: 2
  THRESHOLD: 0.5
  EMPTY: ""
  UNSET: null
""",
    "files fetched into the data folder": """
external_data:
  - url: https://example.org/weights.bin
    local_data_path: weights/model.bin
  - {url: "https://example.org/labels.txt", local_data_path: labels.txt, backend: http_public, name: labels}
""",
    "shell lines of the image": """
build_commands:
  - git clone https://example.org/tool.git
  - "cd tool && pip install -e ."
build:
  secret_to_path_mapping: {hf_access_token: /run/secrets/token}
""",
    "a base image": """
base_image:
  image: nvidia/cuda:12.2.0-runtime-ubuntu22.04
  python_executable_path: /usr/bin/python3
""",
    "a private base image": """
base_image:
  image: registry.example.org/team/base:1
  docker_auth: {auth_method: GCP_SERVICE_ACCOUNT_JSON, secret_name: registry, registry: registry.example.org}
""",
    "keys that nobody knows": "owner: team-a\nruntime: {autoscale: {min: 1}}\nmodel_metadata: {anything: [1, {a: b}]}",
    "a long example and anchors": """
defaults: &limits {cpu: "2", memory: 8Gi}
resources:
  <<: *limits
description: >
  Answers questions
  over several lines.
model_metadata:
  example_model_input:
    prompt: |
      Line one: with a colon
      line two
    image: "data:image/png;base64,iVBORw0KGgo="
""",
}

GPU_MODELS = {
    "one accelerator": "resources: {accelerator: A10G, cpu: '4', memory: 16Gi, use_gpu: true}\n",
    "several of them": "resources: {accelerator: 'H100:8', cpu: '40', memory: 900Gi}\n",
    "a count of one": "resources: {accelerator: 'A100:1'}\n",
    "a slice of one": "resources: {accelerator: H100_40GB, memory: 20000M}\n",
    "a machine by its type": "resources: {instance_type: 'L4:4x16'}\n",
    "several machines": "resources: {accelerator: 'B200:8', node_count: 2}\n",
    "image generation": """
model_name: Diffusion
python_version: py39
requirements:
  - accelerate
  - diffusers==0.21.4
  - --extra-index-url https://example.org/wheels
  - torch==2.0.1
resources: {accelerator: A10G, cpu: 3500m, memory: 20Gi}
runtime: {predict_concurrency: 1, streaming_read_timeout: 600}
model_metadata:
  avatar_url: https://example.org/avatar.png
  example_model_input: {prompt: a castle, steps: 30, guidance: 7.5}
""",
    "a model that works outside predict": """
resources: {accelerator: A10G}
runtime: {predict_concurrency: 1000, streaming_read_timeout: 60}
""",
    "an engine": """
model_name: engine
python_version: py310
resources: {accelerator: "H100:2", cpu: "8", memory: 200Gi, use_gpu: true}
trt_llm:
  build:
    base_model: decoder
    checkpoint_repository: {source: HF, repo: example/large, revision: main}
    max_seq_len: 8192
    quantization_type: fp8_kv
    tensor_parallel_count: 2
    plugin_configuration: {use_paged_context_fmha: true}
  runtime:
    kv_cache_free_gpu_mem_fraction: 0.62
    enable_chunked_context: true
secrets: {hf_access_token: null}
""",
    "an engine for embeddings": """
trt_llm:
  build: {base_model: encoder, checkpoint_repository: {source: HF, repo: example/embed}}
  runtime: {webserver_default_route: /v1/embeddings}
resources: {accelerator: L4}
model_metadata: {example_model_input: {input: text, model: model}, tags: [openai-compatible]}
""",
    "an engine served in the cloud": "bis_llm: {model: example/large, config: {}}\nresources: {accelerator: H200}\n",
    "checkpoints of a training": """
training_checkpoints:
  download_folder: /tmp/checkpoints
  artifact_references: [{training_job_id: abc, paths: [rank-0/]}]
""",
}

WEIGHTS = {
    "a cache": "model_cache:\n  - {repo_id: example/model, use_volume: false}\n",
    "a cache by its old name": "hf_cache:\n  - repo_id: example/model\n    allow_patterns: ['*.json', '*.bin']\n",
    "a cache that does not say whether it is a volume": """
model_cache:
  - repo_id: example/model
    revision: main
    ignore_patterns: ["*.onnx"]
""",
    "a cache in volumes": """
model_cache:
  - {repo_id: example/a, revision: 0123abc, use_volume: true, volume_folder: a}
  - {repo_id: example/b, revision: main, use_volume: true, volume_folder: b, runtime_secret_name: hub}
""",
    "caches in buckets": """
model_cache:
  - {repo_id: "gs://bucket/model", kind: gcs, use_volume: false}
  - {repo_id: "s3://bucket/model", kind: s3, use_volume: false}
  - {repo_id: "https://account.example.org/model", kind: azure, use_volume: false}
""",
    "weights of every source": """
weights:
  - source: hf://example/model@main
    mount_location: /models/a
    auth: {auth_method: CUSTOM_SECRET, auth_secret_name: hub}
  - {source: "s3://bucket/b", mount_location: /models/b, allow_patterns: ["*.safetensors"]}
  - {source: "gs://bucket/c", mount_location: /models/c, auth_secret_name: cloud}
  - {source: "azure://account/d", mount_location: /models/d, ignore_patterns: ["*.md"]}
  - {source: "r2://account.bucket/e", mount_location: /models/e}
  - {source: "https://example.org/f.bin", mount_location: /models/f}
""",
    "mounts of the cloud": "bdn: {mounts: [{source: a, mount_location: /a}], hotload: {enabled: true}}\n",
}

SERVERS = {
    "a server of its own": "base_image: {image: example/vllm:1}\n" + DOCKER_SERVER,
    "a server that runs as a user": DOCKER_SERVER + "  run_as_user_id: 1000\n",
    "an image that starts itself": """
base_image: {image: example/ready:1}
docker_server:
  no_build: true
  server_port: 80
  predict_endpoint: /
  readiness_endpoint: /ready
  liveness_endpoint: /alive
""",
    "a server whose predict is a WebSocket": DOCKER_SERVER + "runtime: {transport: {kind: websocket}}\n",
    "a server that speaks gRPC": DOCKER_SERVER
    + "runtime: {transport: {kind: grpc}, predict_concurrency: 32}\n",
    "a server with secrets and weights": DOCKER_SERVER
    + """
secrets: {hf_access_token: null, ssh_key: null}
weights: [{source: "hf://example/chat", mount_location: /models/chat}]
environment_variables: {VLLM_LOGGING_LEVEL: WARNING, HF_HUB_ENABLE_HF_TRANSFER: 1}
runtime:
  predict_concurrency: 256
  health_checks: {restart_threshold_seconds: 600, stop_traffic_threshold_seconds: 300, startup_threshold_seconds: 3000}
""",
    "WebSockets": """
runtime:
  transport: {kind: websocket, ping_interval_seconds: 10, ping_timeout_seconds: 2.5}
""",
    "WebSockets by the old name": "runtime: {is_websocket_endpoint: true, predict_concurrency: 64}\n",
    "a chainlet": """
model_name: PoemWriter
model_class_filename: model.py
python_version: py312
requirements: [truss==0.9.60, pydantic>=2]
runtime: {predict_concurrency: 64, enable_tracing_data: true, enable_debug_logs: false}
secrets: {baseten_chain_api_key: null}
model_metadata:
  chains_metadata:
    user_config: null
    chainlet_to_service:
      Speaker: {name: Speaker, timeout_sec: 600, predict_url: null}
""",
    "a development container": "live_reload: true\nruntime: {remote_ssh: {enabled: true}}\n",
    "settings of Headway": """
runtime: {predict_concurrency: 4}
model_metadata:
  headway: {gated: [predict, responses], on_disconnect: finish, queue_limit: 100}
""",
}

ACCEPTED = {**CPU_MODELS, **GPU_MODELS, **WEIGHTS, **SERVERS}

REFUSED = {
    "a name that is a number": ("model_name: 5\n", "model_name"),
    "cores that are a number": ("resources: {cpu: 2, memory: 4Gi}\n", "resources.cpu"),
    "memory in an unknown unit": ("resources: {memory: 2GB}\n", "resources.memory"),
    "an unknown accelerator": ("resources: {accelerator: RTX4090}\n", "resources.accelerator"),
    "no accelerators": ("resources: {accelerator: 'A100:0'}\n", "resources.accelerator"),
    "a secret that is a number": ("secrets: {api_key: 1}\n", "secrets.api_key"),
    "a version of Python with a dot": ("python_version: '3.11'\n", "python_version"),
    "requirements that are null": ("requirements:\n", "requirements"),
    "variables that are null": ("environment_variables:\n", "environment_variables"),
    "both kinds of requirements": ("requirements: [numpy]\nrequirements_file: a.txt\n", "requirements_file"),
    "both kinds of weights": (
        WEIGHTS["a cache"] + "weights: [{source: 'hf://a/b', mount_location: /b}]\n",
        "model_cache and weights",
    ),
    "no predict at a time": ("runtime: {predict_concurrency: 0}\n", "predict_concurrency"),
    "fewer than none": ("runtime: {predict_concurrency: -1}\n", "predict_concurrency"),
    "a concurrency that is null": ("runtime: {predict_concurrency: null}\n", "predict_concurrency"),
    "a transport that is null": ("runtime: {transport: null}\n", "runtime.transport"),
    "gRPC to a Model class": ("runtime: {transport: {kind: grpc}}\n", "runtime.transport.kind"),
    "several workers": ("runtime: {num_workers: 4}\n", "runtime.num_workers"),
    "a build without cache": ("build: {no_cache: true}\n", "build.no_cache"),
    "an interpreter by a relative path": (
        "base_image: {image: a, python_executable_path: python3}\n",
        "python_executable_path",
    ),
    "a server without a command": (
        DOCKER_SERVER.replace("start_command", "command"),
        "docker_server.start_command",
    ),
    "a server without a port": (DOCKER_SERVER.replace("server_port", "port"), "docker_server.server_port"),
}


def parse(text):
    return parse_config(text, Path("/truss"))


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_a_published_config_is_accepted_and_parses_to_itself(text):
    """The expanded config is a config too: the model may hand it on."""
    expanded = parse(text).expanded

    assert parse(yaml.safe_dump(expanded)).expanded == expanded


@pytest.mark.parametrize("text", CPU_MODELS.values(), ids=CPU_MODELS)
def test_a_model_for_cpus_asks_for_no_accelerator(text):
    assert not parse(text).use_gpu


@pytest.mark.parametrize("text", WEIGHTS.values(), ids=WEIGHTS)
def test_whoever_names_weights_is_told_what_becomes_of_them(text, tmp_path):
    config = parse(text)
    said = attachments(config, Sources(tmp_path, tmp_path, downloads_files=False), print)

    assert said.warnings or said.links or "bdn" in text
    assert ("bdn" in text) == any("bdn" in warning for warning in config.warnings)


@pytest.mark.parametrize(("text", "field"), REFUSED.values(), ids=REFUSED)
def test_a_config_with_one_wrong_value_is_refused(text, field):
    with pytest.raises(InvalidTrussError) as refused:
        parse(text)

    assert field in refused.value.message
    assert refused.value.hint
