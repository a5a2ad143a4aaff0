"""A stand-in for `xiezhi`, so that the supervisor is tested without the service it supervises.

Every call is noted in `calls` of the data folder as one line. Files in `orders` change how a command behaves:
`fail-NAME` makes it end with 3 at once, `die-NAME` makes a server end with 7 soon after it was healthy.
"""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

DATA = Path(os.environ["XIEZHI_DATA_DIR"])
PORT_VARIABLES = {"api": "XIEZHI_API_PORT", "worker": "XIEZHI_WORKER_HEALTH_PORT"}


class Ready(BaseHTTPRequestHandler):
    """Answers every GET with 200."""

    def do_GET(self) -> None:
        """Say yes."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def ordered(what: str) -> bool:
    """Whether the test asked for this behaviour."""
    return (DATA / "orders" / what).exists()


def serve(name: str) -> None:
    """Be a healthy server until told to end."""
    if ordered(f"die-{name}"):
        threading.Timer(0.3, os._exit, [7]).start()
    HTTPServer(("127.0.0.1", int(os.environ[PORT_VARIABLES[name]])), Ready).serve_forever()


def main() -> int:
    """Note the call and do what it asks for."""
    name = sys.argv[1]
    with (DATA / "calls").open("a") as calls:
        calls.write(" ".join([name, *(Path(argument).name for argument in sys.argv[2:])]) + "\n")
    if ordered(f"fail-{name}"):
        print("told to fail")
        return 3
    if name == "seed":
        (DATA / "demo-accounts.json").write_text('[{"account": "dispatcher", "password": "demo", "role": "分办员"}]')
    if name == "administrators":
        print('{"secret": "a-one-time-secret"}')
    if name in PORT_VARIABLES:
        serve(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
