"""The process of a toy. Apart from its noun: Temporal's sandbox imports this module anew for every run."""

from __future__ import annotations

from temporalio import workflow

from workflows.engine.process import CaseProcess
from workflows.messages import CaseInput


@workflow.defn(name="toy")
class ToyProcess(CaseProcess):
    """From the making to the retirement."""

    title = "玩具流程"

    @workflow.init
    def __init__(self, given: CaseInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, _given: CaseInput) -> None:
        while not self.at_rest:
            await self.next_step("等待退役")
        self.finish()
