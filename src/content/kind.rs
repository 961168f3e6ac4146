//! What a content is. `docs/PROTOCOL.md` §10.2.

/// The number of a kind, 1 to 399.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u16);

/// What becomes of contents of a kind. The number says it, also of kinds that this release does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Shown in its conversation; others may refer to it, and it gets receipts.
    Stored,
    /// Changes something, and is answered by nothing.
    Silent,
    /// Shown for a moment and never kept.
    Ephemeral,
    /// Among the devices of one account only.
    Own,
}

impl Kind {
    /// A message.
    pub const TEXT: Self = Self(1);
    /// Other text in place of a message's.
    pub const EDIT: Self = Self(100);
    /// Withdraws a message.
    pub const DELETE: Self = Self(101);
    /// An emoji on a message.
    pub const REACTION: Self = Self(102);
    /// Messages were delivered, or read.
    pub const RECEIPT: Self = Self(103);
    /// How long new messages are to last.
    pub const TIMER: Self = Self(104);
    /// How the sender wants to be shown.
    pub const PROFILE: Self = Self(105);
    /// By what the sender can be reached.
    pub const TOKEN: Self = Self(106);
    /// Asks for contact, grants or ends it.
    pub const CONSENT: Self = Self(107);
    /// Is writing.
    pub const TYPING: Self = Self(200);
    /// How far another own device has read.
    pub const READ_MARKER: Self = Self(300);
    /// How it stands with a contact, by another own device.
    pub const CONTACT: Self = Self(301);
    /// Reserved.
    pub const SETTINGS: Self = Self(302);
    /// Reserved: history with its provenance.
    pub const HISTORY: Self = Self(303);

    /// The kind of this number, known or not; `None` outside 1 to 399.
    pub fn from_number(number: u32) -> Option<Self> {
        u16::try_from(number).ok().filter(|number| (1..=399).contains(number)).map(Self)
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Its class.
    pub const fn class(self) -> Class {
        match self.0 {
            ..=99 => Class::Stored,
            100..=199 => Class::Silent,
            200..=299 => Class::Ephemeral,
            300.. => Class::Own,
        }
    }
}
