"""What deploy/ says of itself: settings that exist, variables that the example names, packages with their hashes."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from shared.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLE = (DEPLOY / "env.example").read_text("utf-8")
NAMED = {f"TAIZHANG_{name.upper()}" for name in Settings.model_fields}
# Of compose.yaml, roles.sql and the proxy alone.
LAYOUT = {
    *(f"TAIZHANG_{role}_PASSWORD" for role in ("POSTGRES", "OWNER", "LEDGER", "AUDIT", "REPORTING", "REDIS")),
    "TAIZHANG_HOST", "TAIZHANG_VERSION", "TAIZHANG_LEDGER_UPSTREAM", "TAIZHANG_REPORTING_UPSTREAM",
}  # fmt: skip


def test_every_setting_that_is_named_exists() -> None:
    for path in (DEPLOY / "env.example", DEPLOY / "compose.yaml", DEPLOY / "Dockerfile", DEPLOY / "health.py"):
        assert set(re.findall(r"TAIZHANG_[A-Z_]+", path.read_text("utf-8"))) <= NAMED | LAYOUT, path.name


def test_the_example_gives_what_compose_requires() -> None:
    required = set(re.findall(r"\$\{(\w+):\?\}", (DEPLOY / "compose.yaml").read_text("utf-8")))
    assert required <= set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))


def test_compose_starts_the_three_services_each_as_its_role() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    roles = {"migrate": "owner", "api": "ledger", "worker": "audit", "reporting": "reporting"}
    for name, role in roles.items():
        assert services[name]["command"] == [name]
        assert services[name]["environment"]["TAIZHANG_DATABASE_URL"].startswith(f"postgresql://taizhang_{role}:")
        assert (services[name]["read_only"], services[name]["cap_drop"]) == (True, ["ALL"])
    # Only the proxy is reached from outside.
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]


def test_each_unit_runs_its_service_as_nobody_special() -> None:
    for name in ("api", "worker", "reporting", "migrate"):
        unit = (DEPLOY / "systemd" / f"taizhang-{name}.service").read_text("utf-8")
        assert f"ExecStart=/opt/taizhang/bin/taizhang {name}\n" in unit
        assert "User=taizhang\n" in unit


def test_production_has_what_the_project_depends_on_with_hashes_and_nothing_else() -> None:
    printed = subprocess.run(
        [sys.executable, DEPLOY / "production_requirements.py"], check=True, capture_output=True, text=True
    ).stdout
    kept = dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ]+)", printed, re.MULTILINE))
    assert {"fastapi", "asyncpg", "arq", "alembic", "starlette"} <= set(kept)
    assert not {"pytest", "ruff", "mypy", "hatchling"} & set(kept)
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[A-Za-z])", printed.strip()))
