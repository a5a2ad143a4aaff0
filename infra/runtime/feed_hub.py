"""The live feed: one reader of the record a process, any number of followers.

A follower first reads what it missed, page by page, and joins the others when it has come up to the common reader. From
then on it costs no reading of its own: each stretch is handed to all. Nothing is passed over, since the common reader
stays below open transactions, and nothing comes twice, since every follower keeps its own place.

A follower that does not keep up is let go with the place to resume from; what waits for it is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from domain.errors import XiezhiError
from infra.postgres.cases.changes import Change, Changes, Stretch
from infra.postgres.engine.cursors import BadCursor
from infra.postgres.record.feed import START, Place

_log = structlog.get_logger("feed")

PAGE = 100
WAITING_CHANGES = 1_000
"""So many changes may wait for one follower."""
PAUSE_SECONDS = 0.5
"""Between two looks at a record at rest."""
READING_AT_ONCE = 2
"""So many followers read at once what they missed: the pool of connections belongs to commands."""


class FeedEnded(XiezhiError):
    """The follower was let go. `code`: `too_slow`, `stopping` or `interrupted`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class FeedHub:
    """`api.cases.feed.Feed` over the record. Reads only while somebody follows."""

    def __init__(self, changes: Changes, *, pause: float = PAUSE_SECONDS, page: int = PAGE) -> None:
        self._changes = changes
        self._pause = pause
        self._page = page
        self._place = START
        self._followers: set[Follower] = set()
        self._reader: asyncio.Task[None] | None = None
        self._missed = asyncio.Semaphore(READING_AT_ONCE)
        self._stopping = False
        self._away = False

    async def follow(self, cursor: str | None, *, beginning: bool = False) -> Follower:
        """Follow after a cursor, from the first event on, or from now. Raises `BadCursor` for a cursor not of here."""
        given = Place.parse(cursor) if cursor is not None else START if beginning else None
        now = await self._changes.now()
        if given is not None and given > now:
            raise BadCursor("游标无效,请不带游标重新订阅")  # of another server, or from before a restore
        if self._reader is None or self._reader.done():
            self._place = now
            self._reader = asyncio.create_task(self._read())
        follower = Follower(self, now if given is None else given)
        self._followers.add(follower)
        if self._stopping:
            follower.end("stopping")
        return follower

    def stop(self) -> None:
        """Let all followers go; new ones are let go at once."""
        self._stopping = True
        self._let_go("stopping")
        self._rest()

    def leave(self, follower: Follower) -> None:
        """Forget a follower; the last one ends the reading."""
        self._followers.discard(follower)
        if not self._followers:
            self._rest()

    def _rest(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    async def missed(self, follower: Follower) -> Stretch | None:
        """The next stretch a follower missed; None once it has come up, and from then on it is handed every stretch."""
        async with self._missed:
            if follower.place < self._place:
                return await self._changes.after(follower.place, self._page)
        follower.joined = True
        return None

    async def _read(self) -> None:
        try:
            while True:
                if not await self._turn():
                    await asyncio.sleep(self._pause)
        except Exception:
            _log.exception("feed broke off")
            self._let_go("interrupted")

    async def _turn(self) -> bool:
        """Read and hand out one stretch; whether there is more. A database that is away is waited for."""
        try:
            stretch = await self._changes.after(self._place, self._page)
        except XiezhiError as error:
            if not self._away:
                _log.warning("feed waits", code=error.code)
            self._away = True
            return False
        self._away = False
        self._hand_out(stretch)
        return stretch.full

    def _hand_out(self, stretch: Stretch) -> None:
        self._place = stretch.upto
        for follower in tuple(self._followers):
            if follower.joined:
                follower.take(stretch)

    def _let_go(self, code: str) -> None:
        for follower in tuple(self._followers):
            follower.end(code)


class Follower:
    """One who follows. `place` is how far it has heard; used by one task at a time."""

    def __init__(self, hub: FeedHub, place: Place) -> None:
        self.place = place
        self.joined = False
        self._hub = hub
        self._waiting: list[Change] = []
        self._upto = place
        self._news = asyncio.Event()
        self._ended: str | None = None

    @property
    def cursor(self) -> str:
        """Where to go on from."""
        return str(self.place)

    async def next(self, seconds: float) -> Sequence[Change]:
        """The next changes in order; none when nothing came in time.

        Raises `FeedEnded`, or what the database raised while reading what was missed.
        """
        if not self.joined and self._ended is None:
            stretch = await self._hub.missed(self)
            if stretch is not None:
                self.place = stretch.upto
                return stretch.changes
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        if self._ended is not None:
            raise FeedEnded(self._ended)
        return self._taken()

    def take(self, stretch: Stretch) -> None:
        """Be handed a stretch of the common reader."""
        fresh = [change for change in stretch.changes if change.place > self.place]
        if len(self._waiting) + len(fresh) > WAITING_CHANGES:
            self.end("too_slow")
            return
        self._waiting += fresh
        self._upto = max(self._upto, stretch.upto)
        if fresh:
            self._news.set()

    def end(self, code: str) -> None:
        """Let it go: the next question hears why."""
        self._ended = self._ended or code
        self.joined = False
        self._waiting.clear()
        self._news.set()

    def close(self) -> None:
        """Follow no longer."""
        self._hub.leave(self)

    def _taken(self) -> Sequence[Change]:
        changes, self._waiting = self._waiting, []
        self.place = max(self.place, self._upto)
        self._news.clear()
        return changes
