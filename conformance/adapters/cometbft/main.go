// Adapter for CometBFT: asks its proposer selection through protocol hyperion/1.
//
// A fresh validator set of CometBFT starts all priorities equal and centres them, so it elects as from zero. Its rule for
// rescaling may fire where the protocol's has none: such a case is skipped, since the rules are then different ones.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
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

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < 0 {
		panic(outside{"an integer beyond 64 bits with sign: " + text})
	}
	return value
}

func validators(seats []seat) (*types.ValidatorSet, int64) {
	made, total, names := make([]*types.Validator, 0, len(seats)), int64(0), map[string]bool{}
	for _, s := range seats {
		address, err := hex.DecodeString(strings.TrimPrefix(s.Address, "0x"))
		if err != nil {
			panic(err)
		}
		if names[s.Address] {
			panic(refused{})
		}
		names[s.Address] = true
		power := number(s.Stake)
		if power == 0 || power > types.MaxTotalVotingPower-total {
			panic(outside{"a power that CometBFT does not admit"})
		}
		total += power
		made = append(made, &types.Validator{Address: address, VotingPower: power})
	}
	if !slices.IsSortedFunc(made, func(a, b *types.Validator) int { return bytes.Compare(a.Address, b.Address) }) {
		panic(outside{"a list that CometBFT puts in order by itself"})
	}
	return types.NewValidatorSet(made), total
}

func span(set *types.ValidatorSet) int64 {
	low, high := set.Validators[0].ProposerPriority, set.Validators[0].ProposerPriority
	for _, v := range set.Validators {
		low, high = min(low, v.ProposerPriority), max(high, v.ProposerPriority)
	}
	return high - low
}

// divisor is the greatest that all powers have in common: after as many elections as their quotients add up to, all
// priorities are what they were at first.
func divisor(set *types.ValidatorSet) int64 {
	found := int64(0)
	for _, v := range set.Validators {
		for a, b := found, v.VotingPower; ; a, b = b, a%b {
			if b == 0 {
				found = a
				break
			}
		}
	}
	return found
}

func run(given *input) object {
	set, total := validators(given.Seats)
	period := total / divisor(set)
	if period > number(given.Most) {
		panic(outside{"stakes that become slots by rounding, which CometBFT does not do"})
	}
	first, order := number(given.First), make([]string, 0, period)
	for range period {
		order = append(order, "0x"+hex.EncodeToString(set.GetProposer().Address))
		if span(set) > types.PriorityWindowSizeFactor*total {
			panic(outside{"priorities that CometBFT rescales"})
		}
		set.IncrementProposerPriority(1)
	}
	leaders := make([]string, 0, len(given.Questions))
	for _, asked := range given.Questions {
		index := (number(asked.Height) - first + number(asked.Round)) % period
		leaders = append(leaders, order[index])
	}
	return object{"status": "scheduled", "leaders": leaders}
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
	if len(given.Seats) == 0 {
		return object{"skip": object{"why": "a set without validators, which CometBFT does not make"}}
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
