"""The time-skipping server with our search attributes, which it does not have by itself."""

import pytest_asyncio
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from tests.support.record import engine, record_template, record_url
from workflows.engine.attributes import KEYS


@pytest_asyncio.fixture
async def skipping_environment(time_skipping_environment: WorkflowEnvironment) -> WorkflowEnvironment:
    """A fresh server whose clock jumps to the next timer."""
    await time_skipping_environment.client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=time_skipping_environment.client.namespace,
            search_attributes={key.name: int(key.indexed_value_type) for key in KEYS},  # type: ignore[misc]
        )
    )
    return time_skipping_environment


__all__ = ["engine", "record_template", "record_url", "skipping_environment"]
