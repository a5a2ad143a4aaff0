"""What the dossier keeps of closing."""

from __future__ import annotations

from domain.value import Value


class ClosingSlice(Value):
    """How often it was taken up again."""

    reopenings: int = 0
