"""Spending limits: begun and ended by the members or a config authority, used by whom and for what they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.multisig.v4 import addresses, instructions
from chain.multisig.v4.accounts import AddSpendingLimit, ConfigAction, Executed, Period, RemoveSpendingLimit
from chain.wire import codec_of, discriminator
from tests.programs import tokens
from tests.programs.multisig import calls as c
from tests.programs.multisig.council import (
    ANA,
    BO,
    CHI,
    CRANK,
    EVE,
    OTHER_KEY,
    PAYEE,
    PROGRAM_ID,
    RULER,
    SQUAD,
    STRANGER,
    VAULT,
    Council,
    creation,
    refused,
)
from tests.programs.multisig.errors import Code
from tests.programs.multisig.limits import (
    FROM,
    MINT,
    NAMED,
    REMAINING,
    TO,
    limit_of,
    spending,
    spending_tokens,
)
from tests.programs.multisig_v3.bending import Bent
from tests.programs.spec import DAY, SYSTEM_PROGRAM, TOKEN_PROGRAM
from tests.programs.tokens import TokenAccount
from tests.programs.world import actor

TOKEN_2022 = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
OTHER = addresses.multisig(OTHER_KEY, PROGRAM_ID)


def change(council: Council, actions: Sequence[ConfigAction], limits: Sequence[Pubkey], by: Pubkey = CRANK) -> int:
    """By the members' vote, with these limits' accounts."""
    index = council.propose_changes(*actions)
    council.approve(index, ANA, BO, CHI)
    council.send(
        instructions.execute_config_transaction(
            multisig=SQUAD, index=index, member=CRANK, rent_payer=by, spending_limits=limits, program=PROGRAM_ID
        )
    )
    return index


@pytest.fixture
def limited(council: Council) -> Council:
    """With a limit of a hundred lamports a day."""
    change(council, [NAMED], [limit_of()])
    return council


# Beginning and ending


def test_a_limit_is_as_it_was_asked_for_and_makes_nothing_stale(council: Council) -> None:
    index = change(council, [NAMED], [limit_of()])
    assert council.status(index) is Executed
    account = council.account(limit_of())
    assert account is not None
    data = account.data
    wanted = codec_of(AddSpendingLimit).encode(NAMED)
    key, vault, mint, amount, period = wanted[:32], wanted[32:33], wanted[33:65], wanted[65:73], wanted[73:74]
    now = council.now.to_bytes(8, "little")
    assert data[:8] == discriminator("account", "SpendingLimit")
    assert data[8:130] == bytes(SQUAD) + key + vault + mint + amount + period + amount + now
    assert data[131:] == wanted[74:]
    assert (account.owner, account.lamports) == (PROGRAM_ID, council.rent(len(data)))
    assert council.squad.stale_transaction_index == 0


def test_members_end_a_limit_and_begin_another_in_one_go(limited: Council) -> None:
    other = replace(NAMED, create_key=actor("another limit"), amount=7)
    change(limited, [RemoveSpendingLimit(limit_of()), other], [limit_of(), limit_of(other.create_key)])
    assert limited.account(limit_of()) is None
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        limited.send(spending(1))
    limited.send(spending(7, limit=limit_of(other.create_key)))


def test_the_rent_of_a_limit_goes_back_to_who_pays(limited: Council) -> None:
    rent, before = limited.lamports(limit_of()), limited.lamports(EVE)
    change(limited, [RemoveSpendingLimit(limit_of())], [limit_of()], by=EVE)
    assert limited.lamports(EVE) - before == rent


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        (replace(NAMED, amount=0), Code.SPENDING_LIMIT_INVALID_AMOUNT),
        (replace(NAMED, members=()), Code.EMPTY_MEMBERS),
        (replace(NAMED, members=(EVE, ANA, EVE)), Code.DUPLICATE_MEMBER),
    ],
)
def test_a_limit_that_nobody_could_use_is_refused(council: Council, limit: AddSpendingLimit, code: Code) -> None:
    with refused(code):
        change(council, [limit], [limit_of()])


def test_an_unknown_period_is_refused(council: Council) -> None:
    made = instructions.create_config_transaction(
        multisig=SQUAD, index=1, creator=ANA, rent_payer=ANA, actions=[NAMED], program=PROGRAM_ID
    )
    place = 8 + 4 + 1 + 73
    bent = made.data[:place] + b"\4" + made.data[place + 1 :]
    with refused(Code.INSTRUCTION_DID_NOT_DESERIALIZE):
        council.send(Bent(made).with_data(bent))


@pytest.mark.parametrize("action", [NAMED, RemoveSpendingLimit(limit_of())])
def test_a_limits_account_has_to_be_passed_and_its_rent_paid(council: Council, action: ConfigAction) -> None:
    if isinstance(action, RemoveSpendingLimit):
        change(council, [NAMED], [limit_of()])
    index = council.propose_changes(action)
    council.approve(index, ANA, BO, CHI)
    made = instructions.execute_config_transaction(
        multisig=SQUAD, index=index, member=CRANK, rent_payer=EVE, spending_limits=[limit_of()], program=PROGRAM_ID
    )
    with refused(Code.MISSING_ACCOUNT):
        council.send(Bent(made).using(6, STRANGER))
    with refused(Code.MISSING_ACCOUNT):
        council.send(Bent(made).without_last())
    with refused(Code.CONSTRAINT_MUT):
        council.send(Bent(made).read_only(6))
    with refused(Code.MISSING_ACCOUNT):
        council.send(Bent(made).unsigned(4))
    council.send(made)


@pytest.mark.parametrize("thing", ["multisig", "proposal", "transaction", "another multisig's"])
def test_nothing_but_a_limit_of_its_own_is_ended(limited: Council, thing: str) -> None:
    """Members who do not look are asked to end what is no limit, for its rent."""
    index = limited.squad.transaction_index + 1
    theirs = limit_of(multisig=OTHER)
    limited.place(theirs, Account(10**9, limited.data(limit_of()), PROGRAM_ID))
    address, code = {
        "multisig": (SQUAD, Code.ACCOUNT_DISCRIMINATOR_MISMATCH),
        "proposal": (addresses.proposal(SQUAD, index, PROGRAM_ID), Code.ACCOUNT_DISCRIMINATOR_MISMATCH),
        "transaction": (addresses.transaction(SQUAD, index - 1, PROGRAM_ID), Code.ACCOUNT_DISCRIMINATOR_MISMATCH),
        "another multisig's": (theirs, Code.CONSTRAINT_SEEDS),
    }[thing]
    with refused(code):
        change(limited, [RemoveSpendingLimit(address)], [address])


def test_a_config_authority_begins_and_ends_one_alone(council: Council) -> None:
    council.send(creation(OTHER_KEY, authority=RULER))
    limit = limit_of(multisig=OTHER)
    accounts = [(OTHER, ""), (RULER, "s"), (limit, "w"), (STRANGER, "ws"), (SYSTEM_PROGRAM, "")]
    add = c.call("multisig_add_spending_limit", accounts, codec_of(AddSpendingLimit).encode(NAMED) + c.NO_MEMO)
    with refused(Code.UNAUTHORIZED):
        council.send(Bent(add).using(1, ANA))
    with refused(Code.UNAUTHORIZED):
        council.send(Bent(Bent(add).using(0, SQUAD)).using(2, limit_of()))
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(Bent(add).using(2, limit_of()))
    council.send(add)
    remove = c.call("multisig_remove_spending_limit", [(OTHER, ""), (RULER, "s"), (limit, "w"), (EVE, "w")], c.NO_MEMO)
    with refused(Code.UNAUTHORIZED):
        council.send(Bent(remove).using(1, ANA))
    rent, before = council.lamports(limit), council.lamports(EVE)
    council.send(remove)
    assert council.account(limit) is None
    assert council.lamports(EVE) - before == rent


# Lamports


def test_a_period_gives_its_amount_once(limited: Council) -> None:
    before = limited.lamports(PAYEE)
    limited.send(spending(60))
    with refused(Code.SPENDING_LIMIT_EXCEEDED):
        limited.send(spending(41))
    limited.send(spending(40, by=EVE))
    limited.later(DAY - 1)
    with refused(Code.SPENDING_LIMIT_EXCEEDED):
        limited.send(spending(1))
    limited.later(1)
    limited.send(spending(100))
    assert limited.lamports(PAYEE) - before == 200


def test_nobody_else_spends_and_nobody_else_is_paid(limited: Council) -> None:
    with refused(Code.UNAUTHORIZED):
        limited.send(spending(1, by=ANA))
    with refused(Code.INVALID_DESTINATION):
        limited.send(spending(1, to=STRANGER))
    with refused(Code.ACCOUNT_NOT_SIGNER):
        limited.send(Bent(spending(1)).unsigned(1))


def test_anybody_is_paid_where_nobody_is_named(council: Council) -> None:
    change(council, [replace(NAMED, destinations=())], [limit_of()])
    before = council.lamports(STRANGER)
    council.send(spending(9, to=STRANGER))
    assert council.lamports(STRANGER) - before == 9


def test_lamports_have_nine_decimals_and_need_the_system_program(limited: Council) -> None:
    with refused(Code.DECIMALS_MISMATCH):
        limited.send(spending(1, decimals=6))
    with refused(Code.MISSING_ACCOUNT):
        limited.send(Bent(spending(1)).without_last())
    with refused(Code.MISSING_ACCOUNT):
        limited.send(Bent(spending(1)).using(5, PROGRAM_ID))
    with refused(Code.INVALID_PROGRAM_ID):
        limited.send(Bent(spending(1)).using(5, STRANGER))


def test_only_its_vault_is_spent_from(limited: Council) -> None:
    with refused(Code.CONSTRAINT_SEEDS):
        limited.send(Bent(spending(1)).using(3, addresses.vault(SQUAD, 1, PROGRAM_ID)))
    limited.send(creation(OTHER_KEY))
    with refused(Code.CONSTRAINT_SEEDS):
        limited.send(Bent(spending(1)).using(0, OTHER))


def test_a_limit_that_looks_alike_is_not_believed(limited: Council) -> None:
    data, forged = limited.data(limit_of()), actor("forged limit")
    limited.place(forged, Account(10**9, data, PROGRAM_ID))
    with refused(Code.CONSTRAINT_SEEDS):
        limited.send(spending(1, limit=forged))
    limited.place(forged, Account(10**9, data, STRANGER))
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        limited.send(spending(1, limit=forged))
    with refused(Code.ACCOUNT_DISCRIMINATOR_MISMATCH):
        limited.send(spending(1, limit=SQUAD))


# Tokens


def hold(council: Council, program: Pubkey = TOKEN_PROGRAM) -> Council:
    """With a limit of a hundred base units once, and a thousand in the vault's account."""
    mint = tokens.mint(STRANGER, STRANGER, 6, supply=1_000)
    council.place(MINT, Account(mint.lamports, mint.data, program))
    council.place(FROM, TokenAccount(MINT, VAULT, 1_000).account(owner=program))
    council.place(TO, TokenAccount(MINT, PAYEE).account(owner=program))
    change(council, [replace(NAMED, mint=MINT, period=Period.ONE_TIME)], [limit_of()])
    return council


