// Adapter of protocol hyperion/1 for the Block-STM of cosmos-sdk: target stm.block.
//
// The engine is asked through its public interface: a runner over a store, and a function that delivers a transaction.
// The function interprets a program. Every value that it stores names the transaction and the execution that stored it,
// so that a value read says where it comes from: the certificate needs nothing of the engine but that it hands back
// what was stored.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/baseapp/txnrunner"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

const fork = "HYPERION"

// --- storage ---------------------------------------------------------------------------------------------------------

// memory is the state before the block, and after it. What the engine does not call panics on the nil it embeds.
type memory struct {
	storetypes.KVStore
	lock   sync.RWMutex
	values map[string][]byte
}

func (m *memory) Get(key []byte) []byte {
	m.lock.RLock()
	defer m.lock.RUnlock()
	return m.values[string(key)]
}

func (m *memory) Has(key []byte) bool { return m.Get(key) != nil }

func (m *memory) Set(key, value []byte) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.values[string(key)] = value
}

func (m *memory) Delete(key []byte) {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.values, string(key))
}

func (m *memory) GetStoreType() storetypes.StoreType { return storetypes.StoreTypeIAVL }

type stores struct {
	storetypes.MultiStore
	only *memory
}

func (s stores) GetStore(storetypes.StoreKey) storetypes.Store     { return s.only }
func (s stores) GetKVStore(storetypes.StoreKey) storetypes.KVStore { return s.only }

// --- values that say where they come from ----------------------------------------------------------------------------

func stored(transaction, execution int, number *big.Int) []byte {
	return []byte(fmt.Sprintf("%d:%d:%s", transaction, execution, number))
}

// origin of a value, and the number; what is not there is 0 from before the block.
func loaded(value []byte) (any, *big.Int) {
	if value == nil {
		return "storage", new(big.Int)
	}
	parts := strings.SplitN(string(value), ":", 3)
	number, _ := new(big.Int).SetString(parts[2], 10)
	if parts[0] == "-1" {
		return "storage", number
	}
	return []string{parts[0], parts[1]}, number
}

// --- programs --------------------------------------------------------------------------------------------------------

type step map[string]json.RawMessage

type read struct {
	Location string `json:"location"`
	Origins  []any  `json:"origins"`
	Value    string `json:"value"`
}

type incarnation struct {
	Incarnation string            `json:"incarnation"`
	Reads       []read            `json:"reads"`
	Writes      map[string]string `json:"writes"`
	Result      string            `json:"result"`
}

type execution struct {
	store              storetypes.KVStore
	transaction, count int
	names              map[string]*big.Int
	own                map[string]*big.Int
	reads              []read
	perturb            func()
}

func (e *execution) load(location string) *big.Int {
	if number, mine := e.own[location]; mine {
		return number
	}
	e.perturb()
	origin, number := loaded(e.store.Get([]byte(location)))
	e.reads = append(e.reads, read{location, []any{origin}, number.String()})
	return number
}

func text(raw json.RawMessage) string {
	var value string
	if json.Unmarshal(raw, &value) != nil {
		panic("a text is needed")
	}
	return value
}

func integer(digits string) *big.Int {
	number, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		panic("a number is needed")
	}
	return number
}

func (e *execution) evaluate(raw json.RawMessage) *big.Int {
	if raw[0] == '"' {
		name := text(raw)
		if strings.ContainsAny(name[:1], "-0123456789") {
			return integer(name)
		}
		if number, known := e.names[name]; known {
			return number
		}
		return new(big.Int)
	}
	operator, left, right := e.operands(raw)
	switch operator {
	case "+":
		return new(big.Int).Add(left, right)
	case "-":
		return new(big.Int).Sub(left, right)
	case "*":
		return new(big.Int).Mul(left, right)
	}
	if right.Sign() < 1 {
		right = big.NewInt(1)
	}
	return new(big.Int).Mod(left, right)
}

func (e *execution) operands(raw json.RawMessage) (string, *big.Int, *big.Int) {
	var operation map[string][]json.RawMessage
	if json.Unmarshal(raw, &operation) != nil {
		panic("an operation is needed")
	}
	for operator, operands := range operation {
		return operator, e.evaluate(operands[0]), e.evaluate(operands[1])
	}
	panic("an operation is needed")
}

func (e *execution) holds(raw json.RawMessage) bool {
	comparison, left, right := e.operands(raw)
	order := left.Cmp(right)
	return order < 0 && comparison != "==" || order == 0 && comparison != "<"
}

const reverted = "reverted"

func (e *execution) run(raw json.RawMessage) string {
	var steps []step
	if json.Unmarshal(raw, &steps) != nil {
		panic("a program is needed")
	}
	for _, at := range steps {
		switch {
		case at["stop"] != nil:
			return e.evaluate(at["stop"]).String()
		case at["revert"] != nil:
			return reverted
		case at["if"] != nil:
			if e.holds(at["if"]) {
				return e.run(at["then"])
			}
			return e.run(at["else"])
		case at["write"] != nil:
			e.own[text(at["write"])] = e.evaluate(at["value"])
		case at["read"] != nil:
			e.names[text(at["as"])] = e.load(text(at["read"]))
		case at["require"] != nil:
			if e.load(text(at["require"])).Cmp(integer(text(at["least"]))) < 0 {
				return reverted
			}
		case at["add"] != nil: // the engine has no commutative additions
			location := text(at["add"])
			e.own[location] = new(big.Int).Add(e.load(location), integer(text(at["amount"])))
		default:
			panic("no such step")
		}
	}
	panic("a program ends with stop, revert or if")
}

