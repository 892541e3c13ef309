"""What most answers begin with: the commitment asked for, and the slot answered from."""

from __future__ import annotations

from opinion_localnet.bank.records import Commitment
from opinion_localnet.node import Node
from opinion_localnet.rpc.errors import invalid_params, min_context_slot_not_reached
from opinion_localnet.rpc.params import Config

# The release whose answers these are: clients look at it to know what to expect.
API_VERSION = "4.1.2"
FEATURE_SET = 3345198602


def with_context(node: Node, commitment: Commitment, value: object) -> dict[str, object]:
    """`value` with the slot that it is true of."""
    return {"context": {"apiVersion": API_VERSION, "slot": node.bank.slot_at(commitment)}, "value": value}


def commitment_of(node: Node, config: Config) -> Commitment:
    """The commitment asked for; raises if the node is behind the caller's minContextSlot."""
    commitment = config.commitment()
    least = config.uint("minContextSlot")
    slot = node.bank.slot_at(commitment)
    if least is not None and slot < least:
        raise min_context_slot_not_reached(slot)
    return commitment


def settled_commitment(config: Config) -> Commitment:
    """The commitment asked for, which must be at least confirmed: processed slots are not on disk."""
    commitment = config.commitment()
    if commitment is Commitment.PROCESSED:
        raise invalid_params("Method does not support commitment below `confirmed`")
    return commitment
