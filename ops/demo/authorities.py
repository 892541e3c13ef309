"""The program with its authorities and a bond, on a localnet: what everything else there stands on."""

import asyncio

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import addresses, instructions
from chain.accounts import ProgramConfig
from chain.constants import RandomnessProvider
from chain.token import create_associated_account
from chain.units import BasisPoints, UsdcUnits
from ops.demo.stage import Receipt, Stage
from ops.errors import OperatorError

BOND_SHARE = BasisPoints(10_000)


async def establish(stage: Stage, intent: str, bond: UsdcUnits, oracle: Pubkey | None = None) -> Receipt:
    """Initialise the program where nobody has, deposit `bond` more, and see that all can pay their fees.

    `oracle` is who records scores, such as a multisig's vault; the oracle's own key where left out.
    Raises OperatorError when the program has other authorities than ours.
    """
    oracle = oracle or stage.recorder
    keys, admin = stage.keys, stage.keys.admin.public_key
    initialized = await is_initialized(stage, oracle)
    await asyncio.gather(stage.fund(admin, bond), stage.fund(keys.oracle.public_key, UsdcUnits(0)))
    source = stage.usdc_account(admin)
    deposit = instructions.deposit_bond(depositor=admin, source=source, amount=bond, program=stage.program)
    treasury = create_associated_account(payer=admin, owner=keys.treasury.public_key, mint=stage.mint)
    wanted = [treasury, deposit] if initialized else [treasury, _initialize(stage, oracle), deposit]
    return await stage.send(intent, wanted, keys.admin)


async def is_initialized(stage: Stage, oracle: Pubkey | None = None) -> bool:
    """Whether there is a config; raises OperatorError when it is of other authorities than ours."""
    account = await stage.rpc.account(addresses.config(stage.program))
    if account is None:
        return False
    config = ProgramConfig.from_account(account.owner, account.data, stage.program)
    keys = stage.keys
    ours = {
        "admin": (config.admin, keys.admin.public_key),
        "guardian": (config.guardian, keys.guardian.public_key),
        "oracle": (config.oracle, oracle or keys.oracle.public_key),
        "treasury": (config.treasury, keys.treasury.public_key),
        "randomness": (Pubkey(config.randomness_key), Pubkey(keys.randomness.public)),
    }
    for role, (theirs, mine) in ours.items():
        if theirs != mine and (role, mine) == ("oracle", oracle):
            raise OperatorError(
                f"The localnet's oracle is {theirs}, not the signers' vault {mine}: start it anew with --reset."
            )
        if theirs != mine:
            raise OperatorError(
                f"The key in {role}.json is {mine}, but the localnet's {role} is {theirs}: give its own by --keys."
            )
    return True


def _initialize(stage: Stage, oracle: Pubkey | None) -> Instruction:
    keys = stage.keys
    return instructions.initialize(
        admin=keys.admin.public_key,
        usdc_mint=stage.mint,
        oracle=oracle or keys.oracle.public_key,
        treasury=keys.treasury.public_key,
        guardian=keys.guardian.public_key,
        randomness_key=keys.randomness.public,
        provider=RandomnessProvider.ECVRF,
        bond_share=BOND_SHARE,
        program=stage.program,
    )
