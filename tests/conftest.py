"""Fixtures every test may ask for, and the promise of `make proof` that nothing is skipped."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.support import as_of
from tests.support.logs import log_plainly
from tests.support.servers import PostgresServer, TemporalServer, running_postgres, running_temporal, time_skipping
from tests.support.stack import PrivateStack, stopped_stack


class NoSkips:
    """With `--fail-on-skip`: names every skipped test and turns the run into a failure."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A skip by mark, call or fixture; an expected failure is none."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module skipped as a whole never reaches a test report."""
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Before pytest chooses its exit code."""
        if self.skipped:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The failure explains itself."""
        for nodeid in self.skipped:
            terminalreporter.write_line(f"skipped, which --fail-on-skip forbids: {nodeid}", red=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """A proof that was skipped has proved nothing; what passes on one day only has proved little."""
    parser.addoption("--fail-on-skip", action="store_true", help="end with an error when any test was skipped")
    parser.addoption("--as-of", metavar="INSTANT", help="run as of an instant, such as 2027-02-08T10:00:00+08:00")


def pytest_configure(config: pytest.Config) -> None:
    """Watch for skips and move the clock when asked to, before any module of tests is read; say plainly what fails."""
    log_plainly()
    if config.getoption("--fail-on-skip"):
        config.pluginmanager.register(NoSkips())
    if at := config.getoption("--as-of"):
        as_of.start(datetime.fromisoformat(at).astimezone(UTC))


@pytest_asyncio.fixture(scope="session")
async def postgres_server() -> AsyncIterator[PostgresServer]:
    """One real PostgreSQL for the session; fast and fragile settings, everything else as in the product."""
    async with running_postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of this test alone."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest_asyncio.fixture(scope="session")
async def temporal_server() -> AsyncIterator[TemporalServer]:
    """One real Temporal server for the session; tests keep apart by task queue and workflow id."""
    async with running_temporal() as server:
        yield server


@pytest_asyncio.fixture(scope="session")
async def temporal_client(temporal_server: TemporalServer) -> Client:
    """A client of the session's Temporal server."""
    return await temporal_server.connect()


@pytest_asyncio.fixture(scope="session")
async def seeded_stack() -> AsyncIterator[PrivateStack]:
    """A stopped stack, migrated and seeded once for the session: private stacks begin as copies of it."""
    async with stopped_stack() as stack:
        yield stack


@pytest_asyncio.fixture
async def time_skipping_environment() -> AsyncIterator[WorkflowEnvironment]:
    """A fresh server whose clock jumps to the next timer."""
    async with time_skipping() as environment:
        yield environment
