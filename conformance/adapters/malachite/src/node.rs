//! One validator: Malachite's consensus with what an application and a disk answer to it, and what is heard of it.

use std::convert::Infallible;
use std::panic::panic_any;

use arc_malachitebft_core_consensus::{
    process, Effect, Error, Input, LocallyProposedValue, Params, ProposedValue, Resumable, Resume, State,
};
use arc_malachitebft_core_types::{
    ExtendedCommitCertificate, ExtendedCommitSignature, PolkaCertificate, PolkaSignature, Round, Timeout, TimeoutKind,
    ValidatorSet, Validity, ValueOrigin, ValuePayload, ValueResponse, VoteExtensionPolicy, VoteType,
};
use arc_malachitebft_peer::PeerId;
use arc_malachitebft_signing::VerifierExt;
use futures::executor::block_on;
use serde_json::{json, Value};

use crate::chain::{Authentic, Chain, Height, Name, Signed, Validators, Vote};
use crate::text::{digest, name, names, number, proposal, proposal_json, round, shown, validators, vote, vote_json};
use crate::text::{Bad, Outside};

const QUEUE: usize = 1_000;

/// What is heard of the validator: the effects of an event, and what stays of them.
struct Ear {
    chain: Chain,
    me: Name,
    replays: bool,
    effects: Vec<Value>,
    log: Vec<Input<Chain>>,
    decisions: Vec<Value>,
    pairs: Vec<(Vote, Vote)>,
}

impl Ear {
    fn answer(&mut self, effect: Effect<Chain>) -> Result<Resume<Chain>, Infallible> {
        let chain = &self.chain;
        Ok(match effect {
            Effect::SignVote(vote, resume) => {
                self.say(vote_json(&vote));
                resume.resume_with(Signed::new(vote, ()))
            }
            Effect::SignProposal(proposal, resume) => {
                self.say(proposal_json(&proposal));
                resume.resume_with(Signed::new(proposal, ()))
            }
            Effect::VerifySignature(_, (), resume) => resume.resume_with(true),
            Effect::VerifyCommitCertificate(made, set, most, resume) => {
                resume.resume_with(block_on(Authentic.verify_commit_certificate(chain, &made, &set, most)))
            }
            Effect::VerifyExtendedCommitCertificate(made, set, most, policy, resume) => resume
                .resume_with(block_on(Authentic.verify_extended_commit_certificate(chain, &made, &set, most, policy))),
            Effect::VerifyPolkaCertificate(made, set, most, resume) => {
                resume.resume_with(block_on(Authentic.verify_polka_certificate(chain, &made, &set, most)))
            }
            Effect::VerifyRoundCertificate(made, set, most, resume) => {
                resume.resume_with(block_on(Authentic.verify_round_certificate(chain, &made, &set, most)))
            }
            told => {
                self.hear(told);
                Resume::Continue
            }
        })
    }

    fn hear(&mut self, effect: Effect<Chain>) {
        match effect {
            Effect::WalAppend(_, entry, _) => self.logged(entry),
            Effect::ScheduleTimeout(Timeout { kind, round }, _) => {
                if let Some(step) = step_name(kind) {
                    self.effects.push(json!({"timer": {"round": shown(round), "step": step}}));
                }
            }
            Effect::GetValue(height, round, _, _) => {
                // The target's question to the application includes the timer for its answer.
                self.effects.pop();
                self.effects.push(json!({"ask": {"height": shown(height), "round": shown(round)}}));
            }
            Effect::Decide(made, _, _) => {
                let signers = made.commit_signatures.iter().map(|one| one.address.clone()).collect();
                let certificate = digest(made.height.0, made.round, &made.value_id, signers);
                let (height, value) = (shown(made.height), shown(&made.value_id));
                self.decisions.push(json!({"height": height, "value": value, "certificate": certificate}));
                self.effects.push(json!({"decide": {"round": shown(made.round), "value": value}}));
            }
            Effect::Finalize(_, _, evidence, _) => {
                let pairs = evidence.votes.into_iter().flat_map(|(_, pairs)| pairs);
                self.pairs.extend(pairs.map(|(one, other)| (one.message, other.message)));
            }
            _ => {}
        }
    }

    /// A message of the validator, told when it is signed: it is published only after all that it causes.
    fn say(&mut self, message: Value) {
        if !self.effects.contains(&message) {
            self.effects.push(message);
        }
    }

    /// What is replayed is not signed anew: it is told when it comes to the log again.
    fn logged(&mut self, entry: Input<Chain>) {
        if !self.replays {
            return self.log.push(entry);
        }
        match &entry {
            Input::Vote(vote) if vote.sender == self.me => self.say(vote_json(vote)),
            Input::Proposal(proposal) if proposal.sender == self.me => self.say(proposal_json(proposal)),
            _ => {}
        }
    }
}

fn step_name(kind: TimeoutKind) -> Option<&'static str> {
    match kind {
        TimeoutKind::Propose => Some("propose"),
        TimeoutKind::Prevote => Some("prevote"),
        TimeoutKind::Precommit => Some("precommit"),
        _ => None,
    }
}

