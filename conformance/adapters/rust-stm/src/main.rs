//! Adapter of protocol hyperion/1 for the Block-STM of blockifier, the executor of Starknet: target stm.block.
//!
//! Scheduler and versioned storage are the engine's, as published. The loop of a worker follows the engine's own, with
//! programs in the place of Starknet transactions. Every value says which execution wrote it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Mutex;
use std::thread;

use serde_json::{json, Map, Value};

mod concurrency {
    type TxIndex = usize;
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

use concurrency::scheduler::{Scheduler, Task};
use concurrency::versioned_storage::VersionedStorage;

const FORK: &str = "HYPERION";
const REVERTED: &str = "reverted";

/// A number, and the transaction and execution that wrote it; -1 is the state before the block.
type Stored = (i64, u64, i128);

// --- programs -------------------------------------------------------------------------------------------------------

fn text(value: &Value) -> &str {
    value.as_str().expect("a text is needed")
}

fn integer(value: &Value) -> i128 {
    text(value).parse().expect("a number is needed")
}

struct Execution<'a> {
    block: &'a Block,
    transaction: usize,
    names: HashMap<String, i128>,
    own: BTreeMap<usize, i128>,
    reads: Vec<(usize, Stored)>,
}

impl Execution<'_> {
    /// The engine's state keeps what a transaction has read, so that a second read gives the same.
    fn load(&mut self, location: &Value) -> i128 {
        let key = self.block.places[text(location)];
        if let Some(number) = self.own.get(&key) {
            return *number;
        }
        let kept = self
            .reads
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| *value);
        let value = kept.unwrap_or_else(|| self.block.read(self.transaction, key));
        self.reads.push((key, value));
        value.2
    }

    fn operands(&self, operation: &Value) -> (String, i128, i128) {
        let (operator, operands) = operation
            .as_object()
            .and_then(|one| one.iter().next())
            .expect("an operation");
        (
            operator.clone(),
            self.evaluate(&operands[0]),
            self.evaluate(&operands[1]),
        )
    }

    fn evaluate(&self, expression: &Value) -> i128 {
        if let Some(name) = expression.as_str() {
            let is_name = name.starts_with(|first: char| first.is_ascii_lowercase());
            return if is_name {
                self.names.get(name).copied().unwrap_or(0)
            } else {
                integer(expression)
            };
        }
        match self.operands(expression) {
            (operator, left, right) if operator == "+" => left + right,
            (operator, left, right) if operator == "-" => left - right,
            (operator, left, right) if operator == "*" => left * right,
            (_, left, right) => left.rem_euclid(right.max(1)),
        }
    }

    fn holds(&self, condition: &Value) -> bool {
        let (comparison, left, right) = self.operands(condition);
        left < right && comparison != "==" || left == right && comparison != "<"
    }

    /// The result of a program; where it reverts, what it wrote is nothing.
    fn run(&mut self, steps: &Value) -> String {
        for step in steps.as_array().expect("a program is a list") {
            if let Some(result) = step.get("stop") {
                return self.evaluate(result).to_string();
            } else if step.get("revert").is_some() {
                break;
            } else if let Some(condition) = step.get("if") {
                let way = if self.holds(condition) { "then" } else { "else" };
                return self.run(&step[way]);
            } else if let Some(location) = step.get("write") {
                let value = self.evaluate(&step["value"]);
                self.own.insert(self.block.places[text(location)], value);
            } else if let Some(location) = step.get("add") {
                let value = self.load(location) + integer(&step["amount"]);
                self.own.insert(self.block.places[text(location)], value);
            } else if let Some(location) = step.get("read") {
                let value = self.load(location);
                self.names.insert(text(&step["as"]).to_string(), value);
            } else if self.load(&step["require"]) < integer(&step["least"]) {
                break;
            }
        }
        self.own.clear();
        REVERTED.to_string()
    }
}

// --- a block --------------------------------------------------------------------------------------------------------

/// What an execution read and wrote, and its result.
#[derive(Clone, Default)]
struct Output {
    count: u64,
    reads: Vec<(usize, Stored)>,
    writes: BTreeMap<usize, i128>,
    result: String,
}

struct Block {
    programs: Vec<Value>,
    names: Vec<String>,
    places: HashMap<String, usize>,
    before: Vec<i128>,
    scheduler: Scheduler,
    storage: Mutex<VersionedStorage<usize, Stored>>,
    outputs: Vec<Mutex<Output>>,
}

fn locations(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| locations(item, found)),
        Value::Object(fields) => {
            for (key, item) in fields {
                if matches!(key.as_str(), "read" | "write" | "add" | "require") {
                    found.insert(text(item).to_string());
                } else {
                    locations(item, found);
                }
            }
        }
        _ => {}
    }
}

impl Block {
    fn new(input: &Value) -> Block {
        let programs = input["programs"].as_array().expect("programs").clone();
        let before = input["before"].as_object().expect("before");
        let mut found: BTreeSet<String> = before.keys().cloned().collect();
        programs.iter().for_each(|program| locations(program, &mut found));
        let names: Vec<String> = found.into_iter().collect();
        Block {
            before: names.iter().map(|name| before.get(name).map_or(0, integer)).collect(),
            places: names
                .iter()
                .cloned()
                .enumerate()
                .map(|(place, name)| (name, place))
                .collect(),
            names,
            scheduler: Scheduler::new(programs.len()),
            storage: Mutex::default(),
            outputs: programs.iter().map(|_| Mutex::default()).collect(),
            programs,
        }
    }

