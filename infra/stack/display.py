"""What a person sees of `xiezhi up`: a line per part while it starts, then one block."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table


class Board:
    """Progress of starting and stopping. A terminal gets moving lines, a log file plain ones."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._moving: Progress | None = None
        self._lines: dict[str, TaskID] = {}
        self._since: dict[str, float] = {}

    def __enter__(self) -> "Board":
        """Begin a phase in which parts change."""
        self._lines.clear()
        if self._console.is_terminal:
            self._moving = Progress(
                SpinnerColumn(finished_text="[green]✓"),
                TextColumn("{task.description}"),
                TextColumn("[dim]{task.fields[detail]}"),
                console=self._console,
            )
            self._moving.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the phase; what was shown stays."""
        if self._moving is not None:
            self._moving.stop()
            self._moving = None

    def begin(self, name: str, doing: str) -> None:
        """A part begins to start or stop."""
        self._since[name] = time.monotonic()
        if self._moving is not None:
            self._lines[name] = self._moving.add_task(name, total=1, detail=doing)
        else:
            self._console.print(f"… {name}: {doing}")

    def done(self, name: str, detail: str) -> None:
        """The part is where it should be."""
        detail = f"{detail}  {time.monotonic() - self._since.get(name, time.monotonic()):.1f} s"
        if self._moving is not None and name in self._lines:
            self._moving.update(self._lines[name], completed=1, detail=detail)
        else:
            self._console.print(f"✓ {name}: {detail}")

    def say(self, text: str) -> None:
        """Something worth knowing that is no failure."""
        self._console.print(f"[yellow]•[/] {text}", markup=True)

    def fail(self, text: str) -> None:
        """Why the stack does not run."""
        self._console.print("[bold red]✗[/]", end=" ")
        self._console.print(text, markup=False)

    def summary(self, description: Mapping[str, Any], secret: str | None = None) -> None:
        """The block at the end: where to go, as whom, where data lies, how to stop. `secret` opens the first
        administrators."""
        urls = description["urls"]
        rows: list[tuple[str, str]] = [
            ("Service", urls["api"]),
            ("API documentation", urls["docs"]),
            *([("Temporal UI", urls["temporal_ui"])] if "temporal_ui" in urls else []),
            *_account_rows(description["demo_accounts"]),
            *_secret_rows(secret, urls["api"]),
            ("Data", description["data_dir"]),
            ("Logs", description["logs"]),
            ("Stop", "Ctrl-C; `make up` resumes with everything still there"),
        ]
        table = Table.grid(padding=(0, 2))
        for label, value in rows:
            table.add_row(f"[bold]{label}[/]", value)
        training = bool(description["demo_accounts"])
        title = "獬豸 Xiezhi is running" + (" · 演练环境 TRAINING, no real cases" if training else "")
        self._console.print(Panel(table, title=title, border_style="yellow" if training else "green", expand=False))


def _secret_rows(secret: str | None, api: str) -> list[tuple[str, str]]:
    """How the first three administrators are opened; shown here only."""
    if secret is None:
        return []
    return [
        ("One-time secret", secret),
        ("", f"[dim]opens the first administrators: POST {api}/api/v1/administrators/first[/]"),
    ]


def _account_rows(accounts: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """One demo account of each role: name, password, and who it is. All of them stand in stack.json."""
    of_role = {account.get("role", ""): account for account in reversed(accounts)}
    shown = [account for account in accounts if of_role[account.get("role", "")] is account]
    lines = [
        f"{account.get('account', '')}  {account.get('password', '')}  [dim]{account.get('name', '')}[/]"
        for account in shown
    ]
    if len(shown) < len(accounts):
        lines.append(f"[dim]… {len(accounts)} in all: demo-accounts.json in the data folder[/]")
    return [("Demo accounts" if number == 0 else "", line) for number, line in enumerate(lines)]