@pytest.fixture
def holding(council: Council) -> Council:
    """With tokens of the first token program."""
    return hold(council)


def test_tokens_are_spent_once(holding: Council) -> None:
    holding.send(spending_tokens(100))
    assert (holding.balance(FROM), holding.balance(TO)) == (900, 100)
    holding.later(400 * DAY)
    with refused(Code.SPENDING_LIMIT_EXCEEDED):
        holding.send(spending_tokens(1))


def test_tokens_of_token_2022_are_spent_through_their_own_program(council: Council) -> None:
    hold(council, TOKEN_2022)

    def held(place: Pubkey) -> int:
        return int.from_bytes(council.data(place)[64:72], "little")

    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        council.send(spending_tokens(1))
    council.send(spending_tokens(60, program=TOKEN_2022))
    with refused(Code.SPENDING_LIMIT_EXCEEDED):
        council.send(spending_tokens(41, program=TOKEN_2022))
    council.send(spending_tokens(40, program=TOKEN_2022))
    assert (held(FROM), held(TO)) == (900, 100)
    # Neither program is asked for the other's tokens.
    old = tokens.mint(STRANGER, STRANGER, 6, supply=1_000)
    council.place(MINT, old)
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        council.send(spending_tokens(0, program=TOKEN_2022))


def test_tokens_go_from_the_vaults_account_to_the_payees(holding: Council) -> None:
    theirs, strange = actor("a stranger's tokens"), actor("tokens of another mint")
    holding.place(theirs, TokenAccount(MINT, STRANGER, 5, delegate=VAULT).account())
    holding.place(strange, TokenAccount(actor("another mint"), VAULT, 5).account())
    right = spending_tokens(1)
    for place in (7, 8):
        with refused(Code.CONSTRAINT_TOKEN_OWNER):
            holding.send(Bent(right).using(place, theirs))
        with refused(Code.CONSTRAINT_TOKEN_MINT):
            holding.send(Bent(right).using(place, strange))
        with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
            holding.send(Bent(right).using(place, STRANGER))
        with refused(Code.CONSTRAINT_MUT):
            holding.send(Bent(right).read_only(place))
    holding.send(right)


