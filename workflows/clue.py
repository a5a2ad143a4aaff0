"""问题线索: the process of one clue. It reads like the procedure: each stage says what is awaited, and by whom.

What may happen, who may do it and how long it may take is decided in the record; what must be done once because of a
step are effects of the record. So a stage here orders nothing that the record has not ordered, and waits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from temporalio import workflow

from workflows.engine.process import CaseProcess
from workflows.messages import CaseInput


@workflow.defn(name="clue")
class ClueWorkflow(CaseProcess):
    """From registration to archive. Ends when the clue is archived and everything due was done."""

    title = "问题线索办理流程"

    @workflow.init
    def __init__(self, given: CaseInput) -> None:
        super().__init__(given)
        self._stages: dict[str, Callable[[], Awaitable[None]]] = {
            "registered": self._registered,
            "dispatched": self._dispatched,
            "signed_for": self._signed_for,
            "assigned": self._assigned,
            "declined": self._declined,
            "taken_up": self._taken_up,
            "verifying": self._verifying,
            "verified": self._verified,
            "disposition_proposed": self._disposition_proposed,
            "disposed": self._disposed,
            "fed_back": self._fed_back,
            "completed": self._completed,
            "archived": self._archived,
        }

    @workflow.run
    async def run(self, _given: CaseInput) -> None:
        """Follow the clue from stage to stage, as recorded."""
        while not self.at_rest:
            await self._stages.get(self.stage, self._elsewhere)()
        self.finish()

    async def _registered(self) -> None:
        """登记后、退回后、重新办理时:分办机构分办,或对不属于线索的予以答复、退回。"""
        await self.next_step(f"等待 {self.department} 分办,或者答复、退回不属于问题线索的来件")

    async def _dispatched(self) -> None:
        """分办后:牵头部门签收或退回;无人签收的,逐级督促,到最后一级由记录退回分办。"""
        await self.next_step(f"等待 {self.department} 签收或退回;逾期不签收的逐级督促,直至退回分办")

    async def _signed_for(self) -> None:
        """签收后:部门分派员分派承办人。"""
        await self.next_step(f"等待 {self.department} 分派承办人")

    async def _assigned(self) -> None:
        """分派后:承办人接办。"""
        await self.next_step(f"等待 {self.department} 的承办人接办")

    async def _declined(self) -> None:
        """不予受理后:向投诉人告知。"""
        await self.next_step(f"等待 {self.department} 的承办人告知投诉人不予受理")

    async def _taken_up(self) -> None:
        """接办后:启动核查。"""
        await self.next_step(f"等待 {self.department} 的承办人启动核查")

    async def _verifying(self) -> None:
        """核查中:记录核查情况,作出核查结论。"""
        await self.next_step(f"等待 {self.department} 的承办人记录核查情况并作出结论")

    async def _verified(self) -> None:
        """核查完毕:提出处置意见(被否决的重新提出)。"""
        await self.next_step(f"等待 {self.department} 的承办人提出处置意见")

    async def _disposition_proposed(self) -> None:
        """处置意见已提出:部门负责人批准或者否决。"""
        await self.next_step(f"等待 {self.department} 负责人审批处置意见")

    async def _disposed(self) -> None:
        """处置已批准:向来源渠道反馈答复。"""
        await self.next_step(f"等待 {self.department} 的承办人反馈处理结果")

    async def _fed_back(self) -> None:
        """已反馈:办结。答复由待办事项送达来源渠道,办结不以送达为条件。"""
        await self.next_step(f"等待 {self.department} 办结")

    async def _completed(self) -> None:
        """已办结:归档;有新证据的可以重新办理。"""
        await self.next_step(f"等待 {self.department} 归档")

    async def _archived(self) -> None:
        """已归档:办妥尚未完成的事项后,流程结束。"""
        await self.next_step("等待尚未完成的事项办妥,随后结束流程")

    async def _elsewhere(self) -> None:
        """Nothing is known yet, or a newer release recorded a stage this one does not know."""
        await self.next_step("等待登记" if not self.stage else "等待下一步办理")