func (e *execution) finish(result string) incarnation {
	writes := map[string]string{}
	if result != reverted {
		locations := make([]string, 0, len(e.own))
		for location := range e.own {
			locations = append(locations, location)
		}
		sort.Strings(locations)
		for _, location := range locations {
			e.perturb()
			e.store.Set([]byte(location), stored(e.transaction, e.count, e.own[location]))
			writes[location] = e.own[location].String()
		}
	}
	reads := e.reads
	if reads == nil {
		reads = []read{}
	}
	return incarnation{strconv.Itoa(e.count), reads, writes, result}
}

// --- a block ---------------------------------------------------------------------------------------------------------

type input struct {
	Before   map[string]string `json:"before"`
	Programs []json.RawMessage `json:"programs"`
	Run      struct {
		Threads     string `json:"threads"`
		Seed        string `json:"seed"`
		Certificate bool   `json:"certificate"`
	} `json:"run"`
}

func runBlock(given input) map[string]any {
	threads, _ := strconv.Atoi(given.Run.Threads)
	seed, _ := strconv.ParseInt(given.Run.Seed, 10, 64)
	key := storetypes.NewKVStoreKey("hyperion")
	only := &memory{values: map[string][]byte{}}
	for location, digits := range given.Before {
		only.values[location] = stored(-1, 0, integer(digits))
	}
	counts := make([]atomic.Int64, len(given.Programs))
	last := make([]incarnation, len(given.Programs))
	txs := make([][]byte, len(given.Programs))
	deliver := func(_ []byte, _ sdk.Tx, ms storetypes.MultiStore, index int, _ map[string]any) *abci.ExecTxResult {
		count := int(counts[index].Add(1)) - 1
		chance := rand.New(rand.NewSource(seed<<20 + int64(index)<<8 + int64(count)))
		at := &execution{
			store: ms.GetKVStore(key), transaction: index, count: count,
			names: map[string]*big.Int{}, own: map[string]*big.Int{},
			perturb: func() {
				for range chance.Intn(4) {
					runtime.Gosched()
				}
			},
		}
		last[index] = at.finish(at.run(given.Programs[index]))
		return &abci.ExecTxResult{Data: []byte(last[index].Result)}
	}
	runner := txnrunner.NewSTMRunner(nil, []storetypes.StoreKey{key}, max(threads, 1), false, nil)
	results, err := runner.Run(context.Background(), stores{only: only}, txs, deliver)
	if err != nil {
		panic(err)
	}
	said := make([]string, len(results))
	for index, result := range results {
		if result != nil {
			said[index] = string(result.Data)
		}
	}
	state := map[string]string{}
	for location, value := range only.values {
		if origin, number := loaded(value); origin != "storage" {
			state[location] = number.String()
		}
	}
	outcome := map[string]any{"state": state, "results": said}
	if given.Run.Certificate {
		outcome["certificate"] = last
	}
	return outcome
}

// --- protocol --------------------------------------------------------------------------------------------------------

type request struct {
	ID     int             `json:"id"`
	Op     string          `json:"op"`
	Target string          `json:"target"`
	Input  json.RawMessage `json:"input"`
}

func version() string {
	build, ok := debug.ReadBuildInfo()
	if ok {
		for _, module := range build.Deps {
			if module.Path == "github.com/cosmos/cosmos-sdk" {
				return module.Version
			}
		}
	}
	return "unknown"
}

func answer(asked request) (reply map[string]any) {
	defer func() {
		if reason := recover(); reason != nil {
			reply = failure("bad-input", fmt.Sprint(reason))
		}
	}()
	switch {
	case asked.Op == "hello":
		who := map[string]string{"name": "cosmos-sdk-blockstm", "version": version(), "language": "go"}
		targets := map[string]any{"stm.block": map[string]any{"forks": []string{fork}}}
		return map[string]any{"ok": map[string]any{
			"protocol": "hyperion/1", "implementation": who, "targets": targets, "features": []string{"stm.certificate"},
		}}
	case asked.Op == "run" && asked.Target == "stm.block":
		var given input
		if err := json.Unmarshal(asked.Input, &given); err != nil {
			return failure("bad-input", err.Error())
		}
		return map[string]any{"ok": runBlock(given)}
	}
	return failure("unsupported", "no such operation or target")
}

func failure(code, message string) map[string]any {
	return map[string]any{"error": map[string]string{"code": code, "message": message}}
}

func main() {
	output := os.Stdout
	os.Stdout = os.Stderr // a library that prints must not spoil the protocol
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked request
		if json.Unmarshal(line, &asked) != nil {
			continue
		}
		if asked.Op == "bye" {
			return
		}
		reply := answer(asked)
		reply["id"] = asked.ID
		encoded, _ := json.Marshal(reply)
		_, _ = output.Write(append(encoded, '\n'))
	}
}