    fn read(&self, transaction: usize, key: usize) -> Stored {
        let mut storage = self.storage.lock().unwrap();
        storage.read(transaction, key).unwrap_or_else(|| {
            let value = (-1, 0, self.before[key]);
            storage.set_initial_value(key, value);
            value
        })
    }

    fn execute(&self, transaction: usize) {
        let count = self.outputs[transaction].lock().unwrap().count + 1;
        let (names, own, reads) = (HashMap::new(), BTreeMap::new(), Vec::new());
        let mut execution = Execution {
            block: self,
            transaction,
            names,
            own,
            reads,
        };
        let result = execution.run(&self.programs[transaction]);
        let (writes, reads) = (execution.own, execution.reads);
        {
            let mut storage = self.storage.lock().unwrap();
            for (key, number) in &writes {
                storage.write(transaction, *key, (transaction as i64, count, *number));
            }
        }
        *self.outputs[transaction].lock().unwrap() = Output {
            count,
            reads,
            writes,
            result,
        };
        self.scheduler.finish_execution(transaction);
    }

    /// Whether the reads of an execution would give the same now; if not, it is aborted, unless somebody has.
    fn validate(&self, transaction: usize, commit_phase: bool) -> bool {
        let output = self.outputs[transaction].lock().unwrap();
        let mut storage = self.storage.lock().unwrap();
        let same = |(key, value): &(usize, Stored)| storage.read(transaction - 1, *key) == Some(*value);
        let valid = transaction == 0 || output.reads.iter().all(same);
        if !valid && self.scheduler.try_validation_abort(transaction, commit_phase) {
            for key in output.writes.keys() {
                storage.delete_write(*key, transaction);
            }
            drop(storage);
            drop(output);
            self.scheduler.finish_abort(transaction);
        }
        valid
    }

    fn commit_while_possible(&self) {
        if let Some(mut committer) = self.scheduler.try_enter_commit_phase() {
            while let Some(transaction) = committer.try_commit() {
                if !self.validate(transaction, true) {
                    committer.uncommit();
                    return;
                }
                if transaction + 1 == self.programs.len() {
                    self.scheduler.halt();
                }
            }
        }
    }

    /// The life of a worker.
    fn work(&self) {
        loop {
            self.commit_while_possible();
            match self.scheduler.next_task() {
                Task::ExecutionTask(transaction) => self.execute(transaction),
                Task::ValidationTask(transaction) => {
                    self.validate(transaction, false);
                }
                Task::AskForTask | Task::NoTaskAvailable => thread::yield_now(),
                Task::Done => break,
            }
        }
    }

    fn outcome(&self, certificate: bool) -> Value {
        let outputs: Vec<Output> = self.outputs.iter().map(|one| one.lock().unwrap().clone()).collect();
        let written: BTreeSet<usize> = outputs.iter().flat_map(|one| one.writes.keys().copied()).collect();
        let state: Map<String, Value> = written
            .into_iter()
            .map(|key| {
                (
                    self.names[key].clone(),
                    json!(self.read(outputs.len(), key).2.to_string()),
                )
            })
            .collect();
        let results: Vec<&String> = outputs.iter().map(|one| &one.result).collect();
        let mut outcome = json!({"state": state, "results": results});
        if certificate {
            outcome["certificate"] = outputs.iter().map(|one| self.certified(one)).collect();
        }
        outcome
    }

    fn certified(&self, output: &Output) -> Value {
        let origin = |value: &Stored| match value.0 {
            -1 => json!("storage"),
            writer => json!([writer.to_string(), value.1.to_string()]),
        };
        let read = |(key, value): &(usize, Stored)| json!({"location": self.names[*key], "origins": [origin(value)], "value": value.2.to_string()});
        let reads: Vec<Value> = output.reads.iter().map(read).collect();
        let writes: Map<String, Value> = output
            .writes
            .iter()
            .map(|(key, number)| (self.names[*key].clone(), json!(number.to_string())))
            .collect();
        json!({"incarnation": output.count.to_string(), "reads": reads, "writes": writes, "result": output.result})
    }
}

fn run(input: &Value) -> Value {
    let wish = &input["run"];
    let threads = wish["threads"]
        .as_str()
        .map_or(2, |digits| digits.parse().expect("threads"));
    let block = Block::new(input);
    if block.programs.is_empty() {
        block.scheduler.halt();
    }
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| block.work());
        }
    });
    block.outcome(wish["certificate"] == json!(true))
}

// --- protocol -------------------------------------------------------------------------------------------------------

fn answer(request: &Value) -> Value {
    match (request["op"].as_str(), request["target"].as_str()) {
        (Some("hello"), _) => {
            let who = json!({"name": "blockifier-stm", "version": "0.20.0-rc.1", "language": "rust"});
            let targets = json!({"stm.block": {"forks": [FORK]}});
            let features = ["stm.certificate"];
            json!({"ok": {"protocol": "hyperion/1", "implementation": who, "targets": targets, "features": features}})
        }
        (Some("run"), Some("stm.block")) => match catch_unwind(AssertUnwindSafe(|| run(&request["input"]))) {
            Ok(outcome) => json!({"ok": outcome}),
            Err(_) => json!({"error": {"code": "bad-input", "message": "no block, or a number that is too large"}}),
        },
        _ => json!({"error": {"code": "unsupported", "message": "no such operation or target"}}),
    }
}

fn main() {
    let mut output = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let Ok(request) = serde_json::from_str::<Value>(&line.unwrap_or_default()) else {
            continue;
        };
        if request["op"] == "bye" {
            break;
        }
        let mut reply = answer(&request);
        reply["id"] = request["id"].clone();
        writeln!(output, "{reply}")
            .and_then(|()| output.flush())
            .expect("nobody listens");
    }
}
