//! Manifests as plain values: keys, hashes and bodies are small numbers, and a signature is genuine or not.

use std::collections::BTreeSet;

pub const ACCOUNT: u8 = 1;
pub const SERVER: u8 = 2;

/// A body that is no `ServerBody`: it has no domain.
pub const UNREADABLE: u8 = 3;

/// The hash of no header.
pub const UNKNOWN: usize = usize::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub chain: usize,
    pub previous: usize,
    pub change: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Header {
    pub kind: u8,
    pub link: Option<Link>,
    pub order: (u32, u64),
    pub issued: u64,
    pub refresh: u64,
    pub recovery: BTreeSet<u8>,
    pub device: BTreeSet<u8>,
    pub body: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signed {
    pub header: Header,
    pub hash: usize,
    pub signer: u8,
    pub genuine: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub path: Vec<Signed>,
    pub body: u8,
    pub possessions: usize,
}

impl Manifest {
    pub fn newest(&self) -> &Signed {
        self.path.last().unwrap()
    }

    pub fn order(&self) -> (u32, u64) {
        self.newest().header.order
    }

    pub fn chain(&self) -> usize {
        self.path[0].hash
    }
}

/// What a follower has in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The hash of its newest header.
    Newest(usize),
    Twins,
    Contradiction,
}

/// A mistake in the model, which comparing it with the library must show: a rule left out, or another rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    None,
    AnyBody,
    UnreadableBody,
    AnyPossession,
    AnyTimes,
    AnyStart,
    AnyKind,
    LinkedGenesis,
    AnyFounder,
    AnyChain,
    AnyChange,
    RecoveryOnAny,
    AnyHigherTerm,
    AnyHead,
    AnySigner,
    AnyTerm,
    AnyVersion,
    AnyPrevious,
    AnyRank,
    Superfluous,
    AnySignature,
    IdentityOfHead,
    LastCounts,
    EqualsLeft,
    HigherVersionHeals,
    LowestTerm,
    ForksLast,
    TwinsLast,
    NoTwins,
}

impl Mutation {
    pub const ALL: [Self; 28] = [
        Self::AnyBody,
        Self::UnreadableBody,
        Self::AnyPossession,
        Self::AnyTimes,
        Self::AnyStart,
        Self::AnyKind,
        Self::LinkedGenesis,
        Self::AnyFounder,
        Self::AnyChain,
        Self::AnyChange,
        Self::RecoveryOnAny,
        Self::AnyHigherTerm,
        Self::AnyHead,
        Self::AnySigner,
        Self::AnyTerm,
        Self::AnyVersion,
        Self::AnyPrevious,
        Self::AnyRank,
        Self::Superfluous,
        Self::AnySignature,
        Self::IdentityOfHead,
        Self::LastCounts,
        Self::EqualsLeft,
        Self::HigherVersionHeals,
        Self::LowestTerm,
        Self::ForksLast,
        Self::TwinsLast,
        Self::NoTwins,
    ];
}
