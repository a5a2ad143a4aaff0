"""The codes and values a clue is told in, shared by its chapters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints
from stdnum.cn import uscc

from domain.record.vault import Sealed
from domain.value import Value
from domain.words import Words

CATEGORY_NAMES: dict[str, str] = {
    "consultation": "咨询",
    "help": "求助",
    "suggestion": "建议",
    "complaint": "投诉",
    "report": "举报",
}
Category = Annotated[Literal["consultation", "help", "suggestion", "complaint", "report"], Words(CATEGORY_NAMES)]
CHANNEL_NAMES: dict[str, str] = {
    "hotline_12345": "12345热线",
    "online_platform": "网络平台",
    "association": "行业协会",
    "media": "媒体",
    "department": "部门移送",
    "patrol": "网格巡查",
    "risk_warning": "风险预警",
}
Channel = Annotated[
    Literal["hotline_12345", "online_platform", "association", "media", "department", "patrol", "risk_warning"],
    Words(CHANNEL_NAMES),
]
Account = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{1,63}$")]
Department = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}\.[a-z0-9_]{2,24}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Case = Annotated[str, StringConstraints(pattern=r"^clue-[0-9a-f]{32}$")]


def _valid_uscc(code: str) -> str:
    if not uscc.is_valid(code):
        raise ValueError("统一社会信用代码的校验码不符,请核对")
    return code


Uscc = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$"), AfterValidator(_valid_uscc)]
"""Unified social credit code with its check character (GB 32100-2015)."""


class Evidence(Value):
    """A file in the evidence store by its SHA-256; its name may name a person, so it is sealed."""

    digest: Digest
    name: Sealed


class Entity(Value):
    """The regulated entity a clue is about (监管对象). A sole trader's name is a person's, so names are sealed."""

    name: Sealed
    uscc: str | None


Conclusion = Annotated[
    Literal["substantiated", "partly_substantiated", "unsubstantiated"],
    Words({"substantiated": "属实", "partly_substantiated": "部分属实", "unsubstantiated": "不属实"}),
]
Measure = Annotated[
    Literal["no_violation", "educate", "interview", "order_to_correct", "file_case"],
    Words(
        {
            "no_violation": "未发现违法",
            "educate": "批评教育",
            "interview": "约谈",
            "order_to_correct": "责令改正",
            "file_case": "立案",
        }
    ),
]
DeclineGround = Annotated[
    Literal[
        "outside_powers",
        "already_handled",
        "not_a_consumer",
        "time_barred",
        "no_real_identity",
        "false_material",
        "refuses_verification",
        "other_lawful",
    ],
    Words(
        {
            "outside_powers": "超出行政职权",
            "already_handled": "已经处理",
            "not_a_consumer": "不是消费者",
            "time_barred": "超过期限",
            "no_real_identity": "未提供真实身份",
            "false_material": "材料虚假",
            "refuses_verification": "拒绝配合核实",
            "other_lawful": "其他法定情形",
        }
    ),
]
"""After CMP-06 (S2): the text of the rule in force was not read, so the list is a default shown as unconfirmed."""
