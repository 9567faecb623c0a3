//! Adapter for revm: drives its handler, and for bare code its frames, through protocol hyperion/1.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::io::{BufRead, Write};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use alloy_consensus::transaction::SignerRecoverable;
use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use revm::Database;
use revm::bytecode::Bytecode;
use revm::context::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction};
use revm::context::transaction::{AccessList, AccessListItem, Authorization, SignedAuthorization};
use revm::context::{BlockEnv, CfgEnv, Context, ContextSetters, ContextTr, Evm, Journal, JournalTr, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::context_interface::either::Either;
use revm::handler::{
    EthFrame, EvmTr, EvmTrError, ExecuteEvm, FrameResult, FrameTr, Handler, MainBuilder, MainnetContext,
};
use revm::inspector::{InspectEvm, Inspector, InspectorEvmTr, InspectorHandler};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::interpreter_types::{Jumps, MemoryTr};
use revm::interpreter::{InitialAndFloorGas, Interpreter};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, B256, Bytes, TxKind, U256, hex};
use revm::state::{AccountInfo, EvmState};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Why a request gets no outcome.
enum Trouble {
    BadInput(String),
    Skip(String),
    Internal(String),
}

type Outcome = Result<Value, Trouble>;

fn bad<T>(what: &str, value: &Value) -> Result<T, Trouble> {
    Err(Trouble::BadInput(format!("{what}: {value}")))
}

/// An integer of the protocol: a decimal string or a JSON integer.
fn number(value: &Value) -> Result<U256, Trouble> {
    match value {
        Value::Number(n) => n
            .as_u64()
            .map(U256::from)
            .map_or_else(|| bad("not an integer", value), Ok),
        Value::String(s) if !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) => {
            U256::from_str_radix(s, 10).or_else(|_| bad("above 256 bits", value))
        }
        _ => bad("not an integer", value),
    }
}

/// An integer that revm keeps in fewer bits than Ethereum allows.
fn narrow<T: TryFrom<U256>>(value: &Value) -> Result<T, Trouble> {
    T::try_from(number(value)?).map_err(|_| Trouble::Skip(format!("revm has no room for {value} there")))
}

fn octets(value: &Value) -> Result<Vec<u8>, Trouble> {
    match value.as_str().and_then(|s| s.strip_prefix("0x")) {
        Some(digits) => hex::decode(digits).or_else(|_| bad("not 0x-hex", value)),
        None => bad("not 0x-hex", value),
    }
}

fn address(value: &Value) -> Result<Address, Trouble> {
    Address::try_from(octets(value)?.as_slice()).or_else(|_| bad("not an address", value))
}

fn hash(value: &Value) -> Result<B256, Trouble> {
    B256::try_from(octets(value)?.as_slice()).or_else(|_| bad("not 32 bytes", value))
}

fn or<'a>(value: &'a Value, key: &str, default: &'a Value) -> &'a Value {
    value.get(key).unwrap_or(default)
}

fn text(bytes: &[u8]) -> String {
    hex::encode_prefixed(bytes)
}

type Storage = BTreeMap<U256, U256>;

/// The state before the case; it has no block hashes.
#[derive(Clone, Default)]
struct Pre(HashMap<Address, (AccountInfo, Storage)>);

/// Who embeds revm says whether code is a designator: before Prague there are none, whatever code begins with.
fn bytecode(fork: SpecId, code: Vec<u8>) -> Bytecode {
    if fork.is_enabled_in(SpecId::PRAGUE) {
        if let Ok(found) = Bytecode::new_raw_checked(Bytes::from(code.clone())) {
            return found;
        }
    }
    Bytecode::new_legacy(code.into())
}

impl Pre {
    fn read(fork: SpecId, accounts: &Value) -> Result<Self, Trouble> {
        let mut pre = Self::default();
        for (key, account) in accounts.as_object().into_iter().flatten() {
            pre.put(fork, address(&json!(key))?, account)?;
        }
        Ok(pre)
    }

