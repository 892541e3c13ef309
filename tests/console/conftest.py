"""What tests of the console share."""

import pytest

from console.recording.replay import Replay
from tests.console.night import NIGHT


@pytest.fixture
def night() -> Replay:
    """The recording of a localnet with traffic, standing still at its end."""
    replay = Replay(NIGHT)
    replay.jump((replay.ended - replay.began).total_seconds())
    replay.pause()
    return replay
