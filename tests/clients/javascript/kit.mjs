// @solana/kit against one cluster; prints what it saw as one line of JSON.
import {
  AccountRole, address, airdropFactory, appendTransactionMessageInstruction, createSolanaRpc,
  createSolanaRpcSubscriptions, createTransactionMessage, generateKeyPairSigner, getSignatureFromTransaction,
  isSolanaError, lamports, pipe, sendAndConfirmTransactionFactory, setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash, signTransactionMessageWithSigners,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
} from "@solana/kit";

const [url, wsUrl] = process.argv.slice(2);
const rpc = createSolanaRpc(url);
const rpcSubscriptions = createSolanaRpcSubscriptions(wsUrl);
const sendAndConfirm = sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions });
const TOKEN = address("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
const SOL = 1_000_000_000n;
const commitment = "confirmed";
const payer = await generateKeyPairSigner();
const to = (await generateKeyPairSigner()).address;

function move(amount) {
  const data = new Uint8Array(12);
  const view = new DataView(data.buffer);
  view.setUint32(0, 2, true);
  view.setBigUint64(4, amount, true);
  return {
    programAddress: address("11111111111111111111111111111111"),
    accounts: [
      { address: payer.address, role: AccountRole.WRITABLE_SIGNER },
      { address: to, role: AccountRole.WRITABLE },
    ],
    data,
  };
}

async function signed(amount) {
  const { value: latest } = await rpc.getLatestBlockhash({ commitment }).send();
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (m) => setTransactionMessageFeePayerSigner(payer, m),
    (m) => setTransactionMessageLifetimeUsingBlockhash(latest, m),
    (m) => appendTransactionMessageInstruction(move(amount), m),
  );
  return signTransactionMessageWithSigners(message);
}

await airdropFactory({ rpc, rpcSubscriptions })({
  recipientAddress: payer.address, lamports: lamports(100n * SOL), commitment,
});

const stop = new AbortController();
let slots = 0;
const slotNotifications = await rpcSubscriptions.slotNotifications().subscribe({ abortSignal: stop.signal });
(async () => {
  for await (const _ of slotNotifications) slots += 1;
})();
const accountNotifications = await rpcSubscriptions
  .accountNotifications(to, { commitment, encoding: "base64" })
  .subscribe({ abortSignal: stop.signal });
// Only what comes while somebody iterates is kept.
const changed = (async () => {
  for await (const notification of accountNotifications) return String(notification.value.lamports);
})();

const transaction = await signed(SOL);
await sendAndConfirm(transaction, { commitment });
const accountChange = await changed;

const signature = getSignatureFromTransaction(transaction);
const config = { commitment, maxSupportedTransactionVersion: 0 };
const found = await rpc.getTransaction(signature, { ...config, encoding: "json" }).send();
const parsed = await rpc.getTransaction(signature, { ...config, encoding: "jsonParsed" }).send();
const { value: balance } = await rpc.getBalance(to, { commitment }).send();

let preflightHasLogs = false;
try {
  await sendAndConfirm(await signed(10n ** 15n), { commitment });
} catch (error) {
  preflightHasLogs =
    isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE) &&
    error.context.logs.join().includes("insufficient lamports");
}

const program = await rpc.getAccountInfo(TOKEN, { commitment, encoding: "jsonParsed" }).send();
const filters = [{ dataSize: 82n }];
const programAccounts = await rpc.getProgramAccounts(TOKEN, { encoding: "base64", filters }).send();
await rpc.getEpochInfo().send();
await rpc.getSignaturesForAddress(to, { commitment }).send();
while (slots < 2) await new Promise((resolve) => setTimeout(resolve, 50));
stop.abort();

console.log(JSON.stringify({
  balance: String(balance), accountChange, slots, preflightHasLogs,
  fee: String(found.meta.fee),
  version: Number(found.version),
  parsedType: parsed.transaction.message.instructions[0].parsed.type,
  programAccounts: programAccounts.length,
  programType: program.value.data.parsed.type,
}));
process.exit(0);