    fn put(&mut self, fork: SpecId, at: Address, account: &Value) -> Result<(), Trouble> {
        let code = octets(or(account, "code", &json!("0x")))?;
        let info = AccountInfo {
            nonce: narrow(or(account, "nonce", &json!(0)))?,
            balance: number(or(account, "balance", &json!(0)))?,
            code_hash: revm::primitives::keccak256(&code),
            code: Some(bytecode(fork, code)),
            ..Default::default()
        };
        let mut storage = Storage::new();
        for (key, value) in account.get("storage").and_then(Value::as_object).into_iter().flatten() {
            storage.insert(number(&json!(key))?, number(value)?);
        }
        storage.retain(|_, value| !value.is_zero());
        self.0.insert(at, (info, storage));
        Ok(())
    }

    /// The state after the case.
    fn merged(mut self, changes: EvmState) -> Self {
        for (at, account) in changes {
            if !account.is_touched() {
                continue;
            }
            if account.is_selfdestructed() || account.is_empty() {
                self.0.remove(&at);
                continue;
            }
            let known = self.0.entry(at).or_default();
            if account.is_created() {
                known.1.clear();
            }
            known.0 = account.info;
            known
                .1
                .extend(account.storage.into_iter().map(|(key, slot)| (key, slot.present_value)));
            known.1.retain(|_, value| !value.is_zero());
        }
        self
    }

    fn json(&self) -> Value {
        let mut all = serde_json::Map::new();
        for (at, (info, storage)) in &self.0 {
            let code = info.code.as_ref().map(|c| c.original_bytes()).unwrap_or_default();
            let (nonce, balance) = (info.nonce.to_string(), info.balance.to_string());
            let account = json!({"nonce": nonce, "balance": balance, "code": text(&code), "storage": words(storage)});
            all.insert(text(at.as_slice()), account);
        }
        Value::Object(all)
    }
}

