// Adapter for CometBFT: asks its proposer selection through protocol hyperion/1.
//
// Stakes become powers by the protocol's rule for slots, which CometBFT does not have: that part is written here anew.
// A fresh validator set of CometBFT starts all priorities equal and centres them, so it elects as from zero. Its rule for
// rescaling may fire where the protocol's has none: such a case is skipped, since the rules are then different ones.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cometbft/cometbft/types"
)

const (
	protocol = "hyperion/1"
	target   = "seq.schedule"
	module   = "github.com/cometbft/cometbft"
)

type object = map[string]any

type message struct {
	ID     any             `json:"id"`
	Op     string          `json:"op"`
	Target string          `json:"target"`
	Input  json.RawMessage `json:"input"`
}

type seat struct {
	Address string `json:"address"`
	Stake   string `json:"stake"`
}

type question struct {
	Height string `json:"height"`
	Round  string `json:"round"`
}

type input struct {
	First     string     `json:"first"`
	Most      string     `json:"most_slots"`
	Seats     []seat     `json:"seats"`
	Questions []question `json:"questions"`
}

// outside says why CometBFT has no answer.
type outside struct{ why string }

// refused stands for the panic of CometBFT on a validator that is named twice, which carries no type of its own.
type refused struct{}

func number(text string) *big.Int {
	value, ok := new(big.Int).SetString(text, 10)
	if !ok || value.Sign() < 0 {
		panic(fmt.Sprintf("not a natural number: %q", text))
	}
	return value
}

// slots are the stakes by their greatest common divisor, or where these are too many, each one's share of most.
func slots(seats []seat, most *big.Int) []*big.Int {
	divisor, total := new(big.Int), new(big.Int)
	for _, s := range seats {
		stake := number(s.Stake)
		divisor.GCD(nil, nil, divisor, stake)
		total.Add(total, stake)
	}
	found := make([]*big.Int, 0, len(seats))
	exact := new(big.Int).Div(total, divisor).Cmp(most) <= 0
	for _, s := range seats {
		share := number(s.Stake)
		if exact {
			share.Div(share, divisor)
		} else if share.Mul(share, most).Div(share, total).Sign() == 0 {
			share.SetInt64(1)
		}
		found = append(found, share)
	}
	return found
}

func validators(seats []seat, powers []*big.Int) *types.ValidatorSet {
	made := make([]*types.Validator, 0, len(seats))
	for i, s := range seats {
		address, err := hex.DecodeString(strings.TrimPrefix(s.Address, "0x"))
		if err != nil {
			panic(err)
		}
		made = append(made, &types.Validator{Address: address, VotingPower: powers[i].Int64()})
	}
	return types.NewValidatorSet(made)
}

func span(set *types.ValidatorSet) int64 {
	low, high := set.Validators[0].ProposerPriority, set.Validators[0].ProposerPriority
	for _, v := range set.Validators {
		low, high = min(low, v.ProposerPriority), max(high, v.ProposerPriority)
	}
	return high - low
}

// checkable refuses a set as CometBFT does, and declines one of which CometBFT makes something else than the protocol.
func checkable(given *input) {
	if len(given.Seats) == 0 {
		panic(outside{"a set without validators, which CometBFT does not make"})
	}
	names := map[string]bool{}
	for _, s := range given.Seats {
		if names[s.Address] {
			panic(refused{})
		}
		names[s.Address] = true
		if number(s.Stake).Sign() == 0 {
			panic(outside{"a validator without power, which to CometBFT is one that leaves"})
		}
	}
	if !slices.IsSortedFunc(given.Seats, func(a, b seat) int { return strings.Compare(a.Address, b.Address) }) {
		panic(outside{"a list that CometBFT puts in order by itself"})
	}
	if number(given.Most).Cmp(big.NewInt(int64(len(given.Seats)))) < 0 {
		panic(outside{"a period too short for its validators, which CometBFT does not know"})
	}
}

func run(given *input) object {
	checkable(given)
	powers := slots(given.Seats, number(given.Most))
	set, first := validators(given.Seats, powers), number(given.First)
	period, total := new(big.Int), set.TotalVotingPower()
	period.SetInt64(total)
	order := make([]string, 0, total)
	for range total {
		order = append(order, "0x"+hex.EncodeToString(set.GetProposer().Address))
		if span(set) > types.PriorityWindowSizeFactor*total {
			panic(outside{"priorities that CometBFT rescales"})
		}
		set.IncrementProposerPriority(1)
	}
	leaders, counts := make([]string, 0, len(given.Questions)), make([]string, 0, len(powers))
	for _, asked := range given.Questions {
		index := number(asked.Height)
		index.Sub(index, first).Add(index, number(asked.Round)).Mod(index, period)
		leaders = append(leaders, order[index.Int64()])
	}
	for _, power := range powers {
		counts = append(counts, power.String())
	}
	return object{"status": "scheduled", "leaders": leaders, "slots": counts}
}

func version() string {
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range build.Deps {
			if dependency.Path == module {
				return strings.TrimPrefix(dependency.Version, "v")
			}
		}
	}
	return "unknown"
}

func hello() object {
	return object{
		"protocol": protocol,
		"implementation": object{
			"name": "cometbft", "version": version(), "language": "go", "homepage": "https://" + module,
		},
		"targets":  object{target: object{"forks": []string{"HYPERION"}}},
		"features": []string{},
	}
}

func failure(code, text string) object {
	return object{"error": object{"code": code, "message": text}}
}

func answer(m *message) (reply object) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case refused:
			reply = object{"ok": object{"status": "refused"}}
		case outside:
			reply = object{"skip": object{"why": cause.why}}
		default:
			reply = failure("internal", fmt.Sprint(cause))
		}
	}()
	switch {
	case m.Op == "hello":
		return object{"ok": hello()}
	case m.Op == "bye":
		return object{"ok": object{}}
	case m.Op != "run" || m.Target != target:
		return failure("unsupported", "only run of "+target)
	}
	var given input
	if err := json.Unmarshal(m.Input, &given); err != nil {
		return failure("bad-input", err.Error())
	}
	return object{"ok": run(&given)}
}

func main() {
	lines, out := bufio.NewReaderSize(os.Stdin, 1<<20), json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			m.Op = ""
		}
		reply := answer(&m)
		reply["id"] = m.ID
		if err := out.Encode(reply); err != nil || m.Op == "bye" {
			return
		}
	}
}
