"""The command line `xiezhi`. Commands import what they need when they run, so that each starts fast."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.commands import register
from infra.runtime.exit import run_and_leave

app = typer.Typer(
    name="xiezhi",
    help="Cross-department comprehensive regulation on an event-sourced record and Temporal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # local variables hold personal data
)


@app.callback()
def xiezhi() -> None:
    """Keep `xiezhi` a group of commands even while it has only one."""


@app.command()
def up(
    empty: Annotated[bool, typer.Option("--empty", help="Start without sample cases.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
) -> None:
    """Run the whole service here: PostgreSQL, Temporal, worker and API, until Ctrl-C."""
    from infra.runtime.settings import Settings
    from infra.stack.options import UpOptions
    from infra.stack.supervisor import up as run_stack

    raise typer.Exit(run_stack(UpOptions(data_dir=data_dir or Settings().data_dir, empty=empty)))


register(app)


def main() -> None:
    """Entry point of `xiezhi` and `python -m infra.cli`."""
    run_and_leave(lambda: app(prog_name="xiezhi"))


if __name__ == "__main__":
    main()
