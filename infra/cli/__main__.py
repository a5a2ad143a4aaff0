"""The command line `xiezhi`. Commands import what they need when they run, so that each starts fast."""

from collections.abc import Callable, Mapping

import typer

from infra.cli import calendars, case, clocks, importing, installation, processes, record, report, rules, stack
from infra.runtime.exit import run_and_leave

app = typer.Typer(
    name="xiezhi",
    help="Cross-department comprehensive regulation on an event-sourced record and Temporal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # local variables hold personal data
)
COMMANDS: Mapping[str, Callable[..., None]] = {
    "up": stack.up,
    "api": stack.api,
    "worker": stack.worker,
    "migrate": installation.migrate,
    "seed": installation.seed,
    "administrators": installation.administrators,
    "train": installation.train,
    "import": importing.import_,
    "replay": case.replay,
    "diff": case.diff,
    "verify": record.verify,
    "checkpoint": record.checkpoint,
    "rebuild": record.rebuild,
    "recover": processes.recover,
    "reconcile": processes.reconcile,
    "report": report.report,
    "overdue": clocks.overdue,
    "explain": case.explain,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(rules.app, name="rules")
app.add_typer(calendars.app, name="calendar")


def main() -> None:
    """Entry point of `xiezhi` and `python -m infra.cli`."""
    run_and_leave(lambda: app(prog_name="xiezhi"))


if __name__ == "__main__":
    main()
