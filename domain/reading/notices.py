"""What people are told, in Chinese: title and sentence of every notice, built from its code and params. Pure.

Params are codes and references, so no personal text can enter; a param this build does not know is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal

from domain.clue.handover.events import ReturnGround
from domain.time.clock_titles import CLOCKS
from domain.value import Value
from domain.words import words_in

NOTIFY: Final = "notify"
"""The kind of effect that tells people, of every noun."""

Group = Literal["steps", "clocks", "oversight"]
"""What people choose by: steps of cases, deadlines, oversight by others."""

GROUP_TITLES: Final[Mapping[Group, str]] = {"steps": "办理环节", "clocks": "期限提醒", "oversight": "督办催办"}


class Wording(Value):
    """How notices of one subject read. In braces: what `_PARTS` makes of the params."""

    group: Group
    title: str
    sentence: str


class Words(Value):
    """A notice as people read it."""

    title: str
    sentence: str


def _wording(group: Group, title: str, sentence: str) -> Wording:
    return Wording(group=group, title=title, sentence=sentence)


WORDINGS: Final[Mapping[str, Wording]] = {
    "clue_dispatched": _wording("steps", "新分办案件", "有案件分办到本部门,请及时签收"),
    "dispatch_withdrawn": _wording("steps", "分办已撤回", "分办机构已撤回分办,本部门无需继续办理"),
    "clue_returned": _wording("steps", "案件被退回", "{department}将案件退回{ground},请重新分办"),
    "clue_assigned": _wording("steps", "案件已分派给您", "案件已分派给您承办,请及时接办"),
    "clue_reassigned": _wording("steps", "案件已改派", "案件已改派他人承办,您无需继续办理"),
    "clue_corrected": _wording("steps", "登记信息已更正", "案件的登记信息已更正,请查看最新内容"),
    "clue_supplemented": _wording("steps", "来件人补充情况", "来件人补充了情况,请查看"),
    "clue_suspended": _wording("steps", "案件已中止", "案件已中止办理"),
    "clue_resumed": _wording("steps", "案件已恢复", "案件已恢复办理,请继续办理"),
    "completion_undone": _wording("steps", "办结已撤销", "案件的办结已撤销,请继续办理"),
    "disposition_proposed": _wording("steps", "处置意见待审批", "承办人已提出处置意见,请审批"),
    "disposition_approved": _wording("steps", "处置意见已批准", "处置意见已获批准,请继续办理"),
    "disposition_rejected": _wording("steps", "处置意见被驳回", "处置意见被驳回,请修改后重新提出"),
    "clue_reopened": _wording("steps", "案件重新办理", "案件重新办理,请及时处理"),
    "clock_warned": _wording("clocks", "期限预警", "{clock}临近届满,请抓紧办理"),
    "clock_expired": _wording("clocks", "期限届满", "{clock}已届满,尚未办理"),
    "clock_escalated": _wording("clocks", "逾期逐级催办", "{clock}已逾期{rung},请督促办理"),
    "extension_requested": _wording("clocks", "延期申请待审批", "承办部门申请延长{clock},请审批"),
    "extension_approved": _wording("clocks", "准予延期", "延长{clock}的申请已获批准,请按新的期限办理"),
    "extension_rejected": _wording("clocks", "不予延期", "延长{clock}的申请未获批准,请按原期限办理"),
    "time_excluded": _wording("clocks", "不计入期限", "案件有一段时间{ground}不计入期限,请查看新的届满时间"),
    "clue_urged": _wording("oversight", "催办", "案件被催办{ground},请尽快办理"),
    "oversight_ordered": _wording("oversight", "收到督办单", "案件被督办,请在督办单规定的期限内答复"),
    "oversight_answered": _wording("oversight", "督办已答复", "被督办部门已答复督办单,请审核"),
    "oversight_answer_rejected": _wording("oversight", "督办答复被退回", "督办答复未通过审核,请补充办理后重新答复"),
    "oversight_answer_accepted": _wording("oversight", "督办销号", "督办答复已通过审核,督办单销号"),
    "oversight_withdrawn": _wording("oversight", "督办已撤销", "督办单已撤销,无需答复"),
    "oversight_listed": _wording("oversight", "挂牌督办", "案件已列为挂牌督办,请优先办理"),
}
"""By the subjects of the `notify` effects (`domain.clue.telling`)."""

TROUBLES: Final[Mapping[str, str]] = {
    "target_forbidden": "该地址不在允许访问的网络范围内,请联系系统管理员",
    "https_required": "该地址须使用 https",
    "name_not_resolved": "无法解析该地址的域名",
    "bad_address": "该地址格式有误",
    "no_answer": "接收方没有在规定时间内应答",
    "unreachable": "无法连接接收方",
    "redirected": "接收方要求转到其他地址,系统不予跟随",
    "refused": "接收方拒绝接收",
    "receiver_failed": "接收方处理失败",
    "address_refused": "邮件服务器不接受该收件地址",
    "mail_server_away": "邮件服务器暂时无法使用",
    "unforeseen": "发送失败,请联系系统管理员",
}
"""Why a notice could not be sent, by the codes of failed deliveries."""

_UNKNOWN: Final = _wording("steps", "案件动态", "案件有新的情况,请查看")
"""For a subject of a newer release beside this one."""


def words_of(subject: str, params: Mapping[str, str], departments: Mapping[str, str]) -> Words:
    """A notice as people read it. `departments`: names by code; a code without a name is shown itself."""
    wording = WORDINGS.get(subject, _UNKNOWN)
    parts = {name: part(params, departments) for name, part in _PARTS.items()}
    return Words(title=wording.title, sentence=wording.sentence.format(**parts))


def group_of(subject: str) -> Group:
    """By which choice people are told of a subject."""
    return WORDINGS.get(subject, _UNKNOWN).group


def subjects_of(groups: Collection[Group]) -> tuple[str, ...]:
    """The subjects of some groups."""
    return tuple(subject for subject, wording in WORDINGS.items() if wording.group in groups)


def _clock(params: Mapping[str, str], _departments: Mapping[str, str]) -> str:
    kind = params.get("kind") or params.get("clock", "").rpartition("-")[0]
    return f"{CLOCKS.get(kind, '办理')}期限"


def _department(params: Mapping[str, str], departments: Mapping[str, str]) -> str:
    code = params.get("department")
    return departments.get(code, code) if code else "承办部门"


def _ground(params: Mapping[str, str], _departments: Mapping[str, str]) -> str:
    title = words_in(ReturnGround).get(params.get("ground", ""))
    return f"({title})" if title else ""


def _rung(params: Mapping[str, str], _departments: Mapping[str, str]) -> str:
    rung = params.get("rung", "")
    return f",第 {rung} 级催办" if rung.isdecimal() else ""


_PARTS: Final[Mapping[str, Callable[[Mapping[str, str], Mapping[str, str]], str]]] = {
    "clock": _clock,
    "department": _department,
    "ground": _ground,
    "rung": _rung,
}
