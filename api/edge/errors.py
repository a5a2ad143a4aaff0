"""What goes wrong, as an answer: the one table from stable codes to HTTP status, and RFC 9457 problems.

A problem never repeats what was submitted: texts come from this table or from the rule that refused, params only from
the allow-list, places only when they are names of the schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api.edge.tracing import trace_id
from domain.errors import Malformed, Refused, XiezhiError
from domain.nouns import DECIDERS
from domain.record.chapter import Kind
from domain.record.decider import Decider

_log = structlog.get_logger("api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"


@dataclass(frozen=True)
class Answer:
    """How a code is answered. `detail` stands unless a rule gave its own; it says what to do next."""

    status: int
    title: str
    detail: str = ""


_OF_THE_EDGE: Final[Mapping[str, Answer]] = {
    # who is asking
    "unauthenticated": Answer(401, "未登录", "请先取得访问令牌并在 Authorization 中以 Bearer 方式提供"),
    "bad_credentials": Answer(401, "账号或密码不正确", "请核对账号和密码后重试"),
    # the rule says: not you
    "not_overseer": Answer(403, "角色不符", "来件人查询记录只供审计员和审计管理员查看"),
    "process_only": Answer(403, "该操作只由流程自身进行", "时间届满由系统自动记录,人员不能代为操作"),
    "text_not_readable": Answer(403, "无权阅读文本", "您的角色只能查看承诺值,不能阅读该案件的文本和证据"),
    "no_substitution": Answer(403, "没有代理", "您今日没有代理该账号;可代理的账号见 GET /api/v1/me"),
    "demo_refused": Answer(403, "演示账号不可用", "演示账号只能在试用环境中使用,请使用本人账号登录"),
    "password_change_required": Answer(
        403, "须修改密码", "这是一次性密码,请在登录请求中同时给出 new_password,改为本人的密码"
    ),
    "wrong_secret": Answer(403, "一次性口令不正确", "请使用最近一次 `xiezhi administrators` 显示的口令"),
    "wrong_code": Answer(403, "确认码不正确", "请核对发往该地址的最近一个确认码"),
    # there is no such thing, or none for you
    "unknown_account": Answer(404, "没有这个账号", "没有这个账号,或者它不在您的可见范围内"),
    "unknown_case": Answer(404, "没有这个案件", "没有这个案件,或者它不在您的可见范围内"),
    "unknown_clock_id": Answer(404, "没有这个期限", "没有这个期限,或者它的案件不在您的可见范围内"),
    "unknown_command": Answer(404, "没有这个操作", "可用的操作见 GET /api/v1/clues/{id} 的 commands"),
    "unknown_message": Answer(404, "没有这条消息", "没有这条消息,或者它不是发给您的"),
    "unknown_setting": Answer(404, "没有这项通知设置", "您没有设置这种接收方式,可用的见 GET /api/v1/notice-settings"),
    "unknown_filter": Answer(404, "没有这个筛选", "您没有保存这个筛选,可用的见 GET /api/v1/filters"),
    "unknown_file": Answer(404, "没有这份证据", "该案件没有引用这份证据文件"),
    "file_sealed": Answer(410, "文件已封存", "该文件因误传、涉密等原因已封存,只保留哈希值;确需查阅请联系安全管理员"),
    "not_yet_known": Answer(404, "该时刻尚无记录", "所查时刻该案件尚未登记,请查询较晚的时刻"),
    "unknown_export": Answer(404, "没有这个导出", "没有这个导出,或者它不是您申请的"),
    "export_expired": Answer(410, "导出文件已过期", "导出文件已过期并删除,请重新申请导出"),
    "export_withdrawn": Answer(410, "导出文件已收回", "申请之后有个人信息文本依法删除,文件已收回,请重新申请导出"),
    "too_many_exports": Answer(409, "导出过多", "您有多个导出正在制作,请等待完成或取消后再申请"),
    "unknown_report": Answer(404, "没有这份月报", "没有这份月报,或者它不在您的可见范围内"),
    "month_not_begun": Answer(409, "该月尚未开始", "该月尚未开始,没有可统计的数据"),
    "reports_not_comparable": Answer(409, "不能比较", "只能比较同一行政区划、同一月份的两份月报"),
    "document_too_large": Answer(422, "案件内容过多", "案件内容过多,不能导出为文档,请改用 as=json"),
    "not_found": Answer(404, "没有这个地址", "请对照接口文档 /docs 核对地址"),
    "method_not_allowed": Answer(405, "该地址不支持这种方法", "请对照接口文档 /docs 核对请求方法"),
    # the rule says: not now, or not so
    "out_of_order": Answer(409, "时间次序有误"),
    "channel_unavailable": Answer(409, "接收方式不可用", "本系统没有配置邮件服务器,请联系系统管理员"),
    "code_over": Answer(409, "确认码已失效", "确认码超过 24 小时或填错次数过多,请重新设置地址,系统会发送新的确认码"),
    "too_many_filters": Answer(409, "筛选过多", "最多保存 50 个筛选,请先删除不再使用的"),
    "account_exists": Answer(409, "账号名已被使用", "已有同名账号,请换用其他账号名"),
    "administrators_exist": Answer(409, "已有管理员", "已有管理员,请由系统管理员开户、安全管理员授权"),
    "conflict": Answer(409, "正在被他人办理", "其他人正在同时办理该案件,请稍后重试"),
    # the request itself
    "bad_request": Answer(400, "不是有效的 HTTP 请求", "请检查发出的请求;地址中的汉字须按 UTF-8 作百分号编码"),
    "body_too_slow": Answer(408, "内容发送过慢", "请在网络通畅时用同一个 Idempotency-Key 重新发送"),
    "too_many_requests": Answer(429, "请求过于频繁", "请在 Retry-After 所示秒数之后重试"),
    "too_many_logins": Answer(429, "登录尝试过多", "该账号名或该地址登录失败过多,请在 Retry-After 所示秒数之后重试"),
    "too_many_codes": Answer(429, "确认码发送过多", "一小时内最多发送 5 个确认码,请稍后再设置新地址"),
    "headers_too_large": Answer(431, "地址或请求头过长", "请缩短地址和请求头后重试"),
    "idempotency_key_missing": Answer(400, "缺少 Idempotency-Key", "每个写操作须带 Idempotency-Key,重试时使用同一个键"),
    "precondition_failed": Answer(412, "案件状态已变化", "请重新读取案件后再操作"),
    "body_too_large": Answer(413, "内容过大", "请减小请求内容后重试"),
    "password_weak": Answer(422, "密码不符合要求", "密码须为 12 至 200 个字符,且不包含账号名"),
    "malformed": Answer(422, "请求内容不符合要求", "请对照该操作的 JSON Schema 修改 problems 中所列各处"),
    "unsearchable": Answer(422, "无法查找", "请输入要查找的文字,最多 8 个词、100 字"),
    "use_lookup": Answer(422, "请使用来件人查询", "按电话或身份证号查找须说明用途,请使用来件人查询"),
    "cannot_combine": Answer(
        422,
        "条件不能同时使用",
        "期限条件(clock、clock_kind、overdue、sort=due)不能与 q、at、happened 或 sort=newest 同时使用;"
        "overdue=false 不能与其他期限条件同时使用;q、at、happened 只能给出一个",
    ),
    "key_reused": Answer(422, "键已被使用", "该 Idempotency-Key 已用于另一请求,请换用新的键"),
    # ours
    "calendar_missing": Answer(500, "日历缺失", "启用的日历没有保存内容,请联系系统管理员重新装载"),
    "rule_missing": Answer(500, "规则缺失", "当前规则包没有适用的规则,请联系系统管理员"),
    "unknown_event": Answer(500, "记录版本较新", "记录由更新的程序写入,请联系系统管理员升级"),
    "broken_chain": Answer(500, "记录校验失败", "该案件的记录校验不通过,请立即联系审计管理员"),
    "internal": Answer(500, "系统内部错误", "请稍后重试;如仍出现,请把 instance 告知系统管理员"),
    "store_fault": Answer(500, "记录写入失败", "本次操作没有记录,请把 instance 告知系统管理员"),
    "busy": Answer(503, "连接过多", "请稍后重试"),
    "store_unavailable": Answer(503, "数据库暂不可用", "本次操作没有记录,请稍后用同一个 Idempotency-Key 重试"),
}

_STATUSES: Final[Mapping[Kind, int]] = {"not_you": 403, "no_such": 404, "not_now": 409}


def _rules_of(nouns: Iterable[Decider[Any]]) -> dict[str, Answer]:
    """What the rules of nouns say; their own words are the detail."""
    return {
        refusal.code: Answer(_STATUSES[refusal.kind], refusal.title)
        for noun in nouns
        for step in noun.steps.values()
        for refusal in step.refusals
    }


ANSWERS: Final[dict[str, Answer]] = {**_rules_of(DECIDERS.values()), **_OF_THE_EDGE}


def answer_rules_of(noun: Decider[Any]) -> None:
    """Have the refusals of one more noun answered; a code that is known keeps its answer."""
    for code, answer in _rules_of((noun,)).items():
        ANSWERS.setdefault(code, answer)


SHOWN_PARAMS: Final = frozenset({"command", "stage", "not_before", "most"})
"""Params that come from the case or the rule. Others repeat what was submitted and stay in the record of commands."""

_PROBLEM_TEXTS: Final[Mapping[str, str]] = {
    "missing": "缺少该项",
    "extra_forbidden": "没有这一项,请删除",
    "json_invalid": "不是有效的 JSON",
    "not_an_object": "须为 JSON 对象",
    "encoding_invalid": "不是有效的 UTF-8 文本",
    "string_type": "须为文本",
    "string_too_short": "过短",
    "string_too_long": "过长",
    "string_pattern_mismatch": "格式不符",
    "literal_error": "不在可选值之内",
    "timezone_aware": "时间须带时区",
    "not_a_point": "须为版本(如 v12)或带时区的时间",
    "too_short": "项数过少",
    "too_long": "项数过多",
}
_UNKNOWN_PROBLEM = "格式不符"
_SCHEMA_PLACE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}|\d{1,4}")
_QUOTED = re.compile(r"'([a-z0-9_]+)'")
"""The values of an enumeration, as the validator lists them."""
_STATUS_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


class Place(BaseModel):
    """One place of a request that does not fit, and why; never the value."""

    at: str
    problem: str
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    params: dict[str, str] = {}
    problems: list[Place] = []
    instance: str


class ApiError(Exception):
    """A request the API itself cannot serve, by its code in `ANSWERS`."""

    def __init__(self, code: str, headers: Mapping[str, str] | None = None, *, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})


def problem(
    code: str,
    *,
    detail: str = "",
    params: Mapping[str, str] | None = None,
    places: Sequence[Place] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer for a code; a code missing from the table is answered as internal."""
    code = code if code in ANSWERS else "internal"
    answer = ANSWERS[code]
    body = Problem(
        type=f"/problems/{code}",
        title=answer.title,
        status=answer.status,
        detail=detail or answer.detail,
        code=code,
        params={name: value for name, value in (params or {}).items() if name in SHOWN_PARAMS},
        problems=list(places),
        instance=f"urn:trace:{trace_id() or uuid4().hex}",
    )
    headers = {**(headers or {}), **({"Retry-After": RETRY_AFTER} if answer.status == 503 else {})}
    return JSONResponse(
        body.model_dump(exclude_defaults=True), status_code=answer.status, headers=headers, media_type=MEDIA_TYPE
    )