fn words(storage: &Storage) -> Value {
    storage
        .iter()
        .map(|(key, value)| (key.to_string(), json!(value.to_string())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

impl Database for Pre {
    type Error = Infallible;

    fn basic(&mut self, at: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.0.get(&at).map(|(info, _)| info.clone()))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Infallible> {
        let found = self.0.values().find(|(info, _)| info.code_hash == code_hash);
        Ok(found.and_then(|(info, _)| info.code.clone()).unwrap_or_default())
    }

    fn storage(&mut self, at: Address, key: U256) -> Result<U256, Infallible> {
        Ok(self
            .0
            .get(&at)
            .and_then(|(_, storage)| storage.get(&key))
            .copied()
            .unwrap_or_default())
    }

    fn block_hash(&mut self, _: u64) -> Result<B256, Infallible> {
        Ok(B256::ZERO)
    }
}

/// The chained digest of the steps, kept at the positions asked for.
#[derive(Default)]
struct Trace {
    on: bool,
    full: bool,
    wanted: BTreeSet<u64>,
    steps: u64,
    digest: [u8; 16],
    found: serde_json::Map<String, Value>,
}

impl<CTX: ContextTr> Inspector<CTX, EthInterpreter> for Trace {
    fn step(&mut self, frame: &mut Interpreter<EthInterpreter>, context: &mut CTX) {
        // an empty contract creation is run by revm as code of one STOP; there is no code, so there is no step
        if !self.on || frame.bytecode.is_empty() {
            return;
        }
        let (pc, op, gas) = (frame.bytecode.pc(), frame.bytecode.opcode(), frame.gas.remaining());
        let (depth, size) = (context.journal().depth(), frame.memory.size());
        let stack: Vec<String> = frame.stack.data().iter().map(U256::to_string).collect();
        let line = format!("{pc}|{op}|{gas}|{depth}|{size}|{}", stack.join(","));
        let sum = Sha256::new().chain_update(self.digest).chain_update(line).finalize();
        self.digest.copy_from_slice(&sum[..16]);
        if self.wanted.contains(&self.steps) {
            let state = json!({"pc": pc, "op": op, "gas": gas.to_string(), "depth": depth, "memory_size": size, "stack": stack});
            self.found.insert(
                self.steps.to_string(),
                if self.full { state } else { json!(text(&self.digest)) },
            );
        }
        self.steps += 1;
    }
}

impl Trace {
    fn answer(mut self) -> Value {
        if self.full {
            return json!({"steps": self.steps, "states": self.found});
        }
        for at in self.wanted.iter().filter(|at| **at >= self.steps) {
            self.found.insert(at.to_string(), json!(text(&self.digest)));
        }
        json!({"steps": self.steps, "digests": self.found})
    }
}

/// Runs the first frame alone: nothing is validated, deducted, refunded or paid.
struct Bare<EVM, ERROR>(PhantomData<(EVM, ERROR)>);

impl<EVM, ERROR> Handler for Bare<EVM, ERROR>
where
    EVM: EvmTr<
            Context: ContextTr<Journal: JournalTr<State = EvmState>>,
            Frame: FrameTr<FrameInit = FrameInit, FrameResult = FrameResult>,
        >,
    ERROR: EvmTrError<EVM>,
{
    type Evm = EVM;
    type Error = ERROR;
    type HaltReason = HaltReason;

    fn validate_env(&self, _: &mut EVM) -> Result<(), ERROR> {
        Ok(())
    }

    fn validate_initial_tx_gas(&self, _: &mut EVM) -> Result<InitialAndFloorGas, ERROR> {
        Ok(InitialAndFloorGas::new(0, 0))
    }

    fn validate_against_state_and_deduct_caller(&self, evm: &mut EVM, _: &mut InitialAndFloorGas) -> Result<(), ERROR> {
        use revm::context::Transaction;
        let caller = evm.ctx().tx().caller();
        evm.ctx().journal_mut().load_account(caller)?;
        Ok(())
    }

    fn refund(&self, _: &mut EVM, _: &mut FrameResult, _: i64) -> Result<(), ERROR> {
        Ok(())
    }

    fn reimburse_caller(&self, _: &mut EVM, _: &mut FrameResult) -> Result<(), ERROR> {
        Ok(())
    }

    fn reward_beneficiary(&self, _: &mut EVM, _: &mut FrameResult) -> Result<(), ERROR> {
        Ok(())
    }
}

impl<EVM, ERROR> InspectorHandler for Bare<EVM, ERROR>
where
    EVM: InspectorEvmTr<
            Context: ContextTr<Journal: JournalTr<State = EvmState>>,
            Frame = EthFrame<EthInterpreter>,
            Inspector: Inspector<<EVM as EvmTr>::Context, EthInterpreter>,
        >,
    ERROR: EvmTrError<EVM>,
{
    type IT = EthInterpreter;
}

fn spec(fork: &str) -> Option<SpecId> {
    match fork {
        "CANCUN" => Some(SpecId::CANCUN),
        "PRAGUE" => Some(SpecId::PRAGUE),
        "OSAKA" => Some(SpecId::OSAKA),
        _ => None,
    }
}

fn context(fork: SpecId, input: &Value, pre: Pre) -> Result<MainnetContext<Pre>, Trouble> {
    let none = json!({});
    let block = or(input, "block", &none);
    let mut cfg = CfgEnv::new_with_spec(fork);
    cfg.chain_id = narrow(or(input, "chain_id", &json!(1)))?;
    let env = BlockEnv {
        number: number(or(block, "number", &json!(1)))?,
        beneficiary: address(or(
            block,
            "coinbase",
            &json!("0x000000000000000000000000000000000000c014"),
        ))?,
        timestamp: number(or(block, "timestamp", &json!(1000)))?,
        gas_limit: narrow(or(block, "gas_limit", &json!(30_000_000)))?,
        basefee: narrow(or(block, "base_fee", &json!(0)))?,
        difficulty: U256::ZERO,
        prevrandao: Some(hash(or(block, "prevrandao", &json!(text(B256::ZERO.as_slice()))))?),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new_with_spec(
            narrow(or(block, "excess_blob_gas", &json!(0)))?,
            fork,
        )),
        slot_num: 0,
    };
    Ok(
        Context::<BlockEnv, TxEnv, CfgEnv, Pre, Journal<Pre>, ()>::new(pre, fork)
            .with_block(env)
            .with_cfg(cfg),
    )
}

fn halt_reason(reason: &HaltReason) -> Option<&'static str> {
    Some(match reason {
        HaltReason::OutOfGas(_) => "out-of-gas",
        HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode | HaltReason::NotActivated => "invalid-opcode",
        HaltReason::InvalidJump => "invalid-jump",
        HaltReason::StackUnderflow => "stack-underflow",
        HaltReason::StackOverflow => "stack-overflow",
        HaltReason::OutOfOffset => "return-data-out-of-bounds",
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => "static-violation",
        _ => return None,
    })
}

fn outcome(result: &ExecutionResult) -> Value {
    let output = result.output().map(|bytes| text(bytes)).unwrap_or("0x".into());
    match result {
        ExecutionResult::Success { logs, .. } => {
            let logs: Vec<Value> = logs
                .iter()
                .map(|log| {
                    let topics: Vec<String> = log.data.topics().iter().map(|topic| text(topic.as_slice())).collect();
                    json!({"address": text(log.address.as_slice()), "topics": topics, "data": text(&log.data.data)})
                })
                .collect();
            json!({"status": "success", "output": output, "logs": logs})
        }
        ExecutionResult::Revert { .. } => json!({"status": "revert", "output": output, "logs": []}),
        ExecutionResult::Halt { reason, .. } => {
            let mut found = json!({"status": "halt", "output": "0x", "logs": []});
            if let Some(reason) = halt_reason(reason) {
                found["reason"] = json!(reason);
            }
            found
        }
    }
}

fn vm_run(fork: SpecId, input: &Value, trace: &mut Trace) -> Outcome {
    for key in ["code", "gas", "address", "caller"] {
        if input.get(key).is_none() {
            return Err(Trouble::BadInput(format!("input lacks {key}")));
        }
    }
    let (callee, caller) = (address(&input["address"])?, address(&input["caller"])?);
    let (gas, value): (u64, U256) = (narrow(&input["gas"])?, number(or(input, "value", &json!(0)))?);
    let mut pre = Pre::read(fork, or(input, "accounts", &Value::Null))?;
    pre.put(
        fork,
        callee,
        &json!({"nonce": 1, "code": input["code"], "storage": or(input, "storage", &json!({}))}),
    )?;
    if !value.is_zero() {
        // the frame moves the value from the caller, so that the balances come out as the protocol states them
        let payer = &mut pre.0.entry(caller).or_default().0;
        payer.balance = payer.balance.saturating_add(value);
    }
    let kind = TxKind::Call(callee);
    let data = octets(or(input, "calldata", &json!("0x")))?.into();
    let tx = TxEnv {
        caller,
        gas_limit: gas,
        gas_price: 0,
        kind,
        value,
        data,
        ..Default::default()
    };
    let mut evm = context(fork, input, pre.clone())?.build_mainnet_with_inspector(std::mem::take(trace));
    evm.ctx.set_tx(tx);
    let done: Result<ExecutionResult, EVMError<Infallible>> = Bare(PhantomData).inspect_run(&mut evm);
    let result = done.map_err(|error| Trouble::Internal(format!("{error:?}")))?;
    let changes = evm.finalize();
    *trace = std::mem::take(&mut evm.inspector);
    let mut found = outcome(&result);
    let good = result.is_success();
    found["gas_left"] = json!((gas - result.gas().total_gas_spent()).to_string());
    found["refund"] = json!((if good { result.gas().inner_refunded() } else { 0 }).to_string());
    found["storage"] = pre
        .merged(changes)
        .0
        .get(&callee)
        .map_or(json!({}), |(_, storage)| words(storage));
    Ok(found)
}

/// The chain that a signed envelope is for, once it is decoded and its sender recovered by alloy, as clients on revm do.
///
/// Alloy does not say which rule an envelope breaks that it cannot decode, so that reason is left open.
fn decoded(tx: &Value) -> Result<Result<Option<u64>, Option<&'static str>>, Trouble> {
    let raw = octets(or(tx, "raw", &Value::Null))?;
    let Ok(envelope) = TxEnvelope::decode_2718_exact(&raw) else {
        return Ok(Err(None));
    };
    match envelope.recover_signer() {
        Ok(sender) if sender == address(&tx["sender"])? => Ok(Ok(envelope.chain_id())),
        _ => Ok(Err(Some("EXE-signature"))),
    }
}

