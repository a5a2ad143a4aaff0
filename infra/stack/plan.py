"""What one run of the stack consists of: ports that are free, secrets, embedded servers, and what its commands get."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.runtime.settings import Settings
from infra.stack.children import rotate
from infra.stack.embedded import EmbeddedPostgres, EmbeddedTemporal
from infra.stack.options import PortNumbers, Preparation, UpOptions
from infra.stack.state_file import embedded_secrets, free_port


class Plan:
    """Made once at the start. `postgres` and `temporal` are None where the environment names another server."""

    def __init__(self, options: UpOptions, given: Settings, data: Path) -> None:
        self.data = data
        self.ports = _free_ports(options.ports, given.api_host)
        self._options = options
        self._given = given
        self._secrets = embedded_secrets(data)
        self.postgres = None if given.database_url else self._embedded_postgres()
        self.temporal = None if "temporal_address" in given.model_fields_set else self._embedded_temporal()

    @property
    def api_url(self) -> str:
        """Where people and scripts reach the API."""
        host = "127.0.0.1" if self._given.api_host in ("0.0.0.0", "::") else self._given.api_host  # noqa: S104
        return f"http://{host}:{self.ports.api}"

    @property
    def worker_url(self) -> str:
        """Where the worker says how it is."""
        return f"http://127.0.0.1:{self.ports.worker_health}"

    @property
    def temporal_address(self) -> str:
        """Of the server in use, embedded or given."""
        return f"127.0.0.1:{self.ports.temporal}" if self.temporal else self._given.temporal_address

    def environment(self) -> Mapping[str, str]:
        """What every command of the stack gets; given values win over generated ones."""
        decided = {
            "XIEZHI_DATA_DIR": str(self.data),
            "XIEZHI_API_HOST": self._given.api_host,
            "XIEZHI_API_PORT": str(self.ports.api),
            "XIEZHI_WORKER_HEALTH_PORT": str(self.ports.worker_health),
            "XIEZHI_EMBEDDED_DATABASE": "1" if self.postgres is not None else "0",
            "PYTHONUNBUFFERED": "1",
        }
        if self.postgres is not None:
            decided["DATABASE_URL"] = self.postgres.url()
        if self.temporal is not None:
            decided |= {"TEMPORAL_ADDRESS": self.temporal_address, "TEMPORAL_NAMESPACE": "default"}
        generated = {f"XIEZHI_{name.upper()}": self._secrets[name] for name in ("token_secret", "fingerprint_key")}
        return {**generated, **os.environ, **decided}

    def description(self) -> dict[str, Any]:
        """What scripts and the closing block read of the stack, whatever state its parts are in."""
        urls = {"api": self.api_url, "docs": f"{self.api_url}/docs"}
        if self.temporal is not None:
            urls["temporal_ui"] = f"http://127.0.0.1:{self.ports.temporal_ui}"
        return {
            "supervisor": {"pid": os.getpid()},
            "data_dir": str(self.data),
            "logs": str(self.data / "logs"),
            "urls": urls,
            "ports": vars(self.ports),
            "database_url": self.environment()["DATABASE_URL"],
            "embedded_database": self.postgres is not None,
            "temporal_address": self.temporal_address,
            "temporal_namespace": self._given.temporal_namespace,
            "rules_pack": self._given.rules_pack,
        }

    def due_preparations(self) -> list[Preparation]:
        """The commands to run before the worker, in order; one that is done once is left out when it was done."""
        wanted = ("always", "sample" if self.for_trying_out() else "empty")
        return [given for given in self._options.preparations if given.when in wanted and not self._is_settled(given)]

    def mark_done(self, preparation: Preparation) -> None:
        """It need not be done again on this data folder, where once is enough."""
        mark = self._mark_of(preparation)
        mark.parent.mkdir(exist_ok=True)
        mark.touch()

    def for_trying_out(self) -> bool:
        """Made-up accounts and cases come into the embedded database only, and never where real work was begun."""
        if self.postgres is None or self._options.empty:
            return False
        return self.postgres.created or self.has_begun("sample") or not self.has_begun("empty")

    def has_begun(self, when: str) -> bool:
        """Whether this data folder was prepared for trying out (`sample`) or for real work (`empty`)."""
        return any(given.when == when and self._mark_of(given).exists() for given in self._options.preparations)

    def log_of(self, name: str) -> Path:
        """The file a part or a command writes to."""
        return self.data / "logs" / f"{name.replace(' ', '-')}.log"

    def rotate_logs(self) -> None:
        """Give every part a fresh log."""
        for log in (self.data / "logs").glob("*.log"):
            rotate(log)

    def _is_settled(self, preparation: Preparation) -> bool:
        new_database = self.postgres is not None and self.postgres.created
        return preparation.once and self._mark_of(preparation).exists() and not new_database

    def _mark_of(self, preparation: Preparation) -> Path:
        return self.data / "steps" / preparation.name.replace(" ", "-")

    def _embedded_postgres(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(
            self.data / "postgres",
            port=self.ports.postgres,
            admin_password=self._secrets["postgres_admin_password"],
            password=self._secrets["postgres_password"],
        )

    def _embedded_temporal(self) -> EmbeddedTemporal:
        return EmbeddedTemporal(self.data / "temporal", port=self.ports.temporal, ui_port=self.ports.temporal_ui)


def _free_ports(wanted: PortNumbers, api_host: str) -> PortNumbers:
    taken: set[int] = set()
    return PortNumbers(
        api=free_port(wanted.api, taken, api_host),
        temporal_ui=free_port(wanted.temporal_ui, taken),
        temporal=free_port(wanted.temporal, taken),
        postgres=free_port(wanted.postgres, taken),
        worker_health=free_port(wanted.worker_health, taken),
    )
