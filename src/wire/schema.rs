//! Tables that describe messages, generated from `proto/`. `docs/PROTOCOL.md` §3.1.

/// A message type.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) max_bytes: usize,
    /// Whether a field of it, at any depth, is a secret.
    pub(crate) secret: bool,
    /// By ascending number, all below 64.
    pub(crate) fields: &'static [Field],
}

/// A field of a message type.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u8,
    pub(crate) kind: Kind,
    pub(crate) presence: Presence,
}

/// What a field holds. Lengths are in bytes.
#[derive(Debug)]
pub(crate) enum Kind {
    Uint32,
    Uint64,
    Bool,
    Enum(&'static [u64]),
    Bytes { min: usize, max: usize },
    Text { min: usize, max: usize },
    Message(&'static Schema),
}

/// How often a field occurs.
#[derive(Debug)]
pub(crate) enum Presence {
    Required,
    MayBeAbsent,
    Repeated {
        max: usize,
    },
    /// Exactly one of the fields with this mark; the mark is the set of their numbers, one bit each.
    OneOf(u64),
}

impl Kind {
    /// Protocol Buffers wire type: 0 for varints, 2 for what has a length.
    pub(crate) const fn wire_type(&self) -> u64 {
        match self {
            Self::Uint32 | Self::Uint64 | Self::Bool | Self::Enum(_) => 0,
            Self::Bytes { .. } | Self::Text { .. } | Self::Message(_) => 2,
        }
    }
}

/// A generated message that has a schema.
pub(crate) trait Described {
    const SCHEMA: &'static Schema;
}