fn transaction(tx: &Value, chain_id: Option<u64>) -> Result<TxEnv, Trouble> {
    for key in ["type", "sender", "nonce", "value", "gas_limit", "data"] {
        if tx.get(key).is_none() {
            return Err(Trouble::BadInput(format!("transaction lacks {key}")));
        }
    }
    let list = |key: &str| tx.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let hashes = |value: &Value| {
        value
            .as_array()
            .into_iter()
            .flatten()
            .map(hash)
            .collect::<Result<Vec<_>, _>>()
    };
    let to = or(tx, "to", &Value::Null);
    let mut access = Vec::new();
    for entry in list("access_list") {
        access.push(AccessListItem {
            address: address(&entry["address"])?,
            storage_keys: hashes(&entry["storage_keys"])?,
        });
    }
    let mut authorizations = Vec::new();
    for entry in list("authorization_list") {
        let inner = Authorization {
            chain_id: number(&entry["chain_id"])?,
            address: address(&entry["address"])?,
            nonce: narrow(&entry["nonce"])?,
        };
        let parity: u8 = narrow(&entry["y_parity"])?;
        let signed = SignedAuthorization::new_unchecked(inner, parity, number(&entry["r"])?, number(&entry["s"])?);
        authorizations.push(Either::Left(signed));
    }
    Ok(TxEnv {
        tx_type: narrow(&tx["type"])?,
        caller: address(&tx["sender"])?,
        gas_limit: narrow(&tx["gas_limit"])?,
        gas_price: narrow(or(tx, "gas_price", or(tx, "max_fee_per_gas", &json!(0))))?,
        kind: if to.is_null() {
            TxKind::Create
        } else {
            TxKind::Call(address(to)?)
        },
        value: number(&tx["value"])?,
        data: octets(&tx["data"])?.into(),
        nonce: narrow(&tx["nonce"])?,
        chain_id,
        access_list: AccessList(access),
        gas_priority_fee: tx.get("max_priority_fee_per_gas").map(narrow).transpose()?,
        blob_hashes: hashes(or(tx, "blob_versioned_hashes", &json!([])))?,
        max_fee_per_blob_gas: narrow(or(tx, "max_fee_per_blob_gas", &json!(0)))?,
        authorization_list: authorizations,
    })
}

