"""What a password must be, and who brings the first ones along. Passwords are never part of a command or an event."""

from __future__ import annotations

from dataclasses import dataclass, field

MIN_LENGTH = 12
MAX_LENGTH = 200


@dataclass(frozen=True)
class Founder:
    """Somebody who becomes one of the first administrators."""

    account: str
    name: str
    password: str = field(repr=False)


def weakness(account: str, password: str) -> str | None:
    """Why the password will not do, in words; None when it will. Length in characters."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"密码须为 {MIN_LENGTH} 至 {MAX_LENGTH} 个字符"
    if account.casefold() in password.casefold():
        return "密码不能包含账号名"
    return None
