"""Everything a process of the service takes from its environment, in one frozen value.

Names of our own start with `XIEZHI_`; names that other programs share (`DATABASE_URL`, `TEMPORAL_*`, `OTEL_*`) keep
theirs. Nothing else in the code reads the environment.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SecretName = Literal["database_url", "token_secret", "fingerprint_key"]


class MissingSetting(RuntimeError):
    """A process was started alone without something that only its operator can give."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        super().__init__(
            f"{variable} is not set. `xiezhi up` sets it for the embedded stack; "
            f"a process that runs alone needs it in its environment."
        )


def _under_data_dir(name: str) -> Any:
    """A path inside the data folder unless the environment names another one."""

    def default(values: dict[str, Any]) -> Path:
        folder: Path = values["data_dir"]
        return folder / name

    return Field(default_factory=default)


class Settings(BaseSettings):
    """Settings of one process; `Settings()` reads the environment, arguments override it."""

    model_config = SettingsConfigDict(env_prefix="XIEZHI_", populate_by_name=True, frozen=True, extra="ignore")

    data_dir: Path = Path(".xiezhi")
    log_level: str = "INFO"

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """`postgresql+psycopg://user:password@host:port/database`."""

    embedded_database: bool = False
    """The database is that of `xiezhi up` itself, for trying out: only there may demo accounts exist and act. The
    supervisor says so to what it starts; an operator of real servers never does."""

    temporal_address: str = Field(default="127.0.0.1:7233", validation_alias="TEMPORAL_ADDRESS")
    temporal_namespace: str = Field(default="default", validation_alias="TEMPORAL_NAMESPACE")
    temporal_api_key: SecretStr | None = Field(default=None, validation_alias="TEMPORAL_API_KEY")
    temporal_tls: bool = Field(default=False, validation_alias="TEMPORAL_TLS")
    temporal_tls_cert: Path | None = Field(default=None, validation_alias="TEMPORAL_TLS_CERT")
    temporal_tls_key: Path | None = Field(default=None, validation_alias="TEMPORAL_TLS_KEY")
    temporal_tls_ca: Path | None = Field(default=None, validation_alias="TEMPORAL_TLS_CA")

    api_host: str = "127.0.0.1"
    api_port: int = 8080
    worker_health_port: int = 9464

    token_secret: SecretStr | None = None
    """Signs bearer tokens; every API process needs the same one."""
    token_ttl_minutes: int = 60
    fingerprint_key: SecretStr | None = None
    """Keys the fingerprints by which equal personal data is recognised without being readable."""

    account_reads_per_second: float = Field(default=100, gt=0)
    account_writes_per_second: float = Field(default=50, gt=0)
    stranger_requests_per_second: float = Field(default=20, gt=0)
    """Requests without a valid token, logins included, from one address. Each rate holds for one API process and may be
    exceeded for a moment by what was not used in the ten seconds before."""
    login_failures: int = Field(default=5, ge=1)
    """So many wrong passwords for one account name are free; then pauses that double, from 15 s to 15 min."""
    login_failures_of_address: int = Field(default=100, ge=1)
    client_patience_seconds: float = Field(default=10, gt=0)
    """How long a client may take to send its headers, to dawdle with a body, or not to read its answer."""
    connections: int = Field(default=4096, ge=1)
    """Open connections of one API process; more are asked to come back."""
    trusted_proxies: str = ""
    """Addresses or networks, separated by commas, whose `X-Forwarded-For` says where a request comes from."""

    checkpoint_key_file: Path = _under_data_dir("checkpoint.key")
    evidence_dir: Path = _under_data_dir("evidence")
    feedback_dir: Path = _under_data_dir("feedback")
    exports_dir: Path = _under_data_dir("exports")
    """Exported lists. API and worker must see the same folder."""
    export_days: int = Field(default=7, ge=1, le=90)
    """How long an exported list may be fetched."""
    export_rows: int = Field(default=100_000, ge=1, le=1_000_000)
    """More rows in one list are refused; a sheet holds no more than about a million."""
    erasure_ledger: Path = _under_data_dir("erasure-ledger.jsonl")
    rules_pack: str = "national"
    """The rules to work by: the name of a packaged pack, or a file. API and worker must agree."""

    public_url: str = Field(default="", pattern=r"^(https?://[^\s]+[^/\s])?$")
    """Where people open cases in a browser; notices that go out link there."""
    smtp_host: str = ""
    """The mail server. Without one, notices go to the inbox and to webhooks only. API and worker must agree."""
    smtp_port: int | None = Field(default=None, ge=1, le=65535)
    """Default: 587 for STARTTLS, 465 for TLS, 25 without."""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` refuses a server that does not offer it."""
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    smtp_from: str = ""
    """The address mails come from."""
    webhook_networks: str = ""
    """Networks, separated by commas, that webhooks may reach besides the public internet (`10.20.0.0/16`)."""

    relay_lease_seconds: float = 30.0
    relay_batch: int = 100
    reconcile_interval_seconds: float = 600.0

    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    failpoint: str = ""
    """Tests only: the name of the place at which this process stops itself."""
    history_limit: int | None = None
    """Tests only: continue as new after this many history events instead of when the server suggests it."""

    def secret(self, name: SecretName) -> str:
        """The plain text of a secret, or `MissingSetting` naming the variable to set."""
        value: SecretStr | None = getattr(self, name)
        if value is None or not value.get_secret_value():
            raise MissingSetting(self.variable(name))
        return value.get_secret_value()

    @classmethod
    def variable(cls, name: str) -> str:
        """The environment variable that fills a field."""
        alias = cls.model_fields[name].validation_alias
        return alias if isinstance(alias, str) else f"XIEZHI_{name.upper()}"

    @property
    def temporal_uses_tls(self) -> bool:
        """TLS is on when asked for, and whenever a certificate or an API key is given: neither may travel in clear."""
        return self.temporal_tls or any((self.temporal_tls_cert, self.temporal_tls_ca, self.temporal_api_key))
