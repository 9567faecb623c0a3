//! Adapter of protocol hyperion/1 for Malachite: target bft.node, one validator, event by event.
//!
//! Asked is its crate `core-consensus`: the state machine of rounds, the driver around it, and what makes a node of them:
//! own messages, those of the next height, certificates, and the log. Network, disk, clock and signatures are not.

mod chain;
mod node;
mod text;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};

use node::Node;
use serde_json::{json, Value};
use text::{Bad, Outside};

const PROTOCOL: &str = "hyperion/1";
const TARGET: &str = "bft.node";

#[derive(Default)]
struct Adapter {
    opened: u64,
    nodes: HashMap<String, Node>,
}

impl Adapter {
    fn ok(&mut self, request: &Value) -> Option<Value> {
        let session = request["session"].as_str().unwrap_or_default();
        match request["op"].as_str()? {
            "hello" if request["protocol"].as_array()?.iter().any(|one| one == PROTOCOL) => Some(hello()),
            "run" if request["target"] == TARGET => Some(run(&request["input"])),
            "open" if request["target"] == TARGET => {
                let node = Node::open(&request["input"]);
                self.opened += 1;
                self.nodes.insert(self.opened.to_string(), node);
                Some(json!({"session": self.opened.to_string()}))
            }
            "act" => Some(self.nodes.get_mut(session)?.act(&request["event"])),
            "snapshot" => Some(self.nodes.get(session)?.snapshot()),
            "close" => self.nodes.remove(session).map(|_| json!({})),
            _ => None,
        }
    }

    fn answer(&mut self, request: &Value) -> Value {
        let failure = |code, message| json!({"error": {"code": code, "message": message}});
        match catch_unwind(AssertUnwindSafe(|| self.ok(request))) {
            Ok(Some(ok)) => json!({ "ok": ok }),
            Ok(None) => failure("unsupported", "no such operation, target or session".to_string()),
            Err(cause) => match (cause.downcast_ref::<Outside>(), cause.downcast_ref::<Bad>()) {
                (Some(Outside(why)), _) => json!({"skip": {"why": why}}),
                (_, Some(Bad(field))) => failure("bad-input", format!("{field} is not what the target asks for")),
                _ => failure("internal", cause.downcast_ref::<String>().cloned().unwrap_or_default()),
            },
        }
    }
}

fn hello() -> Value {
    let homepage = "https://github.com/circlefin/malachite";
    json!({
        "protocol": PROTOCOL,
        "implementation": {"name": "malachite", "version": "0.8.2", "language": "rust", "homepage": homepage},
        "targets": {TARGET: {"forks": ["HYPERION"]}},
        "features": ["sessions"],
    })
}

fn run(input: &Value) -> Value {
    let mut node = Node::open(&input["open"]);
    let events = input["events"].as_array().unwrap_or_else(|| panic_any(Bad("events")));
    let answers: Vec<Value> = events.iter().map(|event| node.act(event)).collect();
    json!({"answers": answers, "final": node.snapshot()})
}

fn main() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.payload().is::<Outside>() && !panic.payload().is::<Bad>() {
            usual(panic);
        }
    }));
    let (mut adapter, mut output) = (Adapter::default(), std::io::stdout());
    for line in std::io::stdin().lock().lines() {
        let Ok(request) = serde_json::from_str::<Value>(&line.unwrap_or_default()) else {
            continue;
        };
        if request["op"] == "bye" {
            break;
        }
        let mut reply = adapter.answer(&request);
        reply["id"] = request["id"].clone();
        writeln!(output, "{reply}").and_then(|()| output.flush()).expect("nobody listens");
    }
}
