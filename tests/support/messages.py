"""Messages as citizens write them: made up here, shaped like the real board's rows, and their way into a clue.

A synthetic message has the fields and the lengths of `msg_teddy2020c/replied.jsonl.gz` (title about 18 characters, text
about 190, reply about 270), put together from phrases, places and shops that were all invented for this file.
"""

import gzip
import hashlib
import json
import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

from domain.value import SHANGHAI

REPOSITORY = Path(__file__).resolve().parents[2]


class Message(TypedDict):
    """One message of a petition board with the reply it got; times are China's, without a zone."""

    id: str
    user: str
    title: str
    time: str
    text: str
    reply: str
    reply_time: str
    days: float


_STREETS = ("松涛街", "望湖路", "桂子巷", "云台大道", "柳园路", "北辰街", "明渠路", "石榴巷", "临江大道", "翠屏路")
_ESTATES = ("金穗花园", "南山里小区", "碧波苑", "学府新村", "向阳家园", "悦湖城二期", "柏林春天", "工农新村")
_SHOPS = ("老灶头饭店", "顺意超市", "晨光健身房", "万家好装饰", "阿福烧烤", "慧聪培训学校", "绿源洗车行", "康泰药房")
_MATTERS = (
    ("油烟扰民", "每天傍晚起油烟直排楼上住户,居民不敢开窗,老人和孩子咳嗽多日。"),
    ("预付卡退费难", "办卡时承诺随时可退,现在门店关门,电话无人接听,充值余额无法退回。"),
    ("夜间施工噪声", "工地每晚十一点以后仍有渣土车进出和切割声,严重影响周边居民休息。"),
    ("食品过期", "购买的酸奶已经超过保质期三天,店员拒绝退换并且态度恶劣。"),
    ("拖欠工资", "完工至今已有四个月,包工头以各种理由推脱,二十多名工人的工资一直没有结清。"),
    ("电梯经常故障", "本单元电梯一个月内困人三次,物业说没有维修资金,一直没有彻底检修。"),
    ("违规收取补课费", "培训班在周末开设学科类课程,按学期收费,没有提供发票。"),
    ("占道经营", "摊贩占用盲道和人行道,行人只能走机动车道,早晚高峰十分危险。"),
    ("黑车揽客", "车站出口每天有多辆无营运证的车辆拉客,随意加价,存在安全隐患。"),
    ("污水直排河道", "沿河的小作坊夜间把污水排入河里,河水发黑发臭,夏天蚊虫很多。"),
    ("消防通道被堵", "消防通道长期停放车辆和堆放杂物,一旦发生火灾后果不堪设想。"),
    ("虚假宣传", "销售人员宣称产品可以治愈慢性病,老人花了上万元后发现只是普通食品。"),
)
_OPENINGS = (
    "尊敬的领导您好,",
    "我是附近的住户,",
    "领导好,想反映一个问题。",
    "作为一名普通市民,",
    "本人多次拨打热线无果,",
)
_DETAILS = (
    "我们已经和负责人交涉过两次,对方口头答应整改但一直没有行动。",
    "小区业主群里有几十户人家都有同样的遭遇。",
    "上个月曾有工作人员来看过,之后情况没有任何改善。",
    "相关的照片、收据和聊天记录我都保留着,可以随时提供。",
    "希望有关部门能够实地查看,而不是只打一个电话了事。",
    "家里有即将高考的学生,实在无法忍受。",
    "听说隔壁街道同样的问题已经处理好了,为什么我们这里迟迟没有结果。",
    "这件事已经持续了半年多,严重影响了正常生活。",
    "请问这种情况应该由哪个部门负责,多长时间可以答复。",
)
_CLOSINGS = ("恳请尽快调查处理,谢谢!", "望早日回复。", "期待政府部门给我们一个说法。", "请依法查处,感谢。")
_ASKS = ("反映", "投诉", "举报", "咨询", "建议整治", "请求解决")
_REPLIES = (
    "接到您的来信后,我们高度重视,立即安排工作人员到现场进行了核查。",
    "经查,您反映的情况部分属实。",
    "经查,您反映的情况属实,执法人员当场下达了责令改正通知书。",
    "经查,现场未发现您所反映的情况。",
    "工作人员约谈了经营者,要求其在七日内完成整改,并将于整改期满后复查。",
    "下一步,我们将会同街道办事处加强日常巡查,发现一起查处一起。",
    "如您持有相关凭证,可以携带原件到服务窗口办理,也可以通过司法途径维护自身权益。",
    "涉及其他部门职责的内容,我们已按程序转交办理。",
    "由于情况较为复杂,后续进展我们会及时与您联系。",
)