def test_the_mint_its_decimals_and_the_token_program_are_the_right_ones(holding: Council) -> None:
    right = spending_tokens(1)
    with refused(Code.INVALID_MINT):
        holding.send(Bent(right).using(6, STRANGER))
    with refused(Code.DECIMALS_MISMATCH):
        holding.send(spending_tokens(1, decimals=9))
    with refused(Code.INVALID_PROGRAM_ID):
        holding.send(spending_tokens(1, program=STRANGER))
    for place in (6, 7, 8, 9):
        with refused(Code.MISSING_ACCOUNT):
            holding.send(Bent(right).using(place, PROGRAM_ID))
    with refused(Code.MISSING_ACCOUNT):
        holding.send(Bent(right).without_last())


def test_a_limit_for_tokens_spends_no_lamports(holding: Council) -> None:
    before = holding.lamports(VAULT)
    with refused(Code.MISSING_ACCOUNT):
        holding.send(spending(1))
    assert holding.lamports(VAULT) == before


def test_a_token_account_without_enough_pays_nothing(holding: Council) -> None:
    holding.place(FROM, TokenAccount(MINT, VAULT, 5).account())
    remaining = holding.data(limit_of())[REMAINING]
    with refused(1):
        holding.send(spending_tokens(6))
    assert holding.data(limit_of())[REMAINING] == remaining


def test_places_that_are_left_out_may_also_be_named_none(limited: Council) -> None:
    made = spending(1)
    nobody = [AccountMeta(PROGRAM_ID, False, False)] * 4
    limited.send(Instruction(PROGRAM_ID, made.data, [*made.accounts, *nobody]))
