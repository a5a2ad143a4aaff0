"""What one client connection may cost: time, memory, and a place among the others.

The server underneath waits for ever for a head to end, for the rest of a body nobody reads any more, and for a client
to take its answer. Here each of these has a time, so that no connection is kept by doing nothing. What an answer says
then is the same kind of problem the API answers with.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.edge.errors import problem
from api.edge.limits import LEAST_BYTES_PER_SECOND, MAX_HEAD_BYTES
from infra.runtime.settings import Settings


class Connection(HttpToolsProtocol):
    """One connection; bounds are set by `bounded`."""

    most: ClassVar[int]
    patience_seconds: ClassVar[float]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading_head = False
        self._reading_message = False
        self._head_bytes = 0
        self._reader_timer: TimerHandle | None = None
        self._writer_timer: TimerHandle | None = None
        self._unsent = 0

    # What the client sends -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """One too many hears so and is closed."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._refuse("busy")
            return
        self._await_client()

    def data_received(self, data: bytes) -> None:
        """A head that does not end is refused before it fills the memory."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._reading_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse("headers_too_large")
        elif self._at_rest and self.timeout_keep_alive_task is None:
            self._await_client()  # a few bytes that begin no request must not end the wait for one

    def on_message_begin(self) -> None:
        """The first byte of a request: its head has so long to end."""
        super().on_message_begin()
        self._reading_head = self._reading_message = True
        self._head_bytes = 0
        self._await_client()

    def on_headers_complete(self) -> None:
        """From here on the application sets the pace of the body."""
        self._reading_head = False
        self._stop_awaiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is here whole."""
        self._reading_message = False
        self._stop_awaiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answered: the rest of the request and the unsent rest of the answer have so long to go."""
        super().on_response_complete()
        if self._reading_message:
            self._await_client()
        if self.transport.get_write_buffer_size():
            self._watch_sending()

    @property
    def _at_rest(self) -> bool:
        return not self._reading_message and (self.cycle is None or self.cycle.response_complete)

    def _await_client(self) -> None:
        if self._reader_timer is None:
            self._reader_timer = self.loop.call_later(self.patience_seconds, self._client_dawdles)

    def _stop_awaiting(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _client_dawdles(self) -> None:
        self._reader_timer = None
        if self._reading_head:
            self._refuse("body_too_slow")
        else:
            self.transport.abort()

    # What the client is sent -----------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The client takes less than it is sent."""
        super().pause_writing()
        self._watch_sending()

    def _watch_sending(self) -> None:
        if self._writer_timer is None:
            self._unsent = self.transport.get_write_buffer_size()
            self._writer_timer = self.loop.call_later(self.patience_seconds, self._check_sending)

    def _check_sending(self) -> None:
        self._writer_timer = None
        unsent = self.transport.get_write_buffer_size()
        if not unsent or not (self.flow.write_paused or self.cycle.response_complete):
            return
        if self._unsent - unsent < LEAST_BYTES_PER_SECOND * self.patience_seconds:
            self.transport.abort()
        else:
            self._watch_sending()

    # The end ---------------------------------------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing waits for a client that is gone."""
        self._stop_awaiting()
        if self._writer_timer is not None:
            self._writer_timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 — as the server calls it
        """What the parser could not read; its own words (`msg`) are for nobody."""
        self._refuse("bad_request")

    def _refuse(self, code: str) -> None:
        """Answer without asking the application, and close."""
        answer = problem(code, headers={"Connection": "close"})
        head = b"".join(b"%s: %s\r\n" % (name, value) for name, value in answer.raw_headers)
        self.transport.write(b"HTTP/1.1 %d \r\n%s\r\n%s" % (answer.status_code, head, bytes(answer.body)))
        self.transport.close()


def bounded(settings: Settings) -> type[Connection]:
    """The connections of a server with these settings."""
    bounds = {"most": settings.connections, "patience_seconds": settings.client_patience_seconds}
    return type("BoundedConnection", (Connection,), bounds)
