//! Messages as JSON, in both directions.

use std::panic::panic_any;

use arc_malachitebft_core_types::{NilOrVal, Round, VoteType};
use serde_json::{json, Value};
use tiny_keccak::{Hasher, Keccak};

use crate::chain::{Height, Name, Proposal, Validator, Validators, Vote};

/// Why Malachite has no answer to a question.
pub struct Outside(pub &'static str);

impl Outside {
    pub fn because<T>(why: &'static str) -> T {
        panic_any(Outside(why))
    }
}

/// A field that is not what the target asks for.
pub struct Bad(pub &'static str);

fn bad<T>(field: &'static str) -> T {
    panic_any(Bad(field))
}

pub fn number(fields: &Value, field: &'static str) -> u64 {
    let text = fields[field].as_str().unwrap_or_else(|| bad(field));
    let plain = text == "0" || text.starts_with(|first: char| ('1'..='9').contains(&first));
    match text.parse() {
        Ok(number) if plain => number,
        _ if plain && text.bytes().all(|byte| byte.is_ascii_digit()) => Outside::because("a number beyond 64 bits"),
        _ => bad(field),
    }
}

pub fn round(fields: &Value, field: &'static str) -> Round {
    match u32::try_from(number(fields, field)) {
        Ok(round) if round < u32::MAX => Round::new(round),
        _ => Outside::because("a round beyond 32 bits"),
    }
}

pub fn name(value: &Value) -> Name {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).unwrap_or_else(|| bad("bytes"));
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        bad::<()>("bytes");
    }
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    Name((0..digits.len()).step_by(2).map(byte).collect())
}

pub fn names(value: &Value, field: &'static str) -> Vec<Name> {
    value.as_array().unwrap_or_else(|| bad(field)).iter().map(name).collect()
}

pub fn validators(value: &Value) -> Validators {
    let weights = value.as_object().filter(|weights| !weights.is_empty()).unwrap_or_else(|| bad("validators"));
    let one = |(address, weight): (&String, &Value)| Validator {
        address: name(&json!(address)),
        weight: number(&json!({ "weight": weight }), "weight"),
    };
    let mut set: Vec<Validator> = weights.iter().map(one).collect();
    set.sort_by(|one, other| one.address.cmp(&other.address));
    if set.iter().any(|validator| validator.weight == 0) {
        bad::<()>("weight");
    }
    let total = set.iter().try_fold(0u64, |sum, validator| sum.checked_add(validator.weight));
    if total.and_then(|sum| sum.checked_mul(3)).is_none() {
        Outside::because::<()>("weights whose sum, three times, is beyond 64 bits");
    }
    Validators(set)
}

pub fn proposal(fields: &Value) -> Proposal {
    Proposal {
        sender: name(&fields["sender"]),
        height: Height(number(fields, "height")),
        round: round(fields, "round"),
        value: name(&fields["value"]),
        valid_round: if fields["valid_round"].is_null() { Round::Nil } else { round(fields, "valid_round") },
    }
}

pub fn vote(kind: VoteType, fields: &Value) -> Vote {
    Vote {
        kind,
        sender: name(&fields["sender"]),
        height: Height(number(fields, "height")),
        round: round(fields, "round"),
        value: if fields["value"].is_null() { NilOrVal::Nil } else { NilOrVal::Val(name(&fields["value"])) },
    }
}

pub fn shown(number: impl ToString) -> Value {
    json!(number.to_string())
}

pub fn proposal_json(proposal: &Proposal) -> Value {
    let mut fields = json!({"sender": shown(&proposal.sender), "height": shown(proposal.height),
        "round": shown(proposal.round), "value": shown(&proposal.value)});
    if proposal.valid_round.is_defined() {
        fields["valid_round"] = shown(proposal.valid_round);
    }
    json!({ "proposal": fields })
}

pub fn vote_json(vote: &Vote) -> Value {
    let value = if let NilOrVal::Val(value) = &vote.value { shown(value) } else { Value::Null };
    let kind = if vote.kind == VoteType::Prevote { "prevote" } else { "precommit" };
    json!({kind: {"sender": shown(&vote.sender), "height": shown(vote.height), "round": shown(vote.round), "value": value}})
}

/// The target's name of a certificate of precommits: the hash of type, height, round, value and ascending signers.
pub fn digest(height: u64, round: Round, value: &Name, mut signers: Vec<Name>) -> String {
    signers.sort();
    let word = |number: u64| {
        let bytes = number.to_be_bytes();
        item(&bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(8)..])
    };
    let signers: Vec<u8> = signers.iter().flat_map(|signer| item(&signer.0)).collect();
    let round = round.as_u32().map_or(0, u64::from);
    let fields = [word(1), word(height), word(round), item(&value.0), wrapped(0xc0, &signers)].concat();
    let mut hash = [0; 32];
    let mut keccak = Keccak::v256();
    keccak.update(&wrapped(0xc0, &fields));
    keccak.finalize(&mut hash);
    Name(hash.to_vec()).to_string()
}

fn item(bytes: &[u8]) -> Vec<u8> {
    if bytes.len() == 1 && bytes[0] < 0x80 {
        bytes.to_vec()
    } else {
        wrapped(0x80, bytes)
    }
}

/// RLP: a payload after its length, which follows the tag where it is above 55.
fn wrapped(tag: u8, payload: &[u8]) -> Vec<u8> {
    if let Ok(length @ 0..=55) = u8::try_from(payload.len()) {
        return [&[tag + length], payload].concat();
    }
    let length = payload.len().to_be_bytes();
    let length = &length[payload.len().leading_zeros() as usize / 8..];
    [&[tag + 55 + length.len() as u8], length, payload].concat()
}
