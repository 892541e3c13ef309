"""How many opinions are read by one model so that none can move another's score.

A model that obeys what it reads can change every score of its answer. Only an opinion that is asked about alone is out
of the others' reach, and that is how every opinion of a market with at most ALONE readable ones is read: a request of
its own. It has company, though: two control opinions of ours with known scores, one for and one against the statement.
When those move, the text moved them, and it is flagged, whatever the model says. Its own score may be anything; nobody
else's was in the room.

Ten thousand requests fit neither 30 s nor any usual rate limit, so larger crowds are read in chunks, and a chunk is not
believed:

- what our screen flags never enters one, and is read alone;
- the order is drawn afresh and in secret, so nobody chooses companions;
- every chunk has its two controls; an ill reply or moved controls split it in half, down to single opinions;
- every opinion is read twice, in two chunks that share at most one opinion while the chunks are no longer than the
  crowd's square root (_ways). So one opinion can reach another in one of its readings at most: the two then differ;
- whoever the model flags, or whose two readings differ by more than TOLERANCE, is read alone, and that reading stands;
  where they differ for more than a quarter of a chunk, none of that chunk's readings is used: all its members are read
  alone, and an opinion both of whose chunks went wrong so is flagged;
- a secret sample of AUDIT others is read alone too. More than a tenth of it off by more than TOLERANCE, or more to be
  read alone than a fifth of the crowd, is Contaminated: many opinions conspire, and a person must look.

Controls alone, without any opinion, are read too: when even those are off, the statement or the model is at fault, and
the analysis is Contaminated.

What remains, in crowds above ALONE only: an attack that no screen knows, that spares the controls, and that moves
others by TOLERANCE or less, moves their mean by half of that; and conspirators that meet a victim in both of its
chunks. The secret order and sample bound how much of a crowd they reach.

An opinion that is asked about alone and brings an ill reply (refused, truncated, malformed, rejected) twice is left out
of the score, with that reason: else any staker could stop a market for the price of one stake by writing something that
models refuse. When more than a third of the opinions would be left out so, the fault is the model's, and the analysis
fails with the last of these reasons.
"""

import asyncio
import math
import random
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from oracle.analysis.analyser import Flag, Reading
from oracle.analysis.failures import Contaminated, IllReply
from oracle.analysis.presentation import Words
from oracle.analysis.prompt import AGAINST, FOR, Control, tokens_in
from oracle.analysis.reply import ReplyReading

ALONE = 200
"""Up to so many readable opinions each gets a request of its own."""
CHUNK_OPINIONS, CHUNK_TOKENS = 40, 8_000
"""What one chunk holds at most; a long answer takes as long as its opinions are many."""
TOLERANCE = 20
"""How far two readings of one opinion may lie apart: two means of such readings are within 10 of either."""
AUDIT = 50


class Asks(Protocol):
    """What oracle.analysis.messages.Messages does."""

    async def ask(self, statement: str, texts: Sequence[str]) -> list[ReplyReading]:
        """Return one reading for each text, in order; raises AnalysisFailure."""
        ...


@dataclass(frozen=True)
class _Sound:
    """A reply whose controls are in their places: the members' scores and flags."""

    scores: dict[int, int]
    flagged: frozenset[int]
    controls_hold: bool


