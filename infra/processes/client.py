"""The one way to reach Temporal: our data converter, TLS or API key, tracing."""

from __future__ import annotations

from opentelemetry import trace
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import Runtime
from temporalio.service import RPCError, TLSConfig

from domain.errors import XiezhiError
from infra.processes.tracing import CaseTracing
from infra.runtime.settings import Settings

DATA_CONVERTER = pydantic_data_converter


class ProcessesAway(XiezhiError):
    """Temporal cannot be reached or does not take the call. What is recorded stays; the relay delivers later."""

    code = "processes_away"


def tracing() -> CaseTracing:
    """The interceptor of clients, which workers inherit and replays share."""
    return CaseTracing(trace.get_tracer("xiezhi.temporal"))


async def connect(settings: Settings, *, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """A client. `lazy` connects with the first call, for processes that must start while Temporal is away.

    Raises `ProcessesAway` naming the address.
    """
    api_key = settings.temporal_api_key
    try:
        return await Client.connect(
            settings.temporal_address,
            namespace=settings.temporal_namespace,
            api_key=api_key.get_secret_value() if api_key else None,
            tls=_tls(settings),
            data_converter=DATA_CONVERTER,
            interceptors=[tracing()],
            lazy=lazy,
            runtime=runtime,
        )
    except (RPCError, RuntimeError) as error:
        raise ProcessesAway(
            f"Temporal at {settings.temporal_address} (TEMPORAL_ADDRESS), namespace {settings.temporal_namespace}, "
            f"does not answer: {error}"
        ) from None


def _tls(settings: Settings) -> TLSConfig | bool:
    if not settings.temporal_uses_tls:
        return False
    files = (settings.temporal_tls_ca, settings.temporal_tls_cert, settings.temporal_tls_key)
    ca, certificate, key = (path.read_bytes() if path else None for path in files)
    return TLSConfig(server_root_ca_cert=ca, client_cert=certificate, client_private_key=key)
