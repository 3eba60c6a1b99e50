"""What the page on production prints can be copied: each program that is there reads its own file."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).parents[1]
PAGE = (TOP / "docs/guide/production.md").read_text(encoding="utf-8")
METRICS = (TOP / "docs/guide/metrics.md").read_text(encoding="utf-8")


def printed(name):
    return re.search(rf'```\w+ title="\S*/{re.escape(name)}"\n(.*?)```', PAGE, re.DOTALL)[1]


def program(name):
    found = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin")
    missing = f"needs {name}: make system-packages installs it"
    return found or (pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing))


def read(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    return told


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    unit = tmp_path / "headway.service"
    unit.write_text(printed("headway.service").replace("/opt/headway/bin/headway", sys.executable))
    told = read([program("systemd-analyze"), "verify", "--man=no", unit])
    assert [line for line in told.splitlines() if unit.name in line or str(unit) in line] == []


def test_nginx_understands_its_file(tmp_path):
    command = program("nginx")
    keys = ["-keyout", tmp_path / "models.key", "-out", tmp_path / "models.pem"]
    read([program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", *keys])
    site = printed("headway.conf").replace("/etc/ssl/headway", str(tmp_path)).replace("443", "18443")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{folders}{site} }}\n"
    )
    read([command, "-t", "-p", tmp_path, "-c", whole])


def test_caddy_understands_its_file(tmp_path):
    path = tmp_path / "Caddyfile"
    path.write_text(printed("Caddyfile"))
    read([program("caddy"), "validate", "--config", path, "--adapter", "caddyfile"])


def test_every_alert_asks_for_metrics_that_there_are():
    rules = yaml.safe_load(printed("headway.yml"))["groups"][0]["rules"]
    named = {name for rule in rules for name in re.findall(r"headway_\w+", rule["expr"])}
    assert len(named) > 5
    assert sorted(name for name in named if f"| `{name}` |" not in METRICS) == []
    labels = {name for rule in rules for name in re.findall(r"by \(([^)]*)\)", rule["expr"])}
    assert labels == {"model", "model, deployment"}
