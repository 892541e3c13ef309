"""What can go wrong with the database.

StoreError
├── StoreUnavailable     the database is down, full or locked: an outage, try again later (also a JournalError)
├── WrongRevision        the tables are not those that this version works with
├── NotPermitted         the database grants this user no such thing
├── OtherCluster         the database belongs to another cluster or program
├── FenceLost            the market's lease is somebody else's by now: stop at once (also a JournalError)
├── OnHold               a hold is placed: nothing may act on the outside (also a JournalError)
│   └── QueuePaused      the queue of this phase is paused: the market waits in it
├── NoSlot               all slots for analyses are taken: try again later
├── Meanwhile            something else happened to what a person acts on: they look again
│   ├── SettlementMoved  the settlement is no longer as they saw it (also a SettlementRefused)
│   └── RunMoved         the run of a runbook has ended, or somebody else marked the step
├── SettlementRefused    what a person asked for does not fit the settlement
└── BackupError          a backup cannot be made or is not one that can be restored

Messages are one sentence: what happened, to what, what to do. None holds a password.
"""

from chain.errors import JournalError


class StoreError(Exception):
    """What the database refused or could not do."""


class StoreUnavailable(StoreError, JournalError):  # noqa: N818 - named for what is so, as the chain's errors are
    """The database cannot be used now; a JournalError too, since signed transactions are kept there."""


class WrongRevision(StoreError):  # noqa: N818
    """The tables are not those that this version works with."""


class NotPermitted(StoreError):  # noqa: N818
    """The database grants this user no such thing."""


class OtherCluster(StoreError):  # noqa: N818
    """The database belongs to another cluster or program."""


class FenceLost(StoreError, JournalError):  # noqa: N818
    """Who asks does not hold the market any more: it stops at once, and whoever holds it goes on."""


class OnHold(StoreError, JournalError):  # noqa: N818
    """A hold is placed."""


class QueuePaused(OnHold):
    """The queue of the phase that was to begin is paused."""


class NoSlot(StoreError):  # noqa: N818
    """As many analyses run as are allowed at once."""


class Meanwhile(StoreError):  # noqa: N818
    """Something else happened to what a person acts on, so that they must look again before they act."""


class SettlementRefused(StoreError):  # noqa: N818
    """What a person asked for does not fit the settlement."""


class SettlementMoved(SettlementRefused, Meanwhile):
    """The settlement is no longer as the person saw it who acts on it."""


class RunMoved(Meanwhile):
    """The run of a runbook is no longer as the person saw it: it has ended, or somebody else marked the step."""


class BackupError(StoreError):
    """A backup cannot be made, or a file is not one that can be restored."""