def refusal_problem(refused: Refused, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A rule's no, in the rule's own words."""
    return problem(refused.code, detail=refused.detail, params=refused.params, headers=headers)


_ASKED_BY_SOMEBODY: Final = ("malformed", "unauthenticated", "too_many_requests", "store_unavailable")
_EDGE: Final = ("bad_request", "body_too_slow", "malformed", "headers_too_large", "internal", "busy")
"""What the connection and the middlewares answer, whatever the route: the pace of a head is that of a body."""
_EDGE_OF_PLACES: Final = ("not_found", "method_not_allowed")
"""A value put into an address may be empty or hold a slash, and so name another address."""
_EDGE_OF_BODIES: Final = ("body_too_large",)


def described(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` a route declares for these codes; those of the edge come to every route (`describe_edge`)."""
    responses: dict[int | str, dict[str, Any]] = {}
    _describe(responses, (*codes, *_ASKED_BY_SOMEBODY))
    return responses


def describe_edge(path: str, operation: dict[str, Any]) -> None:
    """Add to an operation of the OpenAPI document what is answered before its route is reached, or instead of it."""
    places = _EDGE_OF_PLACES if "{" in path else ()
    bodies = _EDGE_OF_BODIES if "requestBody" in operation else ()
    _describe(operation["responses"], (*_EDGE, *places, *bodies))


def _describe(responses: dict[int | str, dict[str, Any]], codes: Sequence[str]) -> None:
    for code in codes:
        answer = ANSWERS[code]
        known = responses.setdefault(str(answer.status), {"description": ""})
        known.setdefault("content", {})[MEDIA_TYPE] = {"schema": {"$ref": "#/components/schemas/Problem"}}
        already = filter(None, known["description"].split("; "))
        known["description"] = "; ".join(dict.fromkeys((*already, f"{code}: {answer.title}")))


async def on_api_error(_request: Request, error: Exception) -> JSONResponse:
    """Errors of the API itself."""
    assert isinstance(error, ApiError)  # noqa: S101 — registered for this type only
    return problem(error.code, detail=error.detail, headers=error.headers)


async def on_domain_error(_request: Request, error: Exception) -> JSONResponse:
    """Typed failures of the domain."""
    assert isinstance(error, XiezhiError)  # noqa: S101 — registered for this type only
    if ANSWERS.get(error.code, ANSWERS["internal"]).status >= 500:
        _log.warning("not served", code=error.code, trace=trace_id(), exc_info=error)
    if isinstance(error, Malformed):
        return problem(error.code, places=[_place(found) for found in error.problems])
    return problem(error.code)


async def on_bad_parameters(_request: Request, error: Exception) -> JSONResponse:
    """Query, path or header values that do not fit."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 — registered for this type only
    found = [
        {
            "at": ".".join(str(part) for part in entry["loc"][1:] or entry["loc"]),
            "problem": entry["type"],
            "expected": str(entry.get("ctx", {}).get("expected", "")),
        }
        for entry in error.errors()
    ]
    return problem("malformed", places=[_place(entry) for entry in found])


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    """Unknown addresses and methods, as the framework reports them."""
    assert isinstance(error, HTTPException)  # noqa: S101 — registered for this type only
    return problem(_STATUS_CODES.get(error.status_code, "internal"), headers=error.headers)


def _place(found: Mapping[str, Any]) -> Place:
    """A place as it may be shown: an unknown field's name is something submitted, so it is not repeated."""
    kind, at = str(found["problem"]), str(found["at"])
    parts = at.split(".")
    shown = kind != "extra_forbidden" and all(_SCHEMA_PLACE.fullmatch(part) for part in parts)
    allowed = "、".join(_QUOTED.findall(str(found.get("expected", ""))))
    detail = _PROBLEM_TEXTS.get(kind) or _own_words(str(found.get("detail", "")))
    return Place(at=at if shown else "(未知项)", problem=kind, detail=f"{detail}:{allowed}" if allowed else detail)


def _own_words(message: str) -> str:
    """What a domain validator said, which is always a fixed Chinese text; anything else is not passed on."""
    said = message.removeprefix("Value error, ")
    return said if said != message and not said.isascii() and "codec" not in said else _UNKNOWN_PROBLEM