fn refusal(error: &InvalidTransaction) -> Option<&'static str> {
    use InvalidTransaction::*;
    Some(match error {
        NonceTooLow { .. } => "EXE-nonce-too-low",
        NonceTooHigh { .. } => "EXE-nonce-too-high",
        NonceOverflowInTransaction => "EXE-nonce-max",
        LackOfFundForMaxFee { .. } | OverflowPaymentInTransaction => "EXE-insufficient-funds",
        CallGasCostMoreThanGasLimit { .. } => "EXE-intrinsic-gas",
        GasFloorMoreThanGasLimit { .. } => "EXE-floor-gas",
        CallerGasLimitMoreThanBlock => "EXE-gas-limit-exceeds-block",
        GasPriceLessThanBasefee => "EXE-max-fee-below-base-fee",
        PriorityFeeGreaterThanMaxFee => "EXE-priority-fee-above-max-fee",
        RejectCallerWithCode => "EXE-sender-not-eoa",
        CreateInitCodeSizeLimit => "EXE-initcode-too-large",
        Eip7702NotSupported | Eip4844NotSupported | Eip7873NotSupported => "EXE-type-unsupported",
        BlobGasPriceGreaterThanMax { .. } => "EXE-blob-fee-too-low",
        EmptyBlobs => "EXE-no-blobs",
        TooManyBlobs { .. } => "EXE-too-many-blobs",
        BlobVersionNotSupported => "EXE-blob-version",
        BlobCreateTransaction => "EXE-blob-create",
        EmptyAuthorizationList => "EXE-authorization-list-empty",
        TxGasLimitGreaterThanCap { .. } => "EXE-gas-cap",
        InvalidChainId | MissingChainId => "EXE-chain-id",
        _ => return None,
    })
}

fn rejected(pre: &Pre, reason: Option<&str>) -> Value {
    let mut found = json!({"status": "reject", "gas_used": "0", "logs": [], "post": pre.json()});
    if let Some(reason) = reason {
        found["reason"] = json!(reason);
    }
    found
}

