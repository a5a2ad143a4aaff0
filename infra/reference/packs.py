"""A rule pack by what a setting or a command calls it: the name of a packaged one, or a file."""

from __future__ import annotations

from pathlib import Path

from domain.time.rules import RulePack, RulePackInvalid, load_pack, pack_names, parse_pack


def find_pack(named: str) -> RulePack:
    """A packaged pack by its name, or the one in a file. Raises `RulePackInvalid`."""
    if named in pack_names():
        return load_pack(named)
    file = Path(named)
    try:
        return parse_pack(file.read_text(encoding="utf-8"), file.name)
    except FileNotFoundError:
        raise RulePackInvalid(named, [f"没有这个规则包，也没有这个文件；规则包有：{'、'.join(pack_names())}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RulePackInvalid(named, [f"不能读取：{type(error).__name__}"]) from error
