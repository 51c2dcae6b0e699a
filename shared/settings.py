"""What an operator can set, read once at the door and handed on."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# The kinds that a person signs in as; sandboxes are for programs.
PEOPLE = ("school", "centre", "bureau", "auditor")
# What may hold a password or a key: never repeated in a message.
_SECRET = frozenset({"database_url", "redis_url", "token_signing_key", "webhook_key", "oidc_client_secret"})


class SettingsInvalid(Exception):
    """A setting is missing or malformed; the message is one line that names it."""


class Settings(BaseSettings):
    """Environment variables or `.env`, prefix TAIZHANG_."""

    model_config = SettingsConfigDict(env_prefix="TAIZHANG_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Path("var")
    database_url: str | None = Field(default=None, pattern=r"^postgres(ql)?://")
    redis_url: str | None = Field(default=None, pattern=r"^(redis|rediss|unix)://")
    # Where the papers lie; under the data directory when it is not set.
    attachments_url: str | None = Field(default=None, pattern=r"^(file:///|s3://[^/]).*")
    ledger_port: int = Field(default=8001, ge=0, le=65535)
    reporting_port: int = Field(default=8002, ge=0, le=65535)
    # The worker's health and metrics; it answers nowhere unless this is set.
    worker_port: int | None = Field(default=None, ge=1, le=65535)
    bind: str = "127.0.0.1"
    # As browsers reach the two services, when that is not one address for both: what the page may call, and who calls.
    ledger_url: str | None = Field(default=None, pattern=r"^https?://[^/\s;,'\"]+$")
    reporting_url: str | None = Field(default=None, pattern=r"^https?://[^/\s;,'\"]+$")
    # Where spans go, by OTLP over HTTP; nowhere when it is not set.
    traces_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+/.*$")
    log_format: Literal["console", "json"] = "console"
    # A P-256 private key (ES256) as PEM or as the path of a PEM file; `taizhang up` makes one under the data directory.
    token_signing_key: str | None = None
    rules_config: Path | None = None
    # A finding that nobody has explained or decided for so long is overdue.
    escalate_after_days: int = Field(default=15, ge=1, le=3650)
    # So many years after its end a school year stays in the database: the five of a primary school here (五四学制), so that
    # whatever a guardian or an inspector asks of a pupil's years is at hand for as long as the pupil is there. The notice
    # says 存档备查 and no number; what the archive's files are kept for is the district's to say (docs/backup.md).
    retention_years: int = Field(default=5, ge=1, le=100)
    # So many days after a term's end it must be possible to ask who a pupil was: until its pay is published, objected to,
    # submitted, accepted and paid. What comes up later (an inspection, a complaint, a clawback) holds by itself.
    identity_days: int = Field(default=180, ge=0, le=36500)
    # What one client may ask of one process for ever; ten seconds' worth at once.
    requests_per_second: int = Field(default=1000, ge=1, le=1_000_000)
    database_pool_size: int = Field(default=12, ge=1, le=200)
    # Webhook secrets are sealed under it, instead of under a key derived from the one that signs tokens.
    webhook_key: str | None = Field(default=None, min_length=32)
    # Networks inside the house to which webhooks may go, and over http: CIDR, between commas.
    webhook_networks: str | None = None

    # The district's own OpenID Connect provider, with whom people may sign in; in the clear on this machine alone.
    oidc_issuer: str | None = Field(default=None, pattern=r"^(https://[^/\s]|http://(localhost|127\.0\.0\.1)[:/]).*")
    oidc_client_id: str = "taizhang"
    oidc_client_secret: str | None = None
    oidc_scope: str = Field(default="openid profile", pattern=r"^(.* )?openid( .*)?$")
    oidc_kind_claim: str = "role"
    # From the provider's words for roles to ours, between commas: `district-admin=bureau,head=school`.
    oidc_kinds: str = "bureau=bureau,auditor=auditor,centre=centre,school=school"
    oidc_schools_claim: str = "schools"
    oidc_stage_claim: str = "stage"

    @field_validator("oidc_kinds")
    @classmethod
    def _are_kinds(cls, given: str) -> str:
        _kinds(given)
        return given

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, given: str | None) -> str | None:
        _networks(given)
        return given

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `webhook_networks`."""
        return _networks(self.webhook_networks)

    def kinds(self) -> Mapping[str, str]:
        """The roles of `oidc_kinds`: from the provider's word to our kind of client."""
        return _kinds(self.oidc_kinds)

    def stores(self) -> tuple[str, str]:
        """The URLs of PostgreSQL and Redis; raises SettingsInvalid when either is not set."""
        database_url = self.database()
        if self.redis_url is None:
            raise SettingsInvalid("TAIZHANG_REDIS_URL is not set: give the Redis to use, or start `taizhang up`")
        return database_url, self.redis_url

    def database(self) -> str:
        """The URL of PostgreSQL, for who needs no Redis; raises SettingsInvalid when it is not set."""
        if self.database_url is None:
            raise SettingsInvalid(
                "TAIZHANG_DATABASE_URL is not set: give the PostgreSQL to use, or start `taizhang up`"
            )
        return self.database_url

    def attachments(self) -> str:
        """The URL of the folder or bucket where the papers lie."""
        return self.attachments_url or (self.data_dir.resolve() / "attachments").as_uri()


def _networks(given: str | None) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(each.strip()) for each in (given or "").split(",") if each.strip())


def _kinds(given: str) -> Mapping[str, str]:
    kinds: dict[str, str] = {}
    for each in given.split(","):
        word, _, kind = (part.strip() for part in each.rpartition("="))
        if not word or kind not in PEOPLE:
            raise ValueError(f"{each.strip()} is no ROLE=KIND with a kind of {', '.join(PEOPLE)}")
        kinds[word] = kind
    return kinds


def read_settings(**given: object) -> Settings:
    """Read the settings; `given` (command-line options that are not None) win over the environment."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        setting = "_".join(str(part) for part in first["loc"])
        shown = "" if setting in _SECRET else f" (it is {first['input']!r})"
        raise SettingsInvalid(f"TAIZHANG_{setting.upper()} cannot be used: {first['msg']}{shown}") from error