fn evm_state(fork: SpecId, input: &Value, trace: &mut Trace) -> Outcome {
    for key in ["pre", "block", "transaction"] {
        if input.get(key).is_none() {
            return Err(Trouble::BadInput(format!("input lacks {key}")));
        }
    }
    let pre = Pre::read(fork, &input["pre"])?;
    let machine = context(fork, input, pre.clone())?;
    let tx = match decoded(&input["transaction"])? {
        Ok(chain_id) => transaction(&input["transaction"], chain_id)?,
        Err(reason) => return Ok(rejected(&pre, reason)),
    };
    // revm leaves the blob limit of a block to its caller; before Osaka it is the only limit of a transaction
    let most = if fork == SpecId::PRAGUE { 9 } else { 6 };
    let mut evm: Evm<_, _, _, _, _> = machine.build_mainnet_with_inspector(std::mem::take(trace));
    evm.ctx.cfg.max_blobs_per_tx = Some(most);
    let done = evm.inspect_one_tx(tx);
    let changes = evm.finalize();
    *trace = std::mem::take(&mut evm.inspector);
    match done {
        Ok(result) => {
            let mut found = outcome(&result);
            found["gas_used"] = json!(result.tx_gas_used().to_string());
            found["post"] = pre.merged(changes).json();
            Ok(found)
        }
        Err(EVMError::Transaction(error)) => Ok(rejected(&pre, refusal(&error))),
        Err(error) => Err(Trouble::Internal(format!("{error:?}"))),
    }
}

fn hello() -> Value {
    let forks = json!({"forks": ["CANCUN", "PRAGUE", "OSAKA"]});
    json!({
        "protocol": "hyperion/1",
        "implementation": {
            "name": "revm", "version": env!("REVM_VERSION"), "language": "rust", "homepage": "https://github.com/bluealloy/revm",
        },
        "targets": {"vm.run": forks, "evm.state": forks},
        "features": ["trace"],
    })
}

fn failure(code: &str, message: String) -> Value {
    json!({"error": {"code": code, "message": message}})
}

fn answer(message: &Value) -> Value {
    let (op, target) = (
        message["op"].as_str().unwrap_or(""),
        message["target"].as_str().unwrap_or(""),
    );
    let offered = message["protocol"]
        .as_array()
        .is_none_or(|offers| offers.contains(&json!("hyperion/1")));
    if op == "hello" && offered {
        return json!({"ok": hello()});
    }
    let fork = spec(message["fork"].as_str().unwrap_or(""));
    let run = match target {
        "vm.run" => vm_run,
        "evm.state" => evm_state,
        _ => return failure("unsupported", format!("target {target:?}")),
    };
    let (Some(fork), "run" | "trace") = (fork, op) else {
        return failure("unsupported", format!("op {op:?}, fork {}", message["fork"]));
    };
    let mut trace = Trace {
        on: op == "trace",
        full: message["full"] == json!(true),
        ..Default::default()
    };
    for at in message["at"].as_array().into_iter().flatten() {
        match narrow(at) {
            Ok(at) => trace.wanted.insert(at),
            Err(_) => return failure("bad-input", format!("not a step: {at}")),
        };
    }
    let done = catch_unwind(AssertUnwindSafe(|| run(fork, &message["input"], &mut trace)));
    match done {
        Ok(Ok(_)) if op == "trace" => json!({"ok": trace.answer()}),
        Ok(Ok(found)) => json!({"ok": found}),
        Ok(Err(Trouble::BadInput(text))) => failure("bad-input", text),
        Ok(Err(Trouble::Internal(text))) => failure("internal", text),
        Ok(Err(Trouble::Skip(why))) => json!({"skip": {"why": why}}),
        Err(_) => failure("internal", "revm panicked; the log has the place".into()),
    }
}

fn main() {
    let (input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    for line in input.lines().map_while(Result::ok) {
        let mut reply = match serde_json::from_str::<Value>(&line) {
            Ok(message) if message["op"] == "bye" => return,
            Ok(message) => {
                let mut reply = answer(&message);
                reply["id"] = message["id"].clone();
                reply
            }
            Err(error) => failure("bad-input", error.to_string()),
        };
        if reply.get("id").is_none() {
            reply["id"] = Value::Null;
        }
        if writeln!(output, "{reply}").and_then(|()| output.flush()).is_err() {
            return;
        }
    }
}
