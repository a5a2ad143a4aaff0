"""How much a part measures: its own sizes, or tiny ones that only show that it works."""

from __future__ import annotations

import argparse
from typing import Any


def asked_of(parser: argparse.ArgumentParser, **tiny: Any) -> argparse.Namespace:
    """What was asked for on the command line; with `--quick` these sizes take the place of the defaults."""
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    if parser.parse_args().quick:
        parser.set_defaults(**tiny)
    return parser.parse_args()
