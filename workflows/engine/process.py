"""The engine under every case process: it follows the record, keeps the one timer, performs effects.

A noun's process says what is awaited at each stage and calls `next_step`. Everything that makes a process reliable is
here and nowhere else: order, repeats, gaps, asking the record, the timer, effects, continue-as-new, the end. Control
flow depends only on what was recorded; no rule of the domain runs in a workflow.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.effects import EFFECTS, title_of
from activities.errors import code_of
from activities.messages import (
    Alarm,
    CatchUp,
    DeadLetter,
    EffectRef,
    Elapse,
    Elapsed,
    Perform,
    Standing,
)
from activities.record import RecordActivities
from workflows import options
from workflows.engine import wording
from workflows.engine.attributes import changes
from workflows.messages import Awaited, Carried, CaseInput, Recorded


class CaseProcess:
    """One stream. Subclasses are named after their noun (`workflow.defn`), and add `run` and `__init__` marked
    `workflow.init`."""

    title: ClassVar[str]
    """What the process is called in Temporal's UI."""

    def __init__(self, given: CaseInput) -> None:
        self._given = given
        self._known = given.carried or Carried()
        self._inbox: list[Recorded] = []
        self._astray = False
        self._awaiting = ""
        self._trouble: str | None = None
        self._timer: asyncio.Task[None] | None = None
        self._armed: tuple[Alarm, datetime] | None = None
        self._rung = False
        self._attempt = 0
        self._not_before: datetime | None = None
        self._parked = False
        self._performing: dict[UUID, tuple[EffectRef, asyncio.Task[None]]] = {}

    @workflow.signal(name="recorded", description="记录有了新内容")
    def recorded(self, told: Recorded) -> None:
        """Only queues: everything happens in order, in `run`."""
        self._inbox.append(told)

    @workflow.query(name="awaited", description="正在等待什么")
    def awaited(self) -> Awaited:
        """How far the process has come and what it waits for."""
        known = self._known
        return Awaited(
            stream=self._given.stream,
            stage=known.stage,
            department=known.department,
            version=known.version,
            head_hash=known.head_hash,
            alarm=known.alarm,
            effects=known.effects,
            awaiting=self._awaiting,
            trouble=self._trouble,
            closed=known.closed,
            revision=options.PROCESS_REVISION,
        )

    # What a noun's process uses --------------------------------------------------------------------------------------

    @property
    def stage(self) -> str:
        """The recorded stage; empty before anything is known."""
        return self._known.stage

    @property
    def department(self) -> str:
        """The department that answers for the case now."""
        return self._known.department

    @property
    def at_rest(self) -> bool:
        """The case is closed, everything due was done, nothing waits to be heard."""
        known = self._known
        return known.closed and not (known.effects or self._performing or self._inbox or self._astray)

    async def next_step(self, awaiting: str) -> None:
        """Rest until the record moves. Meanwhile the timer is kept, effects are performed, gaps are closed."""
        self._awaiting = awaiting
        here = self._known.version, self._known.head_hash
        while (self._known.version, self._known.head_hash) == here and not self.at_rest:
            if not self._lost:
                self._start_effects()
                self._keep_timer()
                self._show()
            await workflow.wait_condition(self._has_work)
            await self._work()

    def finish(self) -> None:
        """Show the end as it is recorded."""
        self._awaiting = "流程已结束"
        self._show()

    # One turn --------------------------------------------------------------------------------------------------------

    def _has_work(self) -> bool:
        return bool(self._inbox or self._lost or self._rung or self._ended() or self._may_renew())

    async def _work(self) -> None:
        self._join_effects()
        if self._inbox:
            self._hear()
        elif self._lost:
            await self._ask_record()
        elif self._rung:
            await self._record_elapsed()
        elif self._may_renew():
            self._renew()

    @property
    def _lost(self) -> bool:
        return self._astray or (self._known.version == 0 and not self._known.closed and not self._inbox)

    def _hear(self) -> None:
        """Take in what was told: in order, once; anything that does not fit means asking the record."""
        batch, self._inbox = sorted(self._inbox, key=lambda told: (told.first, told.last)), []
        for told in batch:
            if told.nudge:
                self._astray = True
            elif self._known.follows(told):
                self._move_to(self._known.take(told))
            elif not self._known.repeats(told):
                workflow.logger.info("versions %d-%d do not follow %d", told.first, told.last, self._known.version)
                self._astray = True

    def _move_to(self, known: Carried) -> None:
        """A new place in the record wipes away what stood in the way at the old one."""
        if (known.version, known.head_hash) != (self._known.version, self._known.head_hash):
            self._forget_refusals()
        self._known = known

    def _forget_refusals(self) -> None:
        self._trouble, self._parked, self._attempt, self._not_before = None, False, 0, None

    async def _ask_record(self) -> None:
        """The record leads: adopt where it stands, also when it went back."""
        self._astray = False
        asked = CatchUp(stream=self._given.stream, applied=self._known.version)
        answer = await self._record(RecordActivities.catch_up, asked, summary="按记录重新对齐")
        self._forget_refusals()
        self._adopt(answer.standing)

    def _adopt(self, standing: Standing | None) -> None:
        """Effects that ended while the answer was under way may still stand in it as undone."""
        self._move_to(self._known.adopt(standing, self._join_effects()))

    # The timer -------------------------------------------------------------------------------------------------------

    def _keep_timer(self) -> None:
        """One timer at the earliest recorded instant, left alone while that stays the same."""
        alarm = None if self._parked else self._known.alarm
        wanted = None if alarm is None else (alarm, max(alarm.at, self._not_before or alarm.at))
        if wanted == self._armed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._armed, self._rung = None, wanted, False
        if wanted is not None:
            self._timer = asyncio.create_task(self._ring(*wanted))

    async def _ring(self, alarm: Alarm, at: datetime) -> None:
        delay = at - workflow.now()
        if delay.total_seconds() > 0:
            await workflow.sleep(delay, summary=wording.alarm_line(alarm))
        self._rung = True

    async def _record_elapsed(self) -> None:
        """Have the record write down what time has brought. What happened comes back as where it stands."""
        assert self._armed is not None  # noqa: S101 — only an armed timer rings
        alarm = self._armed[0]
        self._timer, self._armed, self._rung = None, None, False
        before = self._known.version, self._known.head_hash, self._known.alarm
        asked = Elapse(stream=self._given.stream, alarm=alarm, attempt=self._attempt)
        answer = await self._record(RecordActivities.elapse, asked, summary=f"记录到期事项:{wording.alarm_name(alarm)}")
        self._adopt(answer.standing)
        if (self._known.version, self._known.head_hash, self._known.alarm) == before:
            self._nothing_came(answer)

    def _nothing_came(self, answer: Elapsed) -> None:
        """Too early: come later. Refused again at one version: call people and wait, instead of spinning."""
        self._attempt += 1
        if answer.not_before is not None:
            pause = workflow.now() + options.too_early_pause(self._attempt)
            self._not_before = max(answer.not_before, pause)
        self._parked = answer.not_before is None and self._attempt >= options.REFUSALS_BORNE
        if self._attempt >= options.REFUSALS_BORNE:
            self._call_people("到期事项未能记入案卷,原因代码 " + (answer.refused or "unchanged"), "refused")

    # Effects ---------------------------------------------------------------------------------------------------------

    def _start_effects(self) -> None:
        """Begin every effect not yet under way, in recorded order."""
        for effect in self._known.effects:
            if effect.id in self._performing:
                continue
            if effect.kind in EFFECTS:
                self._performing[effect.id] = effect, asyncio.create_task(self._perform(effect))
            else:
                self._call_people(f"此版本程序不能执行事项 {effect.kind}", "unknown_effect")

    async def _perform(self, effect: EffectRef) -> None:
        """Perform one effect; when its time is up, leave a dead letter in the record."""
        asked = Perform(stream=self._given.stream, effect=effect.id, traceparent=effect.traceparent)
        tried = options.of_effect(effect.kind)
        try:
            await workflow.execute_activity_method(
                EFFECTS[effect.kind].perform,
                asked,
                start_to_close_timeout=tried.start_to_close,
                schedule_to_close_timeout=tried.schedule_to_close,
                heartbeat_timeout=tried.heartbeat,
                retry_policy=tried.retry,
                summary=title_of(effect.kind),
            )
        except ActivityError as failure:
            letter = DeadLetter(stream=self._given.stream, effect=effect.id, code=code_of(failure))
            await self._record(RecordActivities.bury, letter, summary="登记未能完成的事项")
            self._call_people(f"{title_of(effect.kind)}未能完成,原因代码 {letter.code}", "dead_letter")

    def _ended(self) -> bool:
        return any(task.done() for _, task in self._performing.values())

    def _join_effects(self) -> tuple[EffectRef, ...]:
        ended = tuple(effect for effect, task in self._performing.values() if task.done())
        for effect in ended:
            self._performing.pop(effect.id)[1].result()  # a bug stops the task here, visibly
            self._known = self._known.without(effect)
        return ended

    # Telling ---------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Let Temporal's lists and its UI say where the case stands."""
        workflow.set_current_details(wording.details(self.awaited()))
        known = self._known
        if known.version == 0:
            return
        shown = workflow.info().typed_search_attributes
        if updates := changes(shown, known.stage, known.department, known.version):
            workflow.upsert_search_attributes(updates)

    def _call_people(self, trouble: str, cause: str) -> None:
        """Something only people can settle: in the log, as a metric, and where the process is looked at."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        workflow.logger.error("process needs people: %s", cause)
        workflow.metric_meter().create_counter("xiezhi_process_trouble").add(1, {"cause": cause})

    # The next run ----------------------------------------------------------------------------------------------------

    def _may_renew(self) -> bool:
        """History has grown long, and this is a quiet point: nothing heard, nothing under way."""
        if self._inbox or self._performing or self._lost or self._rung:
            return False
        info, limit = workflow.info(), self._given.history_limit
        return info.is_continue_as_new_suggested() or (limit is not None and info.get_current_history_length() >= limit)

    def _renew(self) -> None:
        workflow.continue_as_new(self._given.model_copy(update={"carried": self._known}))

    async def _record(self, method: Any, asked: Any, *, summary: str) -> Any:
        return await workflow.execute_activity_method(
            method,
            asked,
            start_to_close_timeout=options.RECORD.start_to_close,
            schedule_to_close_timeout=options.RECORD.schedule_to_close,
            retry_policy=options.RECORD.retry,
            summary=summary,
        )
