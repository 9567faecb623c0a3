// Adapter for go-ethereum: drives core/vm and core.ApplyMessage through protocol hyperion/1.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/consensus/misc/eip4844"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/triedb"
	"github.com/ethereum/go-ethereum/triedb/hashdb"
	"github.com/holiman/uint256"
)

const protocol = "hyperion/1"

type object = map[string]any

// number is an integer of the protocol: a decimal string or a JSON integer.
type number struct{ big.Int }

func (n *number) UnmarshalJSON(text []byte) error {
	digits := strings.Trim(string(text), `"`)
	if _, ok := n.SetString(digits, 10); !ok || n.Sign() < 0 || n.BitLen() > 256 {
		return fmt.Errorf("not an integer: %s", text)
	}
	return nil
}

func (n *number) UnmarshalText(text []byte) error { return n.UnmarshalJSON(text) }

func (n *number) word() *uint256.Int { return uint256.MustFromBig(&n.Int) }

type account struct {
	Nonce   number            `json:"nonce"`
	Balance number            `json:"balance"`
	Code    hexutil.Bytes     `json:"code"`
	Storage map[string]number `json:"storage"`
}

type block struct {
	Coinbase   common.Address `json:"coinbase"`
	Number     number         `json:"number"`
	Timestamp  number         `json:"timestamp"`
	GasLimit   number         `json:"gas_limit"`
	PrevRandao common.Hash    `json:"prevrandao"`
	BaseFee    number         `json:"base_fee"`
	ExcessBlob number         `json:"excess_blob_gas"`
}

type input struct {
	Code        *hexutil.Bytes             `json:"code"`
	Calldata    hexutil.Bytes              `json:"calldata"`
	Gas         *number                    `json:"gas"`
	Value       number                     `json:"value"`
	Address     *common.Address            `json:"address"`
	Caller      *common.Address            `json:"caller"`
	Storage     map[string]number          `json:"storage"`
	Accounts    map[common.Address]account `json:"accounts"`
	Pre         map[common.Address]account `json:"pre"`
	Block       block                      `json:"block"`
	ChainID     *number                    `json:"chain_id"`
	Transaction *struct {
		Raw *hexutil.Bytes `json:"raw"` // a pointer, since no bytes at all are an envelope too: one that is refused
	} `json:"transaction"`
}

type message struct {
	ID     any             `json:"id"`
	Op     string          `json:"op"`
	Target string          `json:"target"`
	Fork   string          `json:"fork"`
	Input  json.RawMessage `json:"input"`
	At     []number        `json:"at"`
	Full   bool            `json:"full"`

	Protocol []string `json:"protocol"`
}

// trace chains the digest of each step and keeps it at the positions asked for.
type trace struct {
	wanted map[int]bool
	full   bool
	steps  int
	digest [16]byte
	found  object
}

func (t *trace) hooks() *tracing.Hooks {
	return &tracing.Hooks{OnOpcode: func(pc uint64, op byte, gas, _ uint64, scope tracing.OpContext, _ []byte, depth int, _ error) {
		words := make([]string, 0, 8)
		for _, word := range scope.StackData() {
			words = append(words, word.Dec())
		}
		size := len(scope.MemoryData())
		line := fmt.Sprintf("%d|%d|%d|%d|%d|%s", pc, op, gas, depth, size, strings.Join(words, ","))
		sum := sha256.Sum256(append(t.digest[:], line...))
		copy(t.digest[:], sum[:16])
		if t.wanted[t.steps] {
			key := strconv.Itoa(t.steps)
			t.found[key] = hexutil.Encode(t.digest[:])
			if t.full {
				t.found[key] = object{"pc": pc, "op": op, "gas": strconv.FormatUint(gas, 10), "depth": depth, "memory_size": size, "stack": words}
			}
		}
		t.steps++
	}}
}

func (t *trace) answer() object {
	if t.full {
		return object{"steps": t.steps, "states": t.found}
	}
	for at := range t.wanted {
		if at >= t.steps {
			t.found[strconv.Itoa(at)] = hexutil.Encode(t.digest[:])
		}
	}
	return object{"steps": t.steps, "digests": t.found}
}

func chainConfig(fork string, chainID *big.Int) *params.ChainConfig {
	config, zero := *params.MergedTestChainConfig, uint64(0)
	config.ChainID, config.BlobScheduleConfig = chainID, params.DefaultBlobSchedule
	config.PragueTime, config.OsakaTime, config.BPO1Time, config.BPO2Time, config.AmsterdamTime = nil, nil, nil, nil, nil
	if fork != "CANCUN" {
		config.PragueTime = &zero
	}
	if fork == "OSAKA" {
		config.OsakaTime = &zero
	}
	return &config
}