def synthetic(count: int, *, seed: int = 2020) -> Iterator[Message]:
    """`count` made-up messages; the same seed gives the same ones."""
    dice = random.Random(seed)
    start = datetime(2019, 1, 2, 8, 0, tzinfo=SHANGHAI)
    for number in range(count):
        street, estate, shop = dice.choice(_STREETS), dice.choice(_ESTATES), dice.choice(_SHOPS)
        matter, complaint = dice.choice(_MATTERS)
        written = start + timedelta(minutes=dice.randrange(525_000))
        days = round(dice.lognormvariate(2.4, 0.9), 2)
        where = dice.choice((f"{street}{shop}", f"{estate}门口{shop}", f"{street}{estate}"))
        yield Message(
            id=f"{number + 1}",
            user=f"S{dice.randrange(10**8):08d}",
            title=f"{dice.choice(_ASKS)}{where}{matter}的问题",
            time=f"{written:%Y-%m-%dT%H:%M:%S}",
            text=dice.choice(_OPENINGS)
            + f"{where}{complaint}{_prose(dice, _DETAILS, 110, 3000)}"
            + dice.choice(_CLOSINGS),
            reply=f"网友您好,{_prose(dice, _REPLIES, 230, 7800)}感谢您的监督与支持。",
            reply_time=f"{written + timedelta(days=days):%Y-%m-%dT%H:%M:%S}",
            days=days,
        )


def _prose(dice: random.Random, sentences: Sequence[str], typical: int, longest: int) -> str:
    """Sentences until a length is reached that is spread as in real messages: half below `typical`, a few very long."""
    wanted = min(typical * dice.lognormvariate(0, 0.9), longest)
    said = ""
    while len(said) < wanted:
        said += dice.choice(sentences)
    return said


def shared_data() -> Path:
    """The folder of shared data sets: beside the repository, or where `XIEZHI_SHARED_DATA` says."""
    given = os.environ.get("XIEZHI_SHARED_DATA")
    return Path(given) if given else REPOSITORY.parent / "shared" / "data"


def real() -> list[Message]:
    """The replied messages of the shared data set. Never write one of them into the project."""
    with gzip.open(shared_data() / "msg_teddy2020c" / "replied.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


_CATEGORIES = (("咨询", "consultation"), ("建议", "suggestion"), ("投诉", "complaint"), ("举报", "report"))


def registration(message: Message, regions: Sequence[str], *, source: str) -> dict[str, Any]:
    """The body that registers a message as a clue. The masked place says nothing, so a digest picks the region."""
    digest = hashlib.sha256(f"{source}:{message['id']}".encode()).digest()
    words = message["title"] + message["text"]
    return {
        "region": regions[digest[0] % len(regions)],
        "channel": "online_platform",
        "external_id": f"{source}-{message['id']}",
        "category": next((category for word, category in _CATEGORIES if word in words), "help"),
        "received_at": f"{message['time']}+08:00",
        "title": message["title"],
        "body": message["text"],
        "reporter": f"网友 {message['user']}",
    }


def write_import_file(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write registrations as JSONL for `xiezhi import`; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count
