"""The border contract of import-linter: a layer imports what its list names, and nothing else.

The contracts that come with import-linter name what is forbidden, so what nobody thought of is allowed. This one names
what is allowed. The standard library is; what modules do with it is watched by `test_determinism`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class BorderContract(Contract):
    """Imports of `layer` go to itself, to the standard library and to `allowed`; those of single modules also to what
    `exceptions` name as `importer -> imported`.

    A name covers the module and all below it. What the lists name and nobody imports breaks the contract, too: they say
    exactly what is used.
    """

    type_name = "border"

    layer = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField())
    exceptions = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Whether every import of the layer is allowed, and every allowance used."""
        crossings = crossings_of(graph, str(self.layer))
        trespassing, unused = judge(crossings, list(self.allowed), list(self.exceptions))  # type: ignore[call-overload]
        return ContractCheck(
            kept=not trespassing and not unused, metadata={"trespassing": trespassing, "unused": unused}
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say which imports are not allowed, and which allowances nobody uses."""
        found: dict[str, Any] = check.metadata
        for crossing in found["trespassing"]:
            output.print_error(f"not allowed: {crossing}", bold=False)
        for allowance in found["unused"]:
            output.print_error(f"allowed, but not imported: {allowance}", bold=False)


def crossings_of(graph: ImportGraph, layer: str) -> list[tuple[str, str]]:
    """Every (importer, imported) that leaves the layer for something else than the standard library."""
    return sorted(
        (importer, imported)
        for importer in {layer, *graph.find_descendants(layer)}
        for imported in graph.find_modules_directly_imported_by(importer)
        if not _within(imported, layer) and imported.partition(".")[0] not in sys.stdlib_module_names
    )


def judge(
    crossings: Iterable[tuple[str, str]], allowed: Iterable[str], exceptions: Iterable[str]
) -> tuple[list[str], list[str]]:
    """The imports that nothing allows, and the allowances that no import uses."""
    everywhere = dict.fromkeys(allowed, False)
    single = {tuple(exception.split(" -> ")): False for exception in exceptions}
    trespassing = []
    for importer, imported in crossings:
        passes = [name for name in everywhere if _within(imported, name)]
        permits = [pair for pair in single if _within(importer, pair[0]) and _within(imported, pair[1])]
        everywhere |= dict.fromkeys(passes, True)
        single |= dict.fromkeys(permits, True)
        if not passes and not permits:
            trespassing.append(f"{importer} -> {imported}")
    unused = [name for name, used in everywhere.items() if not used]
    return trespassing, unused + [" -> ".join(pair) for pair, used in single.items() if not used]


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