func slot(key string) common.Hash {
	var n number
	if err := n.UnmarshalText([]byte(key)); err != nil {
		panic(badInput{err})
	}
	return common.BigToHash(&n.Int)
}

type badInput struct{ error }

// load commits the accounts and opens the state anew, so that original storage values are those of the accounts.
func load(accounts map[common.Address]account) *state.StateDB {
	tries := triedb.NewDatabase(rawdb.NewMemoryDatabase(), &triedb.Config{Preimages: true, HashDB: hashdb.Defaults})
	database := state.NewMPTDatabase(tries, nil)
	fresh := must(state.New(types.EmptyRootHash, database))
	for address, a := range accounts {
		fresh.SetCode(address, a.Code, tracing.CodeChangeUnspecified)
		fresh.SetNonce(address, a.Nonce.Uint64(), tracing.NonceChangeUnspecified)
		fresh.SetBalance(address, a.Balance.word(), tracing.BalanceChangeUnspecified)
		for key, value := range a.Storage {
			fresh.SetState(address, slot(key), common.BigToHash(&value.Int))
		}
	}
	return must(state.New(must(fresh.Commit(params.Rules{}, 0)), database))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func machine(fork string, given *input, db *state.StateDB, t *trace) *vm.EVM {
	chainID := big.NewInt(1)
	if given.ChainID != nil {
		chainID = &given.ChainID.Int
	}
	config, b := chainConfig(fork, chainID), given.Block
	time, excess := b.Timestamp.Uint64(), b.ExcessBlob.Uint64()
	context := vm.BlockContext{
		CanTransfer: core.CanTransfer,
		Transfer:    core.Transfer,
		GetHash:     func(uint64) common.Hash { return common.Hash{} },
		Coinbase:    b.Coinbase,
		GasLimit:    b.GasLimit.Uint64(),
		BlockNumber: &b.Number.Int,
		Time:        time,
		Difficulty:  new(big.Int),
		BaseFee:     &b.BaseFee.Int,
		BlobBaseFee: eip4844.CalcBlobFee(config, &types.Header{Time: time, ExcessBlobGas: &excess}),
		Random:      &b.PrevRandao,
	}
	var setup vm.Config
	if t != nil {
		setup.Tracer = t.hooks()
	}
	return vm.NewEVM(context, db, config, setup)
}

func rulesOf(evm *vm.EVM) params.Rules {
	return evm.ChainConfig().Rules(evm.Context.BlockNumber, true, evm.Context.Time)
}

func haltReason(err error) string {
	switch text := err.Error(); {
	case errors.Is(err, vm.ErrOutOfGas), errors.Is(err, vm.ErrGasUintOverflow), errors.Is(err, vm.ErrCodeStoreOutOfGas):
		return "out-of-gas"
	case errors.Is(err, vm.ErrInvalidJump):
		return "invalid-jump"
	case errors.Is(err, vm.ErrWriteProtection):
		return "static-violation"
	case errors.Is(err, vm.ErrReturnDataOutOfBounds):
		return "return-data-out-of-bounds"
	case strings.HasPrefix(text, "stack underflow"):
		return "stack-underflow"
	case strings.HasPrefix(text, "stack limit reached"):
		return "stack-overflow"
	case strings.HasPrefix(text, "invalid opcode"):
		return "invalid-opcode"
	}
	return ""
}

func outcome(err error, output []byte, logs []*types.Log) object {
	found := object{"status": "success", "output": hexutil.Encode(output), "logs": []object{}}
	switch {
	case err == nil:
		list := make([]object, 0, len(logs))
		for _, log := range logs {
			topics := make([]string, len(log.Topics))
			for i, topic := range log.Topics {
				topics[i] = topic.Hex()
			}
			list = append(list, object{"address": hexutil.Encode(log.Address[:]), "topics": topics, "data": hexutil.Encode(log.Data)})
		}
		found["logs"] = list
	case errors.Is(err, vm.ErrExecutionReverted):
		found["status"] = "revert"
	default:
		found["status"], found["output"] = "halt", "0x"
		if reason := haltReason(err); reason != "" {
			found["reason"] = reason
		}
	}
	return found
}

func vmRun(fork string, given *input, t *trace) object {
	if given.Code == nil || given.Gas == nil || given.Address == nil || given.Caller == nil {
		panic(badInput{errors.New("input lacks code, gas, address or caller")})
	}
	accounts := map[common.Address]account{}
	for address, a := range given.Accounts {
		accounts[address] = a
	}
	// the value is moved from the caller by the call itself, so that the balances come out as the protocol states them
	accounts[*given.Address] = account{Nonce: number{*big.NewInt(1)}, Code: *given.Code, Storage: given.Storage}
	payer := accounts[*given.Caller]
	payer.Balance = number{*new(big.Int).Add(&payer.Balance.Int, &given.Value.Int)}
	accounts[*given.Caller] = payer
	db := load(accounts)
	evm := machine(fork, given, db, t)
	rules := rulesOf(evm)
	evm.SetTxContext(vm.TxContext{Origin: *given.Caller, GasPrice: new(uint256.Int)})
	db.Prepare(rules, *given.Caller, given.Block.Coinbase, given.Address, vm.ActivePrecompiles(rules), nil)
	budget := vm.NewGasBudget(given.Gas.Uint64(), 0)
	output, left, err := evm.Call(*given.Caller, *given.Address, given.Calldata, budget, given.Value.word())
	found := outcome(err, output, db.Logs())
	found["gas_left"] = strconv.FormatUint(left.ExecutionGas, 10)
	found["refund"] = strconv.FormatUint(db.GetRefund(), 10)
	_ = must(db.Commit(rules, 1))
	found["storage"] = dump(db)[hexutil.Encode(given.Address[:])].(object)["storage"]
	return found
}

// dump lists every account of a committed state.
func dump(db *state.StateDB) object {
	post := object{}
	root := db.IntermediateRoot(params.Rules{})
	reopened := must(state.New(root, db.Database()))
	for _, a := range reopened.RawDump(&state.DumpConfig{}).Accounts {
		storage := map[string]string{}
		for key, value := range a.Storage {
			storage[key.Big().String()] = new(big.Int).SetBytes(common.FromHex(value)).String()
		}
		nonce, code := strconv.FormatUint(a.Nonce, 10), hexutil.Encode(a.Code)
		post[hexutil.Encode(a.Address[:])] = object{"nonce": nonce, "balance": a.Balance, "code": code, "storage": storage}
	}
	return post
}

var refusals = []struct {
	err    error
	reason string
}{
	{core.ErrNonceTooLow, "EXE-nonce-too-low"},
	{core.ErrNonceTooHigh, "EXE-nonce-too-high"},
	{core.ErrNonceMax, "EXE-nonce-max"},
	{core.ErrInsufficientFunds, "EXE-insufficient-funds"},
	{core.ErrInsufficientFundsForTransfer, "EXE-insufficient-funds"},
	{core.ErrIntrinsicGas, "EXE-intrinsic-gas"},
	{core.ErrFloorDataGas, "EXE-floor-gas"},
	{core.ErrGasLimitReached, "EXE-gas-limit-exceeds-block"},
	{core.ErrFeeCapTooLow, "EXE-max-fee-below-base-fee"},
	{core.ErrTipAboveFeeCap, "EXE-priority-fee-above-max-fee"},
	{core.ErrSenderNoEOA, "EXE-sender-not-eoa"},
	{vm.ErrMaxInitCodeSizeExceeded, "EXE-initcode-too-large"},
	{core.ErrTxTypeNotSupported, "EXE-type-unsupported"},
	{core.ErrBlobFeeCapTooLow, "EXE-blob-fee-too-low"},
	{core.ErrMissingBlobHashes, "EXE-no-blobs"},
	{core.ErrTooManyBlobs, "EXE-too-many-blobs"},
	{core.ErrBlobTxCreate, "EXE-blob-create"},
	{core.ErrEmptyAuthList, "EXE-authorization-list-empty"},
	{core.ErrSetCodeTxCreate, "EXE-set-code-create"},
	{core.ErrGasLimitTooHigh, "EXE-gas-cap"},
}

func refused(given *input, err error) object {
	post := object{}
	for address, a := range given.Pre {
		storage := map[string]string{}
		for key, value := range a.Storage {
			if value.Sign() != 0 {
				storage[key] = value.String()
			}
		}
		nonce, balance, code := a.Nonce.String(), a.Balance.String(), hexutil.Encode(a.Code)
		post[hexutil.Encode(address[:])] = object{"nonce": nonce, "balance": balance, "code": code, "storage": storage}
	}
	found := object{"status": "reject", "gas_used": "0", "logs": []object{}, "post": post}
	for _, known := range refusals {
		if errors.Is(err, known.err) {
			found["reason"] = known.reason
			return found
		}
	}
	if strings.Contains(err.Error(), "invalid hash version") {
		found["reason"] = "EXE-blob-version"
	}
	return found
}

func evmState(fork string, given *input, t *trace) object {
	if given.Pre == nil || given.Transaction == nil || given.Transaction.Raw == nil {
		panic(badInput{errors.New("input lacks pre or transaction.raw")})
	}
	db := load(given.Pre)
	evm := machine(fork, given, db, t)
	config, rules := evm.ChainConfig(), rulesOf(evm)
	var tx types.Transaction
	if err := tx.UnmarshalBinary(*given.Transaction.Raw); err != nil {
		return refused(given, err)
	}
	msg, err := core.TransactionToMessage(&tx, types.LatestSigner(config), evm.Context.BaseFee)
	if err != nil {
		return refused(given, err)
	}
	// geth leaves the blob limit of a block to the validation of headers and bodies, which no single transaction reaches
	if len(msg.BlobHashes) > eip4844.MaxBlobsPerBlock(config, evm.Context.Time) {
		return refused(given, core.ErrTooManyBlobs)
	}
	db.SetTxContext(tx.Hash(), 0, 0)
	result, err := core.ApplyMessage(evm, msg, core.NewGasPool(evm.Context.GasLimit))
	if err != nil {
		return refused(given, err)
	}
	found := outcome(result.Err, result.ReturnData, db.Logs())
	found["gas_used"] = strconv.FormatUint(result.UsedGas, 10)
	found["state_root"] = must(db.Commit(rules, 1)).Hex()
	found["post"] = dump(db)
	return found
}

var targets = map[string]func(string, *input, *trace) object{"vm.run": vmRun, "evm.state": evmState}

func hello() object {
	version := "unknown"
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == "github.com/ethereum/go-ethereum" {
				version = strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	forks := object{"forks": []string{"CANCUN", "PRAGUE", "OSAKA"}}
	return object{
		"protocol":       protocol,
		"implementation": object{"name": "go-ethereum", "version": version, "language": "go", "homepage": "https://github.com/ethereum/go-ethereum"},
		"targets":        object{"vm.run": forks, "evm.state": forks},
		"features":       []string{"trace"},
	}
}

func failure(code, text string) object {
	return object{"error": object{"code": code, "message": text}}
}

func answer(m *message) (reply object) {
	defer func() {
		if cause := recover(); cause != nil {
			if bad, ok := cause.(badInput); ok {
				reply = failure("bad-input", bad.Error())
				return
			}
			reply = failure("internal", fmt.Sprint(cause))
			reply["error"].(object)["detail"] = string(debug.Stack())
		}
	}()
	if m.Op == "hello" && (m.Protocol == nil || slices.Contains(m.Protocol, protocol)) {
		return object{"ok": hello()}
	}
	target, known := targets[m.Target]
	supported := m.Fork == "CANCUN" || m.Fork == "PRAGUE" || m.Fork == "OSAKA"
	if !known || !supported || (m.Op != "run" && m.Op != "trace") {
		return failure("unsupported", fmt.Sprintf("op %q, target %q, fork %q", m.Op, m.Target, m.Fork))
	}
	given := input{Block: block{Coinbase: common.HexToAddress("0xc014")}}
	given.Block.Number.SetInt64(1)
	given.Block.Timestamp.SetInt64(1000)
	given.Block.GasLimit.SetInt64(30_000_000)
	if err := json.Unmarshal(m.Input, &given); err != nil {
		panic(badInput{err})
	}
	if m.Op == "run" {
		return object{"ok": target(m.Fork, &given, nil)}
	}
	t := &trace{wanted: map[int]bool{}, full: m.Full, found: object{}}
	for _, at := range m.At {
		t.wanted[int(at.Int64())] = true
	}
	target(m.Fork, &given, t)
	return object{"ok": t.answer()}
}

func main() {
	answers := os.Stdout
	os.Stdout = os.Stderr // whatever geth prints goes to the log
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m message
		var reply object
		if err := json.Unmarshal(line, &m); err != nil {
			reply = failure("bad-input", err.Error())
		} else if m.Op == "bye" {
			return
		} else {
			reply = answer(&m)
		}
		reply["id"] = m.ID
		text, _ := json.Marshal(reply)
		_, _ = answers.Write(append(text, '\n'))
	}
}
