//! The types that Malachite leaves to a chain: names in bytes, weights, a schedule, and messages that are authentic.

use std::fmt;
use std::sync::Arc;

use arc_malachitebft_core_types as types;
use arc_malachitebft_signing::{Error, VerificationResult, Verifier};
use types::{
    LinearTimeouts, NilOrVal, Round, SignedExtension, SignedMessage, ValidatorProof, VoteExtensionScope, VoteType,
};

use crate::text::Outside;

/// An address, or a value, which here is its own name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub Vec<u8>);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl types::Address for Name {}

impl types::Value for Name {
    type Id = Name;

    fn id(&self) -> Name {
        self.clone()
    }
}

#[derive(Copy, Clone, Default, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Height(pub u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl types::Height for Height {
    const ZERO: Self = Height(0);
    const INITIAL: Self = Height(0);

    fn increment_by(&self, n: u64) -> Self {
        Height(self.0 + n)
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Height)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    pub address: Name,
    pub weight: u64,
}

impl types::Validator<Chain> for Validator {
    fn address(&self) -> &Name {
        &self.address
    }

    fn public_key(&self) -> &() {
        &()
    }

    fn voting_power(&self) -> u64 {
        self.weight
    }
}

/// Validators in the order of their addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validators(pub Vec<Validator>);

impl types::ValidatorSet<Chain> for Validators {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> u64 {
        self.0.iter().map(|validator| validator.weight).sum()
    }

    fn get_by_address(&self, address: &Name) -> Option<&Validator> {
        self.0.iter().find(|validator| &validator.address == address)
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub sender: Name,
    pub height: Height,
    pub round: Round,
    pub value: Name,
    pub valid_round: Round,
}

impl types::Proposal<Chain> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &Name {
        &self.value
    }

    fn take_value(self) -> Name {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.valid_round
    }

    fn validator_address(&self) -> &Name {
        &self.sender
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    pub kind: VoteType,
    pub sender: Name,
    pub height: Height,
    pub round: Round,
    pub value: NilOrVal<Name>,
}

impl types::Vote<Chain> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<Name> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<Name> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Name {
        &self.sender
    }

    fn extension(&self) -> Option<&SignedExtension<Chain>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Chain>> {
        None
    }

    fn extend(self, _: SignedExtension<Chain>) -> Self {
        self
    }
}

impl types::ProposalPart<Chain> for () {
    fn is_first(&self) -> bool {
        true
    }

    fn is_last(&self) -> bool {
        true
    }
}

/// Messages of the target are authentic, so a signature says nothing and is always good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentic;

impl types::SigningScheme for Authentic {
    type DecodingError = &'static str;
    type Signature = ();
    type PublicKey = ();
    type PrivateKey = ();

    fn decode_signature(_: &[u8]) -> Result<(), &'static str> {
        Ok(())
    }

    fn encode_signature((): &()) -> Vec<u8> {
        vec![]
    }

    fn decode_public_key(_: &[u8]) -> Result<(), &'static str> {
        Ok(())
    }

    fn encode_public_key((): &()) -> Vec<u8> {
        vec![]
    }
}

#[async_trait::async_trait]
impl Verifier<Chain> for Authentic {
    async fn verify_signed_vote(&self, _: &Vote, _: &(), _: &()) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Valid)
    }

    async fn verify_signed_proposal(&self, _: &Proposal, _: &(), _: &()) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Valid)
    }

    async fn verify_signed_vote_extension(
        &self,
        _: &VoteExtensionScope<Chain>,
        _: &(),
        _: &(),
        _: &(),
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Valid)
    }

    async fn verify_validator_proof(&self, _: &ValidatorProof<Chain>) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Valid)
    }
}

/// The schedule: leaders by turns, counted over heights and rounds.
#[derive(Clone, Debug)]
pub struct Chain {
    pub leaders: Arc<Vec<Name>>,
}

impl types::Context for Chain {
    type Address = Name;
    type Height = Height;
    type ProposalPart = ();
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Timeouts = LinearTimeouts;
    type Value = Name;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Authentic;

    fn select_proposer<'a>(&self, set: &'a Validators, height: Height, round: Round) -> &'a Validator {
        let turn = height.0 + u64::from(round.as_u32().unwrap_or(0));
        let leader = &self.leaders[(turn % self.leaders.len() as u64) as usize];
        types::ValidatorSet::get_by_address(set, leader)
            .unwrap_or_else(|| Outside::because("a leader that is none of the validators"))
    }

    fn new_proposal(&self, height: Height, round: Round, value: Name, valid_round: Round, sender: Name) -> Proposal {
        Proposal { sender, height, round, value, valid_round }
    }

    fn new_prevote(&self, height: Height, round: Round, value: NilOrVal<Name>, sender: Name) -> Vote {
        let kind = VoteType::Prevote;
        Vote { kind, sender, height, round, value }
    }

    fn new_precommit(&self, height: Height, round: Round, value: NilOrVal<Name>, sender: Name) -> Vote {
        let kind = VoteType::Precommit;
        Vote { kind, sender, height, round, value }
    }
}

pub type Signed<M> = SignedMessage<Chain, M>;
