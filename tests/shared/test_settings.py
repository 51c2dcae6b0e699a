"""Settings come from the environment and the command line, and a wrong one is named in a line."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import Settings, SettingsInvalid, read_settings

POSTGRESQL = "postgresql://ledger@db.example/taizhang"
REDIS = "rediss://queue.example:6380/0"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A place without a `.env` and an environment without a setting."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TAIZHANG_{name.upper()}", raising=False)


def test_without_a_setting_the_services_listen_to_this_machine_alone() -> None:
    settings = read_settings()
    assert (settings.bind, settings.ledger_port, settings.reporting_port) == ("127.0.0.1", 8001, 8002)
    assert settings.data_dir == Path("var")


def test_a_setting_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", POSTGRESQL)
    monkeypatch.setenv("TAIZHANG_REDIS_URL", REDIS)
    monkeypatch.setenv("TAIZHANG_LEDGER_PORT", "9001")
    settings = read_settings()
    assert settings.stores() == (POSTGRESQL, REDIS)
    assert settings.ledger_port == 9001


def test_a_setting_comes_from_a_file_beside_the_services_and_the_environment_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("TAIZHANG_LOG_FORMAT=json\nTAIZHANG_LEDGER_PORT=9001\nOTHER=x\n", "utf-8")
    monkeypatch.setenv("TAIZHANG_LEDGER_PORT", "9002")
    settings = read_settings()
    assert (settings.log_format, settings.ledger_port) == ("json", 9002)


def test_an_option_of_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAIZHANG_LEDGER_PORT", "9001")
    assert read_settings(ledger_port=9003).ledger_port == 9003


def test_an_option_that_was_not_given_leaves_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAIZHANG_LEDGER_PORT", "9001")
    assert read_settings(ledger_port=None).ledger_port == 9001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAIZHANG_LEDGER_PORT", "eighty"),
        ("TAIZHANG_LEDGER_PORT", "70000"),
        ("TAIZHANG_REPORTING_PORT", "-1"),
        ("TAIZHANG_DATABASE_URL", "mysql://db.example/taizhang"),
        ("TAIZHANG_REDIS_URL", "http://queue.example"),
        ("TAIZHANG_LOG_FORMAT", "xml"),
        ("TAIZHANG_DATABASE_POOL_SIZE", "0"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=f"^{name} cannot be used: .*") as refused:
        read_settings()
    assert "\n" not in str(refused.value)


def test_a_wrong_option_is_named_like_its_setting() -> None:
    with pytest.raises(SettingsInvalid, match=r"^TAIZHANG_LEDGER_PORT cannot be used"):
        read_settings(ledger_port=70000)


def test_the_password_in_a_wrong_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", "postgresql+psycopg://ledger:sesame@db.example/taizhang")
    with pytest.raises(SettingsInvalid) as refused:
        read_settings()
    assert "TAIZHANG_DATABASE_URL" in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "TAIZHANG_DATABASE_URL"), ({"redis_url": REDIS}, "TAIZHANG_DATABASE_URL"),
     ({"database_url": POSTGRESQL}, "TAIZHANG_REDIS_URL")],
)  # fmt: skip
def test_a_store_that_is_not_set_is_named_with_what_to_do(given: Mapping[str, str], missing: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"^{missing} is not set: .*taizhang up"):
        read_settings(**given).stores()


def test_settings_do_not_change_once_they_are_read() -> None:
    settings = read_settings()
    with pytest.raises(ValidationError):
        settings.ledger_port = 1
