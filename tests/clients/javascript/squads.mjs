// @sqds/multisig against our multisig program on one cluster; prints what it saw as one line of JSON.
import * as multisig from "@sqds/multisig";
import { Connection, Keypair, PublicKey, SystemProgram, TransactionMessage } from "@solana/web3.js";

const [url, program] = process.argv.slice(2);
const programId = new PublicKey(program);
const connection = new Connection(url, "confirmed");
const { Permission, Permissions } = multisig.types;
const [ana, ben, chloe, crank, createKey] = Array.from({ length: 5 }, () => Keypair.generate());
const payee = Keypair.generate().publicKey;
const SOL = 1_000_000_000;

async function landed(sending) {
  const { value } = await connection.confirmTransaction(await sending, "confirmed");
  if (value.err) throw new Error(JSON.stringify(value.err));
}

for (const person of [ana, ben, chloe, crank]) await landed(connection.requestAirdrop(person.publicKey, 2 * SOL));
const [squad] = multisig.getMultisigPda({ createKey: createKey.publicKey, programId });
const [vault] = multisig.getVaultPda({ multisigPda: squad, index: 0, programId });
const [configPda] = multisig.getProgramConfigPda({ programId });
const { treasury } = await multisig.accounts.ProgramConfig.fromAccountAddress(connection, configPda);

const people = [ana, ben, chloe].map((person) => ({ key: person.publicKey, permissions: Permissions.all() }));
const hot = Permissions.fromPermissions([Permission.Initiate, Permission.Execute]);
await landed(multisig.rpc.multisigCreateV2({
  connection, createKey, creator: ana, multisigPda: squad, configAuthority: null, timeLock: 0, treasury, threshold: 2,
  rentCollector: crank.publicKey, members: [...people, { key: crank.publicKey, permissions: hot }], programId,
}));
await landed(connection.requestAirdrop(vault, SOL));

const proposalAt = (transactionIndex) => multisig.getProposalPda({ multisigPda: squad, transactionIndex, programId })[0];
const status = async (index) =>
  (await multisig.accounts.Proposal.fromAccountAddress(connection, proposalAt(index))).status.__kind;
const by = (person, transactionIndex) => ({
  connection, feePayer: person, multisigPda: squad, transactionIndex, programId,
});
const vote = async (how, index, voters) => {
  for (const member of voters) await landed(multisig.rpc[how]({ ...by(member, index), member, memo: "heard" }));
};
const open = (person, index, isDraft = false) =>
  landed(multisig.rpc.proposalCreate({ ...by(person, index), creator: person, isDraft }));

async function payment(lamports) {
  const { blockhash: recentBlockhash } = await connection.getLatestBlockhash();
  const instructions = [SystemProgram.transfer({ fromPubkey: vault, toPubkey: payee, lamports })];
  return new TransactionMessage({ payerKey: vault, recentBlockhash, instructions });
}

async function propose(person, index, lamports) {
  await landed(multisig.rpc.vaultTransactionCreate({
    ...by(person, index), creator: person.publicKey, vaultIndex: 0, ephemeralSigners: 0,
    transactionMessage: await payment(lamports), memo: "a payment",
  }));
  await open(person, index);
}

const seen = {};

await propose(crank, 1n, SOL / 2);
await vote("proposalApprove", 1n, [ana, ben]);
seen.approved = await status(1n);
await landed(multisig.rpc.vaultTransactionExecute({ ...by(crank, 1n), member: crank.publicKey, signers: [crank] }));
seen.executed = await status(1n);
seen.paid = await connection.getBalance(payee);

await propose(ana, 2n, SOL / 4);
await vote("proposalReject", 2n, [ana, chloe]);
seen.rejected = await status(2n);

await propose(ana, 3n, SOL / 4);
await vote("proposalApprove", 3n, [ana, chloe]);
await vote("proposalCancel", 3n, [ana, chloe]);
seen.cancelled = await status(3n);

await landed(multisig.rpc.configTransactionCreate({
  ...by(ana, 4n), creator: ana.publicKey,
  actions: [
    { __kind: "ChangeThreshold", newThreshold: 3 },
    { __kind: "AddMember", newMember: { key: payee, permissions: Permissions.all() } },
  ],
}));
await open(ana, 4n);
await vote("proposalApprove", 4n, [ana, ben]);
await landed(multisig.rpc.configTransactionExecute({ ...by(ana, 4n), member: ana, rentPayer: ana }));
const changed = await multisig.accounts.Multisig.fromAccountAddress(connection, squad);
seen.threshold = changed.threshold;
seen.members = changed.members.length;
seen.stale = Number(changed.staleTransactionIndex);

const batch = { connection, feePayer: ana, multisigPda: squad, batchIndex: 5n, programId };
await landed(multisig.rpc.batchCreate({ ...batch, creator: ana, rentPayer: ana, vaultIndex: 0 }));
await open(ana, 5n, true);
await landed(multisig.rpc.batchAddTransaction({
  ...batch, member: ana, transactionIndex: 1, vaultIndex: 0, ephemeralSigners: 0, transactionMessage: await payment(7),
}));
await landed(multisig.rpc.proposalActivate({ ...by(ana, 5n), member: ana }));
await vote("proposalApprove", 5n, [ana, ben, chloe]);
await landed(multisig.rpc.batchExecuteTransaction({ ...batch, feePayer: crank, member: crank, transactionIndex: 1 }));
seen.batch = await status(5n);
seen.paidInBatch = (await connection.getBalance(payee)) - seen.paid;

await landed(multisig.rpc.vaultTransactionAccountsClose({ ...by(ana, 1n), rentCollector: crank.publicKey }));
seen.closed = (await connection.getAccountInfo(proposalAt(1n))) === null;

console.log(JSON.stringify(seen));
// Its subscriptions would keep the process.
process.exit(0);
