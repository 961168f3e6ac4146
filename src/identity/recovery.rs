//! The recovery key, and the phrase that it is kept as. `docs/PROTOCOL.md` §4.17.

use core::fmt;
use core::str::FromStr;

use bip39::{Language, Mnemonic};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, hybrid, kdf, label, random};
use crate::error::{Blame, Fault};

/// Words of a phrase.
const WORDS: usize = 24;
/// Letters of the longest word.
const LONGEST_WORD: usize = 8;

/// The key that outranks every device of an account. It belongs on paper, not on a device.
#[derive(Debug)]
pub struct RecoveryKey {
    entropy: Secret<32>,
    key: hybrid::SecretKey,
}

impl RecoveryKey {
    /// A new key; draws 32 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        random::draw(rng).map(Self::from_entropy)
    }

    /// The key of these 32 bytes.
    pub fn from_entropy(entropy: Secret<32>) -> Self {
        let seed = kdf::expand(&entropy, label::expand::RECOVERY_KEY, &[]);
        Self { entropy, key: hybrid::SecretKey::from_seed(&seed) }
    }

    /// The 32 bytes that the phrase writes down.
    pub const fn entropy(&self) -> &Secret<32> {
        &self.entropy
    }

    /// The key that signs.
    pub const fn signing(&self) -> &hybrid::SecretKey {
        &self.key
    }

    /// The id of its pair, by which a manifest names it.
    pub fn pair(&self) -> Hash {
        *self.key.public_key().pair()
    }

    /// The key as 24 words. Show it once, and do not keep it.
    pub fn phrase(&self) -> Phrase {
        Phrase::of(&self.entropy)
    }
}

/// 24 words. Erased on drop, never printed by `Debug`.
pub struct Phrase(Zeroizing<String>);

impl Phrase {
    fn of(entropy: &Secret<32>) -> Self {
        let mut text =
            Zeroizing::new(String::with_capacity(WORDS.saturating_mul(LONGEST_WORD.saturating_add(1))));
        // 32 bytes always are 24 words.
        if let Ok(mnemonic) = Mnemonic::from_entropy_in(Language::English, entropy.expose()) {
            for word in mnemonic.words() {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(word);
            }
        }
        Self(text)
    }

    /// The words, separated by single spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase(..)")
    }
}

/// Reads a phrase as a person typed it: any ASCII white space, upper or lower case.
impl FromStr for RecoveryKey {
    type Err = BadPhrase;

    fn from_str(text: &str) -> Result<Self, BadPhrase> {
        let words = text.split_ascii_whitespace().count();
        if words != WORDS {
            return Err(BadPhrase::Words(words));
        }
        // A space follows every word. Growing would leave a copy of the words behind.
        let mut clean = Zeroizing::new(String::with_capacity(text.len().saturating_add(1)));
        for (at, word) in text.split_ascii_whitespace().enumerate() {
            let start = clean.len();
            clean.push_str(word);
            let lower = clean.get_mut(start..).unwrap_or_default();
            lower.make_ascii_lowercase();
            if Language::English.find_word(lower).is_none() {
                return Err(BadPhrase::Unknown(at));
            }
            clean.push(' ');
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, clean.trim_end());
        let (bytes, length) = mnemonic.map_err(|_| BadPhrase::Checksum)?.to_entropy_array();
        let bytes = Zeroizing::new(bytes);
        let entropy = bytes.get(..length).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        entropy.map(|entropy| Self::from_entropy(Secret::new(entropy))).ok_or(BadPhrase::Checksum)
    }
}

/// Text that is not a recovery phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPhrase {
    /// It has so many words, not 24.
    Words(usize),
    /// The word at this place, counted from 0, is not in the list.
    Unknown(usize),
    /// All words are in the list, but one of them is wrong, or two are exchanged.
    Checksum,
}

impl Blame for BadPhrase {
    fn fault(&self) -> Fault {
        Fault::Caller
    }

    fn class(&self) -> &'static str {
        "bad-phrase"
    }
}

impl fmt::Display for BadPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(count) => write!(f, "bad-phrase: {count} words, not 24"),
            Self::Unknown(at) => write!(f, "bad-phrase: word {} is not in the list", at.saturating_add(1)),
            Self::Checksum => f.write_str("bad-phrase: a word is wrong, or two are exchanged"),
        }
    }
}

impl core::error::Error for BadPhrase {}
