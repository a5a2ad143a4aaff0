"""The search attributes processes need, and the probe that refuses to start without them.

A missing one would make the upsert fail and the workflow task retry for ever: better not to start.
"""

from __future__ import annotations

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.errors import XiezhiError
from workflows.engine.attributes import KEYS

TYPE_NAMES = {"KEYWORD": "Keyword", "INT": "Int"}
SEARCH_ATTRIBUTES = {key.name: TYPE_NAMES[key.indexed_value_type.name] for key in KEYS}
"""Name to type, as the server's command line wants them."""


class SearchAttributesMissing(XiezhiError):
    """The namespace lacks what processes show; the text holds the commands that make it."""

    code = "search_attributes_missing"


async def require_search_attributes(client: Client) -> None:
    """Refuse a namespace without our search attributes. Raises `SearchAttributesMissing`."""
    try:
        answer = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        raise SearchAttributesMissing(
            f"The search attributes of the Temporal namespace {client.namespace} cannot be read: {error.message}"
        ) from None
    known = answer.custom_attributes
    wrong = [key.name for key in KEYS if known.get(key.name) != int(key.indexed_value_type)]
    if wrong:
        commands = (
            f"  temporal operator search-attribute create --namespace {client.namespace} "
            f"--name {name} --type {SEARCH_ATTRIBUTES[name]}"
            for name in wrong
        )
        raise SearchAttributesMissing(
            f"The Temporal namespace {client.namespace} lacks these search attributes, or has them with another type:\n"
            + "\n".join(commands)
        )