pub struct Node {
    state: State<Chain>,
    ear: Ear,
    invalid: Vec<Name>,
    /// The height that has begun last, with its validators.
    begun: Option<(Height, Validators)>,
}

impl Node {
    pub fn open(given: &Value) -> Node {
        let (me, set) = (name(&given["validator"]), validators(&given["validators"]));
        let leaders = names(&given["leaders"], "leaders");
        let known = |one: &Name| set.get_by_address(one).is_some();
        if !known(&me) || leaders.is_empty() || !leaders.iter().all(known) {
            panic_any(Bad("leaders"));
        }
        let height = if given["height"].is_null() { 0 } else { number(given, "height") };
        let chain = Chain { leaders: leaders.into() };
        let invalid = if given["invalid"].is_null() { vec![] } else { names(&given["invalid"], "invalid") };
        let state = fresh(&chain, &me, Height(height), set);
        let (replays, effects, log, decisions, pairs) = (false, vec![], vec![], vec![], vec![]);
        let ear = Ear { chain, me, replays, effects, log, decisions, pairs };
        Node { state, ear, invalid, begun: None }
    }

    fn feed(&mut self, input: Input<Chain>) {
        let done: Result<(), Error<Chain>> =
            process!(input: input, state: &mut self.state, metrics: &(), with: effect => self.ear.answer(effect));
        done.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The answer to an event. What Malachite drops in silence is named by the target's rule for it.
    pub fn act(&mut self, event: &Value) -> Value {
        let (kind, fields) = event
            .as_object()
            .filter(|one| one.len() == 1)
            .map_or_else(|| panic_any(Bad("event")), |one| one.iter().next().expect("one"));
        let silence = match kind.as_str() {
            "begin" => self.begin(validators(fields)),
            "proposal" => self.hear_proposal(fields),
            "prevote" => self.hear_vote(vote(VoteType::Prevote, fields)),
            "precommit" => self.hear_vote(vote(VoteType::Precommit, fields)),
            "certificate" => self.hear_certificate(fields),
            "timeout" => self.late(fields),
            "value" => self.supply(fields),
            "restart" => self.restart(),
            _ => panic_any(Bad("event")),
        };
        let effects = std::mem::take(&mut self.ear.effects);
        match silence {
            Some(rule) if effects.is_empty() => json!({ "rejected": rule }),
            _ => json!({ "effects": effects }),
        }
    }

    /// The engine starts a height when the one before is final, and not again.
    fn begin(&mut self, set: Validators) -> Option<&'static str> {
        let next = match &self.begun {
            None => (self.state.height(), self.state.validator_set().clone()),
            Some((height, _)) if self.state.driver.step_is_commit() => (Height(height.0 + 1), set),
            Some(_) => return None,
        };
        self.ear.log.clear();
        self.ear.pairs.clear();
        self.start(next);
        None
    }

    fn start(&mut self, (height, set): (Height, Validators)) {
        self.begun = Some((height, set.clone()));
        self.feed(Input::StartHeight(height, set, false, None, VoteExtensionPolicy::Disabled));
    }

