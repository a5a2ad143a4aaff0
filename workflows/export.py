"""导出: the process of one exported list. The file is an effect of the request; the process sees that it is made."""

from __future__ import annotations

from temporalio import workflow

from workflows.engine.process import CaseProcess
from workflows.messages import CaseInput


@workflow.defn(name="export")
class ExportWorkflow(CaseProcess):
    """From the request until the file was made, could not be made, or is no longer wanted."""

    title = "列表导出流程"

    @workflow.init
    def __init__(self, given: CaseInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, _given: CaseInput) -> None:
        """Rest until the record says how it ended."""
        while not self.at_rest:
            await self.next_step("制作导出文件" if self.stage == "requested" else "等待申请")
        self.finish()
