// @solana/web3.js 1.x against one cluster; prints what it saw as one line of JSON.
import {
  Connection, Keypair, LAMPORTS_PER_SOL, PublicKey, SendTransactionError, SystemProgram, Transaction,
  TransactionMessage, VersionedTransaction, sendAndConfirmTransaction,
} from "@solana/web3.js";

const [url, wsEndpoint] = process.argv.slice(2);
const connection = new Connection(url, { commitment: "confirmed", wsEndpoint });
const TOKEN = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
const payer = Keypair.generate();
const to = Keypair.generate().publicKey;
const move = (lamports) =>
  SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports });

const airdrop = await connection.requestAirdrop(payer.publicKey, 100 * LAMPORTS_PER_SOL);
await connection.confirmTransaction({ signature: airdrop, ...(await connection.getLatestBlockhash()) });

let slots = 0;
const slotListener = connection.onSlotChange(() => (slots += 1));
const changed = new Promise((resolve) => connection.onAccountChange(to, (account) => resolve(account.lamports)));
// The subscriptions must be there before the change is.
await new Promise((resolve) => setTimeout(resolve, 500));

const { blockhash } = await connection.getLatestBlockhash();
const message = new TransactionMessage({
  payerKey: payer.publicKey, recentBlockhash: blockhash, instructions: [move(LAMPORTS_PER_SOL)],
}).compileToV0Message();
const versioned = new VersionedTransaction(message);
versioned.sign([payer]);
const signature = await connection.sendTransaction(versioned);
await connection.confirmTransaction({ signature, ...(await connection.getLatestBlockhash()) });
const accountChange = String(await changed);
const balance = String(await connection.getBalance(to));

const found = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
const parsed = await connection.getParsedTransaction(signature, { maxSupportedTransactionVersion: 0 });
await sendAndConfirmTransaction(connection, new Transaction().add(move(5)), [payer]);

let preflightHasLogs = false;
try {
  await sendAndConfirmTransaction(connection, new Transaction().add(move(10 ** 15)), [payer]);
} catch (error) {
  preflightHasLogs = error instanceof SendTransactionError && error.logs.join().includes("insufficient lamports");
}

const program = await connection.getParsedAccountInfo(TOKEN);
const programAccounts = await connection.getProgramAccounts(TOKEN, { filters: [{ dataSize: 82 }] });
await connection.getBlock(found.slot, { maxSupportedTransactionVersion: 0 });
await connection.getEpochInfo();
await connection.removeSlotChangeListener(slotListener);

console.log(JSON.stringify({
  balance, accountChange, slots, preflightHasLogs,
  fee: String(found.meta.fee),
  version: found.version,
  parsedType: parsed.transaction.message.instructions[0].parsed.type,
  programAccounts: programAccounts.length,
  programType: program.value.data.parsed.type,
}));
process.exit(0);
