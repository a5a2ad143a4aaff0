"""Which way each clue goes: a seeded plan of steps, each with the account that takes it.

The mix is counted out, not thrown: of n clues, a fifth is returned once, about a seventh turns out to be no clue
(answered, sent back or unsubstantiated), a twelfth is reopened after its end, whatever n and the seed are. On the way
some are corrected, withdrawn, suspended, added to, or completed by mistake.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Way = Literal["straight", "returned", "unsubstantiated", "answered", "sent_back", "rejected"]
NO_CLUE: tuple[Way, ...] = ("unsubstantiated", "answered", "sent_back")


@dataclass(frozen=True)
class Registered:
    """A clue in the record, and the words to use about it."""

    stream: str
    region: str
    reply: str


@dataclass(frozen=True)
class Step:
    """One command and who gives it."""

    account: str
    slug: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """The whole life of one clue."""

    stream: str
    way: Way
    reopened: bool
    departments: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Offices:
    """Departments by region, as codes like `370102.market`; accounts follow from them."""

    departments: Mapping[str, tuple[str, ...]]

    @classmethod
    def of_accounts(cls, accounts: Sequence[str]) -> "Offices":
        """The departments that have an assigner, a handler and a head among these accounts."""
        known = set(accounts)
        found: dict[str, list[str]] = {}
        for account in accounts:
            role, _, place = account.partition(".")
            department, _, region = place.rpartition(".")
            if role == "assigner" and {f"handler.{place}", f"head.{place}"} <= known:
                found.setdefault(region, []).append(f"{region}.{department}")
        complete = {region: tuple(codes) for region, codes in found.items() if f"dispatcher.{region}" in known}
        return cls(dict(sorted(complete.items())))

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(self.departments)

    def busiest(self, count: int) -> tuple[str, ...]:
        """The regions with the most departments."""
        return tuple(sorted(self.departments, key=lambda region: (-len(self.departments[region]), region))[:count])


def plans(clues: Sequence[Registered], offices: Offices, *, seed: int) -> list[Plan]:
    """A plan for every clue."""
    dice = random.Random(seed)
    ways = _shares(len(clues), dice)
    return [
        _plan(clue, way, reopened, offices, index, dice)
        for index, (clue, (way, reopened)) in enumerate(zip(clues, ways, strict=True))
    ]


def straight(clue: Registered, offices: Offices) -> Plan:
    """The plain way of one clue, always the same."""
    return _plan(clue, "straight", False, offices, 0, random.Random(0))


def _shares(count: int, dice: random.Random) -> list[tuple[Way, bool]]:
    """Each way as often as its share says, rounded up, in random order; the rest go straight."""
    shares: dict[Way, int] = {
        "returned": -(-count // 5),
        "rejected": count // 20,
        **dict.fromkeys(NO_CLUE, -(-count // 20)),
        "straight": count,
    }
    ways = [way for way, times in shares.items() for _ in range(times)][:count]
    dice.shuffle(ways)
    again = set(dice.sample(range(count), -(-count // 12)))
    return [(way, index in again) for index, way in enumerate(ways)]


def _plan(clue: Registered, way: Way, reopened: bool, offices: Offices, index: int, dice: random.Random) -> Plan:
    codes = offices.departments[clue.region]
    lead = codes[index % len(codes)]
    first = codes[(index + 1) % len(codes)]
    dispatcher = f"dispatcher.{clue.region}"
    steps: list[Step] = []
    match way:
        case "answered":
            steps.append(Step(dispatcher, "answer", {"reply": clue.reply}))
        case "sent_back":
            steps.append(
                Step(dispatcher, "send_back", {"ground": "outside_powers", "reason": "反映事项属于司法裁判范围。"})
            )
        case _:
            if way == "returned":
                steps += _returned(first, dispatcher, dice)
            steps += _set_right(clue.region, first, dispatcher, dice)
            steps += [_dispatch(dispatcher, lead), *_handled(lead, clue.reply, way, dice)]
    led = way not in ("answered", "sent_back")
    steps.append(Step(f"assigner.{_place(lead)}" if led else dispatcher, "archive", {}))
    if reopened:
        steps.append(
            Step(dispatcher, "reopen", {"ground": "dissatisfied", "reason": "来信人对答复不满意,要求重新核查。"})
        )
        steps += [] if led else [_dispatch(dispatcher, lead)]
        steps += [*_handled(lead, clue.reply, "straight", dice), Step(f"assigner.{_place(lead)}", "archive", {})]
    departments = (lead, *((first,) if way == "returned" else ()))
    return Plan(clue.stream, way, reopened, departments, tuple(steps))


def _place(department: str) -> str:
    """The end of the accounts of a department: `370102.market` is `market.370102`."""
    region, _, name = department.partition(".")
    return f"{name}.{region}"


def _dispatch(dispatcher: str, department: str) -> Step:
    return Step(dispatcher, "dispatch", {"department": department, "opinion": "请牵头核查并按期反馈。"})


def _returned(department: str, dispatcher: str, dice: random.Random) -> list[Step]:
    """Dispatched to a department that gives it back, before or after it has signed."""
    assigner = f"assigner.{_place(department)}"
    signed = [Step(assigner, "sign_for", {})] if dice.random() < 0.5 else []
    ground = dice.choice(("not_our_remit", "incomplete", "wrong_region"))
    back = Step(assigner, "return", {"ground": ground, "reason": "经研判,该事项不属于本部门法定职责。"})
    return [_dispatch(dispatcher, department), *signed, back]


def _set_right(region: str, department: str, dispatcher: str, dice: random.Random) -> list[Step]:
    """Mistakes seen before anybody signed for it."""
    correct = Step(f"intake.{region}", "correct", {"title": "更正后的标题", "reason": "来信人更正。"})
    withdraw = Step(dispatcher, "withdraw_dispatch", {"reason": "误分。"})
    corrected = [correct] if dice.random() < 0.2 else []
    return [*corrected, *([_dispatch(dispatcher, department), withdraw] if dice.random() < 0.2 else [])]


def _added(region: str, handler: str, head: str, dice: random.Random) -> list[Step]:
    """What happens beside the stages while it is verified."""
    choices = [
        [Step(handler, "note", {"text": "约定周五前复查。"})],
        [
            Step(
                f"intake.{region}",
                "supplement",
                {"text": "来信人补充照片。", "received_at": "2026-01-05T09:00:00+08:00"},
            )
        ],
        [
            Step(head, "suspend", {"ground": "appraisal", "document": "检测委托书", "reason": "等待检测。"}),
            Step(handler, "resume", {"reason": "检测报告已出具。"}),
        ],
    ]
    return [step for steps in choices if dice.random() < 0.2 for step in steps]


def _handled(department: str, reply: str, way: Way, dice: random.Random) -> list[Step]:
    """From signing for it to 办结, by one department."""
    place = _place(department)
    assigner, handler, head = f"assigner.{place}", f"handler.{place}", f"head.{place}"
    found = way != "unsubstantiated"
    conclusion = dice.choice(("substantiated", "partly_substantiated")) if found else "unsubstantiated"
    measure = dice.choice(("order_to_correct", "interview", "educate", "file_case")) if found else "no_violation"
    propose = Step(handler, "propose_disposition", {"measure": measure, "reason": "依据核查情况提出处置意见。"})
    complete = Step(handler, "complete", {})
    rejected = [propose, Step(head, "reject_disposition", {"reason": "证据不足,请补充。"})] if way == "rejected" else []
    findings = [
        Step(handler, "record_findings", {"findings": f"第{number}次现场核查记录。", "evidence": []})
        for number in range(1, dice.randint(1, 2) + 1)
    ]
    return [
        Step(assigner, "sign_for", {}),
        Step(assigner, "assign", {"handler": handler}),
        Step(handler, "take_up", {}),
        Step(handler, "open_verification", {"plan": "到现场核查。"}),
        *_added(department.partition(".")[0], handler, head, dice),
        *findings,
        Step(handler, "conclude", {"conclusion": conclusion, "summary": "核查结束。"}),
        *rejected,
        propose,
        Step(head, "approve_disposition", {}),
        Step(handler, "feed_back", {"reply": reply, "handling": "内部办理情况。"}),
        *([complete, Step(assigner, "undo_completion", {"reason": "误点办结。"})] if dice.random() < 0.15 else []),
        complete,
    ]
