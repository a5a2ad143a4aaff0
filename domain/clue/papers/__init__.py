"""备注、联系、材料、封存、删除文本: what is kept beside the stage."""

from domain.clue.life import Completed, Known, Open
from domain.clue.papers import commands as c
from domain.clue.papers import decide as d
from domain.clue.papers import events as e
from domain.clue.roles import ASSIGNER, DISPATCHER, HANDLER, HEAD, INTAKE_CLERK, SECURITY, WORKING_ON_IT
from domain.record.chapter import Chapter, Step, beside

_LIVELY = (Open, Completed)

PAPERS = Chapter(
    steps=(
        Step(c.Note, "备注", Known, d.note, by=WORKING_ON_IT, at_rest="also"),
        Step(c.RecordContact, "联系记录", _LIVELY, d.record_contact, by=(HANDLER, ASSIGNER, DISPATCHER, INTAKE_CLERK),
             refuses=(d.CONTACT_OUT_OF_TIME,), at_rest="also"),
        Step(c.AttachEvidence, "上传材料", _LIVELY, d.attach_evidence, by=(INTAKE_CLERK, DISPATCHER, ASSIGNER, HANDLER),
             needs=d.need_files, refuses=(d.UNKNOWN_EVIDENCE,), at_rest="also"),
        Step(c.SealFile, "封存文件", Known, d.seal_file, by=(HANDLER, ASSIGNER, HEAD, DISPATCHER, SECURITY),
             refuses=(d.UNKNOWN_FILE,), open=d.no_file_left, at_rest="also"),
        Step(c.EraseText, "删除个人信息文本", Known, d.erase_text, by=(SECURITY,),
             refuses=(d.UNKNOWN_TEXT,), open=d.no_text_left, at_rest="also"),
    ),
    events=(
        beside("clue.noted", 1, e.ClueNoted, Known, d.noted, title="备注", says="添加备注"),
        beside("clue.contact_recorded", 1, e.ClueContactRecorded, Known, d.contact_recorded, title="联系记录",
               says="{at} 通过{means}联系来件人:{result}"),
        beside("clue.evidence_attached", 1, e.ClueEvidenceAttached, Known, d.evidence_attached, title="上传材料",
               says="上传材料 {evidence}"),
        beside("clue.file_sealed", 1, e.ClueFileSealed, Known, d.file_sealed, title="封存文件",
               says="封存文件 {digest}({ground})", tells=d.seal_evidence),
        beside("clue.text_erased", 1, e.ClueTextErased, Known, d.text_erased, title="删除个人信息文本",
               says="依法删除个人信息文本 {texts}({ground})", tells=d.record_erasure, erases=d.erased_texts),
    ),
    fields={
        "digest": "证据摘要", "name": "证据名称", "text": "文本", "texts": "文本", "notes": "备注", "note": "备注",
        "contacts": "联系记录", "means": "联系方式", "result": "联系结果", "files": "文件",
        "sealed_files": "封存文件", "description": "材料说明",
    },
)  # fmt: skip
