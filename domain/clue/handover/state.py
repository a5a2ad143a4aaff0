"""What the dossier keeps of handing it over."""

from __future__ import annotations

from domain.value import Value


class HandoverSlice(Value):
    """Who had a part in it. `returns` counts how often it was given back."""

    departments: tuple[str, ...] = ()
    returns: int = 0
