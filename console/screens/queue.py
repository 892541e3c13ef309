"""Queue: what waits, who works on what, what failed, and the hands on all three."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

from collections.abc import Callable, Iterable
from typing import Any

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console import clock
from console.feeds.base import Feed, Snapshot
from console.filters import FilterError, complete, parse
from console.queue_columns import AGES, JOBS, QUEUES, WORKERS, short
from console.queue_deeds import (
    Doing,
    cancelling,
    draining,
    forgetting,
    going_on,
    pausing,
    requeueing,
    starting_by_hand,
    undraining,
)
from console.queue_fields import fields, text_of
from console.screens.base import Room, bindings_of
from console.text import safe
from console.widgets.dialog import Answers, TextDialog
from console.widgets.table import LiveTable
from ops.queues.seen import Job, QueueSeen, Seen, State, Worker
from ops.queues.words import failure_lines, job_words, queue_words, work_words, worker_words

_SECTIONS = ("jobs", "workers", "queues")
_TICK_S = 5
_NOTHING = {
    "queues": "There is no queue.",
    "jobs": "No job waits, runs or failed.",
    "workers": "No worker is alive: nothing is settled.",
}
"""What is said where one of the tables has no row."""


class Queue(Room):
    """The queues with what stands in Redis and what the database knows to be due; below them the jobs, what failed
    first, or the workers with what they have in hand. Tab goes from jobs to workers to queues. Filter the jobs with
    words, or with state: queue: phase: wait: worker: age> attempt>, such as `/state:failed queue:analyse age>1h`."""

    room = "queue"
    BINDINGS = bindings_of("queue")
    DEFAULT_CSS = """
    Queue #told { height: auto; max-height: 3; padding: 0 1; color: $error; display: none; }
    Queue #told.needed { display: block; }
    Queue #queues { height: 5; }
    Queue LiveTable:blur > .table--cursor { background: $panel; color: $foreground; }
    """

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._filter = ""
        self._section = "jobs"
        self._queues: LiveTable[QueueSeen] = LiveTable(QUEUES, sort="queue", empty="Reading…", id="queues")
        self._jobs: LiveTable[Job] = LiveTable(
            JOBS, sort="state", empty="Reading…", unmatched="No job is like that.", id="jobs"
        )
        self._workers: LiveTable[Worker] = LiveTable(WORKERS, sort="worker", empty="Reading…", id="workers")

    def body(self) -> Iterable[Widget]:
        """What is wrong with all of it, the queues, and the jobs or the workers."""
        self._workers.display = False
        return Static("", id="told"), self._queues, self._jobs, self._workers

    def on_mount(self) -> None:
        """Ages grow by themselves."""
        self.set_interval(_TICK_S, self._tick)
        self.focus_body()

    def place(self) -> str:
        """With the section, the filter and how many there are."""
        if self._section != "jobs":
            return f"Queue  {self._section}"
        like = f"  /{self._filter}" if self._filter else ""
        if self.context.hub.queues.snapshot.at is None:
            return f"Queue{like}"
        shown, known = self._jobs.shown, len(self._jobs.rows)
        count = f"{shown:,}" if shown == known else f"{shown:,} of {known:,}"
        jobs = "job" if known == 1 else "jobs"
        return f"Queue  {count} {jobs}{like}"

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The queues."""
        return [(self.context.hub.queues, self._paint)]

    def _paint(self, snapshot: Snapshot[Seen]) -> None:
        seen = snapshot.value
        for table in (self._queues, self._jobs, self._workers):
            table.set_class(snapshot.error is not None, "stale")
            table.say_empty(snapshot.instead() if seen is None else _NOTHING[table.id or ""])
        if seen is None:
            return
        self._queues.replace_rows(seen.queues)
        self._jobs.replace_rows(seen.jobs)
        self._workers.replace_rows({worker.process: worker for worker in seen.workers.values()})
        told, words = self.query_one("#told", Static), "\n".join(_wrong(seen))
        if str(told.content) != words:
            told.set_class(bool(words), "needed")
            told.update(Content(words))
        self.show_place()

    def _tick(self) -> None:
        if self.is_current:
            for table in (self._queues, self._jobs, self._workers):
                for column in AGES[table.id or ""]:
                    table.refresh_column(column)

    # The filter.

    @property
    def filter_words(self) -> str:
        """The filter that holds now."""
        return self._filter

    def apply_filter(self, words: str) -> str | None:
        """Show only the jobs that match."""
        try:
            passes = parse(words, fields(clock.now), text_of)
        except FilterError as error:
            return str(error)
        self._filter = words.strip()
        self._jobs.set_filter(passes)
        self._show("jobs")
        return None

    def complete_filter(self, typed: str) -> list[str]:
        """Fields and their values."""
        return complete(typed, fields(clock.now))

    # The sections.

    @property
    def _table(self) -> LiveTable[Any]:
        return {"jobs": self._jobs, "workers": self._workers}.get(self._section, self._queues)

    def _show(self, section: str) -> None:
        self._section = section
        if section != "queues":
            self._jobs.display, self._workers.display = section == "jobs", section == "workers"
        self.show_place()

    def focus_body(self) -> None:
        """Give the keys to the section that is shown."""
        self._table.focus()

    def on_descendant_focus(self, event: Any) -> None:
        """A click is a way into a section too."""
        if isinstance(event.widget, LiveTable) and event.widget.id in _SECTIONS and event.widget.id != self._section:
            self._show(event.widget.id)

    def action_next(self) -> None:
        """The next section."""
        self._show(_SECTIONS[(_SECTIONS.index(self._section) + 1) % len(_SECTIONS)])
        self.focus_body()

    def action_sort(self) -> None:
        """The next column."""
        self.say(f"Sorted by {self._table.sort_by_next()}.")

    def action_reverse(self) -> None:
        """The other way round."""
        name, reverse = self._table.sorted_by
        self._table.sort_by(name, reverse=not reverse)

    def action_copy(self) -> None:
        """The name of what has the cursor."""
        if self._table.cursor is not None:
            self.copy(self._table.cursor)

    # What has the cursor.

    def _job(self) -> Job | None:
        if self._section != "jobs" or self._jobs.cursor is None:
            self.say("No job is chosen: Tab goes to the jobs.", "warning")
            return None
        return self._jobs.rows[self._jobs.cursor]

    def _worker(self) -> Worker | None:
        if self._section != "workers" or self._workers.cursor is None:
            self.say("No worker is chosen: Tab goes to the workers.", "warning")
            return None
        return self._workers.rows[self._workers.cursor]

    def _queue(self) -> QueueSeen | None:
        """The queue that has the cursor, or that of the job that has it."""
        seen = self.context.hub.queues.snapshot.value
        name = self._queues.cursor
        if self._section == "jobs" and self._jobs.cursor is not None:
            name = self._jobs.rows[self._jobs.cursor].queue
        found = None if seen is None or self._section == "workers" else seen.queues.get(name or "")
        if found is None:
            self.say("No queue is chosen: Tab goes to the queues.", "warning")
        return found

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        """Show it whole."""
        self.action_open()

    def action_open(self) -> None:
        """Show all that is known of it; of a failed job the traceback."""
        key, now = self._table.cursor, clock.now()
        if key is None:
            return
        row = self._table.rows[key]
        if isinstance(row, Job):
            self.do(self._open_job(row))
        elif isinstance(row, Worker):
            self._tell(f"Worker {short(row.process)}", [row.name, *worker_words(row, now).split(", ")])
        else:
            self._tell(f"Queue {row.name}", queue_words(row, now).split(", "))

    async def _open_job(self, job: Job) -> str:
        lines = [job.what, job_words(job, clock.now())]
        if job.state is State.FAILED:
            if job.work is not None:
                lines.append(f"its market: {work_words(job.work)}")
            reader = await self.context.hub.sources.queues()
            lines += ["", *failure_lines(await reader.failure(job.id))]
        self._tell(f"Job {job.id}", lines)
        return f"{job.id} is {job.state}."

    def _tell(self, title: str, lines: Iterable[str]) -> None:
        self.app.push_screen(TextDialog(safe(title), "\n".join(safe(line) for line in lines)))

    def action_market(self) -> None:
        """Go to the job's market."""
        if (job := self._job()) is not None:
            if job.market is None:
                self.say("This job is about no market.", "warning")
            else:
                self.context.obey(f"market {job.market}")

    # The hands.

    def _ask(self, doing: Doing) -> None:
        deed, act = doing

        async def do(answers: Answers) -> str:
            sources = self.context.hub.sources
            return await act(await sources.db(), sources.settings, answers)

        self.ask_and_do(deed, do)

    def action_requeue(self) -> None:
        """Queue a failed job once more."""
        if (job := self._failed()) is not None:
            self._ask(requeueing(job))

    def action_forget(self) -> None:
        """Forget a failure."""
        if (job := self._failed()) is not None:
            self._ask(forgetting(job))

    def _failed(self) -> Job | None:
        job = self._job()
        if job is not None and job.state is not State.FAILED:
            self.say(f"This job is {job.state}: it has not failed.", "warning")
            return None
        return job

    def action_cancel(self) -> None:
        """Keep a job from being done."""
        job = self._job()
        if job is not None and job.state is State.FAILED:
            self.say("This job failed already: it can be queued again, or its failure forgotten.", "warning")
        elif job is not None:
            self._ask(cancelling(job))

    def action_drain(self) -> None:
        """Have a worker take no more jobs."""
        worker = self._worker()
        if worker is not None and worker.drained_by is not None:
            self.say(f"It is drained already, by {safe(worker.drained_by)}.", "warning")
        elif worker is not None:
            self._ask(draining(worker, short(worker.process)))

    def action_pause(self) -> None:
        """Pause a queue."""
        queue = self._queue()
        if queue is not None and queue.pause is not None:
            self.say(f"{queue.name} is paused already, by {safe(queue.pause.placed_by)}.", "warning")
        elif queue is not None:
            self._ask(pausing(queue))

    def action_go_on(self) -> None:
        """Let a paused queue, or a drained worker, go on."""
        if self._section == "workers":
            worker = self._worker()
            if worker is not None and worker.drained_by is None:
                self.say("This worker is not drained.", "warning")
            elif worker is not None:
                self._ask(undraining(worker, short(worker.process)))
            return
        queue = self._queue()
        if queue is not None and queue.pause is None:
            self.say(f"{queue.name} is not paused.", "warning")
        elif queue is not None:
            self._ask(going_on(queue))

    def action_start(self) -> None:
        """Start a job by hand."""
        cursor = self._jobs.cursor if self._section == "jobs" else None
        self._ask(starting_by_hand(self._jobs.rows[cursor].market if cursor is not None else None))


def _wrong(seen: Seen) -> Iterable[str]:
    if seen.suspended:
        yield "EVERY worker is suspended by 'rq suspend': 'rq resume' lifts it."
    if seen.database is not None:
        yield safe(f"The database cannot be asked: {seen.database}.")
    if seen.left_out:
        yield f"{seen.left_out:,} more jobs are not shown."
