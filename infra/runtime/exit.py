"""The one way out of short-lived processes that used the Temporal client.

CPython 3.11 with temporalio 1.35: a process that had used the client was aborted at interpreter shutdown in 3 of 10
runs (`PyGILState_Release … finalizing`, SIGABRT, exit code 134; sdk-python issue 300) after all its work was done, so a
successful `xiezhi import` looked like a crash to the script that called it. The native threads call back into an
interpreter that is being torn down. Flushing and `os._exit` skips the tear-down: 0 of 12 runs were aborted.

`os._exit` runs no `atexit` hooks: whoever buffers something (a span exporter, a file) closes it before returning.
"""

import logging
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """Flush what the process has said and end it at once with `code`."""
    with suppress(Exception):
        logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # a closed pipe must not change the exit code
            stream.flush()
    os._exit(code)


def run_and_leave(main: Callable[[], object]) -> NoReturn:
    """Run `main` and leave with the code it asked for; an uncaught error is shown and gives 1."""
    try:
        result = main()
        code = result if isinstance(result, int) else 0
    except SystemExit as stop:
        code = _code_of(stop)
    except KeyboardInterrupt:
        code = 130
    except BaseException:  # the last frame of the process: nothing above could report it
        traceback.print_exc()
        code = 1
    leave(code)


def _code_of(stop: SystemExit) -> int:
    """What the interpreter would have made of a `SystemExit`."""
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or 0
    sys.stderr.write(f"{stop.code}\n")
    return 1
