"""What `opinion up` is made of: a supervisor, a folder, and words about markets."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from ops.errors import OperatorError
from ops.up import supervisor as supervising
from ops.up.child import Child
from ops.up.progress import Progress, position, summary
from ops.up.state import opened
from ops.up.supervisor import Supervisor
from store.settlements import Phase, Queue, Settlement, Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_S = 60.0


def settlement(status: Status, phase: Phase = Phase.DRAW, **more: str) -> Settlement:
    return Settlement(
        market="M", phase=phase, queue=Queue.SETTLE, status=status, attempt=0, takeovers=0, fence=1, holder=None,
        lease_until=None, due_at=NOW, wait_reason=more.get("wait_reason"), reason=more.get("reason"),
        created_at=NOW, started_at=None, finished_at=None,
    )  # fmt: skip


def test_a_market_is_told_when_it_stands_elsewhere() -> None:
    progress = Progress()
    waiting = settlement(Status.WAITING, Phase.PROVE, wait_reason="finality")

    assert progress.changes([settlement(Status.READY)]) == [("M", "draw")]
    assert progress.changes([settlement(Status.READY)]) == []
    assert progress.changes([waiting]) == [("M", "prove, waits for finality")]
    assert position(settlement(Status.PARKED, reason="the proof is refused")) == "PARKED in draw: the proof is refused"
    assert position(settlement(Status.DONE)) == "done"


def test_the_summary_counts_processes_and_markets() -> None:
    rows = [settlement(Status.READY), settlement(Status.DONE), settlement(Status.DONE)]

    assert summary(rows, 4, 5) == "processes 4 of 5; markets: 1 ready, 2 done"
    assert summary([], 5, 5) == "processes 5 of 5; markets: none to settle yet"


def test_a_folder_is_for_one_at_a_time_and_forgets_all_but_the_keys(tmp_path: Path) -> None:
    with opened(tmp_path / "state", reset=False) as state:
        for kept in (
            state.ledger / "keys" / "oracle.json",
            state.ledger / "ledger",
            state.database,
            state.folder / "x",
        ):
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text("1")
        with pytest.raises(OperatorError, match="Another"), opened(tmp_path / "state", reset=False):
            pass
    with opened(tmp_path / "state", reset=True) as state:
        assert (state.ledger / "keys" / "oracle.json").exists()
        assert (state.folder / "x").exists(), "what is not ours is left alone"
        assert not (state.ledger / "ledger").exists()
        assert not state.database.exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OperatorError, match="--state"), opened(tmp_path / "file" / "state", reset=False):
        pass


@pytest.fixture
async def said() -> list[str]:
    return []


@pytest.fixture
async def supervisor(said: list[str]) -> AsyncIterator[Supervisor]:
    made = Supervisor(lambda name, words: said.append(f"{name} {words}"))
    yield made
    await made.stop()


def python(folder: Path, name: str, code: str, *, ready: bool | None = None) -> Child:
    async def answer() -> bool:
        return bool(ready)

    command = (sys.executable, "-c", code)
    return Child(name, command, folder / f"{name}.log", 0, ready=None if ready is None else answer)


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not what():  # noqa: ASYNC110 - what is awaited is of another process
            await asyncio.sleep(0.02)


async def test_what_ends_is_started_again_later_and_later(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    await supervisor.start(python(tmp_path, "fails", "raise SystemExit(3)"))

    await until(lambda: sum("exit code 3" in line for line in said) >= 3)
    waits = [line.split("again in ")[1].split(" s")[0] for line in said if "exit code 3" in line]
    assert waits[:3] == ["0.4", "0.8", "1.6"]


async def test_what_must_be_ready_and_ends_is_told_with_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    child = python(tmp_path, "fails", "raise SystemExit('the port is taken')", ready=False)

    with pytest.raises(OperatorError, match="the port is taken"):
        await supervisor.start(child)


async def test_who_does_not_stop_is_killed(
    supervisor: Supervisor, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "STOP_TIMEOUT_S", 0.2)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    await supervisor.start(child := python(tmp_path, "deaf", deaf))
    await until(lambda: child.log.exists() and "deaf" in child.log.read_text())
    process = int(said[0].split("process ")[1])
    await supervisor.stop()

    assert any("is killed" in line for line in said)
    assert not psutil.pid_exists(process)


async def test_a_stop_that_is_cancelled_kills_at_once(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    await supervisor.start(child := python(tmp_path, "deaf", deaf))
    await until(lambda: child.log.exists() and "deaf" in child.log.read_text())
    process = psutil.Process(int(said[0].split("process ")[1]))
    stopping = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0.1)
    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)

    await until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