    fn silence(&self, sender: &Name) -> Option<&'static str> {
        self.state.validator_set().get_by_address(sender).map_or(Some("FIN-known-sender"), |_| None)
    }

    /// A proposal; the application then judges its value, which it has from the leader only.
    fn hear_proposal(&mut self, fields: &Value) -> Option<&'static str> {
        let heard = proposal(fields);
        let silence = self.silence(&heard.sender);
        let invalid = self.invalid.contains(&heard.value);
        let value = ProposedValue {
            height: heard.height,
            round: heard.round,
            valid_round: heard.valid_round,
            proposer: heard.sender.clone(),
            value: heard.value.clone(),
            validity: if invalid { Validity::Invalid } else { Validity::Valid },
        };
        let backward = heard.valid_round >= heard.round;
        let leads = silence.is_none() && *self.state.get_proposer(heard.height, heard.round) == heard.sender;
        self.feed(Input::Proposal(Signed::new(heard, ())));
        if leads && !backward {
            self.feed(Input::ProposedValue(value, ValueOrigin::Consensus));
        }
        silence.or(backward.then_some("FIN-known-sender"))
    }

    fn hear_vote(&mut self, heard: Vote) -> Option<&'static str> {
        let silence = self.silence(&heard.sender);
        self.feed(Input::Vote(Signed::new(heard, ())));
        silence
    }

    /// Of prevotes it is a message of its own; of precommits it comes with the answer of a peer to who lacks a height.
    fn hear_certificate(&mut self, fields: &Value) -> Option<&'static str> {
        let (height, round) = (Height(number(fields, "height")), round(fields, "round"));
        let (value_id, signers) = (name(&fields["value"]), names(&fields["signers"], "signers"));
        if self.state.round() == Round::Nil || height > self.state.height() {
            return Outside::because("certificates ahead of the height, which wait outside of Malachite's consensus");
        }
        let kind = fields["type"].as_str().filter(|kind| matches!(*kind, "prevote" | "precommit"));
        if kind.unwrap_or_else(|| panic_any(Bad("type"))) == "prevote" {
            let signed = |signer| PolkaSignature::new(signer, ());
            let polka_signatures = signers.into_iter().map(signed).collect();
            self.feed(Input::PolkaCertificate(PolkaCertificate { height, round, value_id, polka_signatures }));
        } else {
            let signed = |signer| ExtendedCommitSignature::new(signer, (), None);
            let commit_signatures = signers.into_iter().map(signed).collect();
            let certificate = ExtendedCommitCertificate { height, round, value_id, commit_signatures };
            let peer = PeerId::from_bytes(&[0, 0]).expect("the empty identity");
            self.feed(Input::SyncValueResponse(ValueResponse::new(peer, Default::default(), certificate)));
        }
        None
    }

    fn late(&mut self, fields: &Value) -> Option<&'static str> {
        let (height, round) = (Height(number(fields, "height")), round(fields, "round"));
        let kind = match fields["step"].as_str() {
            Some("propose") => TimeoutKind::Propose,
            Some("prevote") => TimeoutKind::Prevote,
            Some("precommit") => TimeoutKind::Precommit,
            _ => panic_any(Bad("step")),
        };
        let stale = (height, round) != (self.state.height(), self.state.round());
        // A timer knows its round only: those of a height are cancelled when it ends.
        if height == self.state.height() {
            self.feed(Input::TimeoutElapsed(Timeout::new(round, kind)));
        }
        stale.then_some("FIN-stale")
    }

    fn supply(&mut self, fields: &Value) -> Option<&'static str> {
        let (height, round) = (Height(number(fields, "height")), round(fields, "round"));
        let stale = (height, round) != (self.state.height(), self.state.round());
        let value = name(&fields["value"]);
        self.feed(Input::Propose(LocallyProposedValue::new(height, round, value)));
        stale.then_some("FIN-stale")
    }

    /// A new process reads its log: the height is started, and then the entries are, in order.
    fn restart(&mut self) -> Option<&'static str> {
        let (chain, me) = (self.ear.chain.clone(), self.ear.me.clone());
        let (height, set) = self.begun.clone()?;
        self.state = fresh(&chain, &me, height, set.clone());
        let log = self.ear.log.clone();
        self.ear.decisions.retain(|made| made["height"] != shown(height));
        self.ear.pairs.clear();
        self.ear.replays = true;
        self.start((height, set));
        self.state.index_wal_entries(&log);
        log.into_iter().for_each(|entry| self.feed(entry));
        self.state.reset_entries_index();
        self.ear.replays = false;
        None
    }

    pub fn snapshot(&self) -> Value {
        let here = self.state.driver.round_state();
        let step = match here.step {
            _ if here.round == Round::Nil => "none".to_string(),
            step => format!("{step:?}").to_lowercase(),
        };
        let held = |round: Round, value: &Name| json!({"round": shown(round), "value": shown(value)});
        json!({
            "height": shown(here.height), "round": shown(here.round), "step": step,
            "locked": here.locked.as_ref().map(|locked| held(locked.round, &locked.value)),
            "valid": here.valid.as_ref().map(|valid| held(valid.round, &valid.value)),
            "chain": self.ear.decisions, "evidence": self.evidence(),
        })
    }

    /// Malachite keeps pairs with the first vote; the target keeps, for each new value, all votes so far.
    fn evidence(&self) -> Value {
        let kept = self.state.driver.votes().evidence().iter().flat_map(|(_, pairs)| pairs);
        let kept = kept.map(|(one, other)| (one.message.clone(), other.message.clone()));
        let mut groups: Vec<Vec<Vote>> = vec![];
        let mut sets = vec![];
        for (first, other) in self.ear.pairs.iter().cloned().chain(kept) {
            let place = groups.iter().position(|votes| votes[0] == first).unwrap_or(groups.len());
            if place == groups.len() {
                groups.push(vec![first]);
            }
            if !groups[place].contains(&other) {
                groups[place].push(other);
                let mut votes = groups[place].clone();
                votes.sort_by(|one, other| one.value.cmp(&other.value));
                sets.push(votes);
            }
        }
        let order = |vote: &Vote| (vote.height, vote.round, vote.kind, vote.sender.clone(), vote.value.clone());
        sets.sort_by_key(|votes| votes.iter().map(order).collect::<Vec<_>>());
        sets.iter().map(|votes| votes.iter().map(vote_json).collect::<Value>()).collect()
    }
}

fn fresh(chain: &Chain, me: &Name, height: Height, set: Validators) -> State<Chain> {
    let params = Params {
        address: me.clone(),
        threshold_params: Default::default(),
        value_payload: ValuePayload::ProposalAndParts,
        enabled: true,
    };
    State::new(chain.clone(), height, set, params, QUEUE, QUEUE)
}