class Reader:
    """Reads one market's opinions with one model."""

    def __init__(self, messages: Asks, statement: str, texts: Sequence[Words], chance: random.Random | None = None):
        self._messages = messages
        self._statement = statement
        self._texts = [words.text for words in texts]
        self._screened = [number for number, words in enumerate(texts) if words.suspicious]
        self._chance = chance or secrets.SystemRandom()
        self._ill: set[int] = set()
        self._single: dict[int, Reading] = {}

    async def read(self) -> tuple[Reading, ...]:
        """Return a reading for each text, in order. Raises AnalysisFailure."""
        everyone = range(len(self._texts))
        # The controls' own request goes out with the first ones; its failure ends them.
        calibration = asyncio.ensure_future(self._calibrate())
        reading = asyncio.ensure_future(
            self._read_alone(everyone) if len(self._texts) <= ALONE else self._read_crossed()
        )
        await _all_of([calibration, reading])
        return reading.result()

    def requests(self) -> list[list[str]]:
        """Return the texts of each request that a reading takes when all goes well, without the controls."""
        everyone = range(len(self._texts))
        if len(self._texts) <= ALONE:
            return [[], *([self._texts[member]] for member in everyone)]
        rest = self._unscreened()
        chunks = [chunk for way in self._ways(rest) for chunk in way]
        alone = [[member] for member in (*self._screened, *rest[:AUDIT])]
        return [[], *([self._texts[member] for member in chunk] for chunk in [*chunks, *alone])]

    def _unscreened(self) -> list[int]:
        screened = set(self._screened)
        return [member for member in range(len(self._texts)) if member not in screened]

    async def _calibrate(self) -> None:
        for _ in range(2):
            if (await self._second_try([])).controls_hold:
                return
        raise Contaminated(
            "The model misreads our control opinions on this statement, with nobody else's in sight: look at the "
            "statement for instructions to a model, or choose other ANALYSIS_MODELS."
        )

    async def _read_alone(self, members: Sequence[int]) -> tuple[Reading, ...]:
        wanted = [asyncio.ensure_future(self._alone(member)) for member in members]
        await _all_of(wanted)
        return tuple(task.result() for task in wanted)

    async def _alone(self, member: int) -> Reading:
        """The member's own request; a second one when the first brings nothing that can be used."""
        if member in self._single:
            return self._single[member]
        try:
            found = await self._second_try([member])
        except IllReply as failure:
            self._left_out(member, failure)
            reading = Reading(None, trouble=failure.word)
        else:
            controls = frozenset[Flag]() if found.controls_hold else frozenset({Flag.CONTROLS})
            reading = Reading(found.scores[member], controls | _flags(member, found))
        self._single[member] = reading
        return reading

    async def _second_try(self, members: Sequence[int]) -> _Sound:
        try:
            return await self._asked(members)
        except IllReply:
            return await self._asked(members)

    def _left_out(self, member: int, failure: IllReply) -> None:
        self._ill.add(member)
        if 3 * len(self._ill) > len(self._texts):
            raise failure

    async def _asked(self, members: Sequence[int]) -> _Sound:
        """One request about these members and two controls, in an order that nobody knows before."""
        controls: list[Control] = [self._chance.choice(FOR), self._chance.choice(AGAINST)]
        asked: list[int | Control] = [*members, *controls]
        self._chance.shuffle(asked)
        replies = await self._messages.ask(
            self._statement, [one.text if isinstance(one, Control) else self._texts[one] for one in asked]
        )
        scores: dict[int, int] = {}
        flagged: set[int] = set()
        holds = True
        for one, reply in zip(asked, replies, strict=True):
            if isinstance(one, Control):
                holds = holds and one.lowest <= reply.score <= one.highest and not reply.flagged
            else:
                scores[one] = reply.score
                if reply.flagged:
                    flagged.add(one)
        return _Sound(scores, frozenset(flagged), holds)

    async def _read_crossed(self) -> tuple[Reading, ...]:
        rest = self._unscreened()
        self._chance.shuffle(rest)
        ways = self._ways(rest)
        first, second = await self._both_ways(ways)
        differing = {member for member in rest if _differ(first[member].score, second[member].score)}
        wrong = [chunk for way in ways for chunk in way if 4 * len(differing.intersection(chunk)) > len(chunk)]
        company = Counter(member for chunk in wrong for member in chunk)
        flagged = {member for member in rest if first[member].flags | second[member].flags}
        apart = {*self._screened, *differing, *company, *flagged}
        self._check_share(len(apart))
        sure = [member for member in rest if member not in apart]
        sample = self._chance.sample(sure, min(AUDIT, len(sure)))
        await self._read_alone([*sorted(apart), *sample])
        accepted = {member: _between(first[member], second[member]) for member in sure}
        self._check_sample(accepted, sample)
        readings = accepted | self._single
        # Victims sat in one chunk that went wrong; only who led the others astray sat in two.
        for member in (member for member, times in company.items() if times > 1):
            readings[member] = replace(readings[member], flags=readings[member].flags | {Flag.COMPANY})
        return tuple(readings[member] for member in range(len(self._texts)))

    async def _both_ways(self, ways: Sequence[Sequence[list[int]]]) -> tuple[dict[int, Reading], dict[int, Reading]]:
        """Both readings of each member; the second time with others than the first."""
        wanted = [[asyncio.ensure_future(self._chunk(chunk)) for chunk in way] for way in ways]
        await _all_of([task for way in wanted for task in way])
        one, other = ({k: v for task in way for k, v in task.result().items()} for way in wanted)
        return one, other

    def _ways(self, members: Sequence[int]) -> list[list[list[int]]]:
        """The two ways in which the members are put into chunks; no two share a chunk in both."""
        size = max(1, min(CHUNK_OPINIONS, math.isqrt(len(members))))
        across = [chunk for group in crossed(members, size) for chunk in self._chunks(group, size)]
        return [self._chunks(members, size), across]

    def _chunks(self, members: Sequence[int], size: int) -> list[list[int]]:
        chunks: list[list[int]] = []
        room = 0
        for member in members:
            tokens = tokens_in(self._texts[member])
            if not chunks or len(chunks[-1]) >= size or tokens > room:
                chunks.append([])
                room = CHUNK_TOKENS
            chunks[-1].append(member)
            room -= tokens
        return chunks

    async def _chunk(self, members: Sequence[int]) -> dict[int, Reading]:
        """Readings of a chunk, halved until the controls hold."""
        if len(members) == 1:
            return {members[0]: await self._alone(members[0])}
        try:
            found = await self._asked(members)
        except IllReply:
            found = None
        if found is None or not found.controls_hold:
            middle = len(members) // 2
            halves = [asyncio.ensure_future(self._chunk(half)) for half in (members[:middle], members[middle:])]
            await _all_of(halves)
            return halves[0].result() | halves[1].result()
        return {member: Reading(found.scores[member], _flags(member, found)) for member in members}

    def _check_share(self, count: int) -> None:
        limit = max(ALONE, len(self._texts) // 5)
        if count > limit:
            raise Contaminated(
                f"{count} of {len(self._texts)} opinions look as if they instruct the model, or are moved by others; "
                f"{limit} can be read apart: have a person look at them."
            )

    def _check_sample(self, accepted: dict[int, Reading], sample: Sequence[int]) -> None:
        off = [member for member in sample if _differ(accepted[member].score, self._single[member].score)]
        if 10 * len(off) > len(sample):
            raise Contaminated(
                f"{len(off)} of {len(sample)} opinions have another score when they are read apart from the crowd: "
                "have a person look for opinions that instruct the model."
            )


def crossed(members: Sequence[int], size: int) -> list[Sequence[int]]:
    """Return groups of at most `size` members, of whom no two stood within `size` of each other: each group takes
    every n-th member. Holds where there are at least size² members."""
    stride = -(-len(members) // size)
    return [members[start::stride] for start in range(stride)]


def _flags(member: int, found: _Sound) -> frozenset[Flag]:
    return frozenset({Flag.MODEL}) if member in found.flagged else frozenset[Flag]()


def _differ(one: int | None, other: int | None) -> bool:
    if one is None or other is None:
        return one is not other
    return abs(one - other) > TOLERANCE


def _between(one: Reading, other: Reading) -> Reading:
    """Two readings that agree, as one: their mean, half up."""
    if one.score is None or other.score is None:
        return one
    return Reading((one.score + other.score + 1) // 2)


async def _all_of(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Wait for all; the first failure cancels the rest and is raised as it is."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
