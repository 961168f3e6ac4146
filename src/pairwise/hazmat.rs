//! What passes between handshake and ratchet, without either: for tests of one alone, and for published vectors.
//!
//! A test keeps the library itself away from it.

use super::{
    AnswerKey, ChainPlace, FirstAnswer, FirstChain, FirstOpened, ForwardSecrecy, Role, SessionKeys,
    SessionSecret, Standing,
};
use crate::crypto::hash::Hash;
use crate::crypto::mlkem::Ciphertext;
use crate::crypto::secret::Secret;

/// What a handshake would end with.
pub const fn session_secret(role: Role, transcript: Hash, keys: SessionKeys) -> SessionSecret {
    SessionSecret::new(role, transcript, keys, ForwardSecrecy::Full)
}

/// What a tentative opening would lend of a responder's secret.
pub fn first_chain(secret: &SessionSecret) -> FirstChain<'_> {
    secret.first_chain()
}

/// ckA and hkA.
pub const fn first_keys<'a>(first: &'a FirstChain<'_>) -> [&'a Secret<32>; 2] {
    [first.chain(), first.header()]
}

/// Claims that a message opened which nobody has looked at.
pub fn unread(first: FirstChain<'_>) -> FirstOpened<'_, ()> {
    first.opened(())
}

/// What a responder's handshake would answer with.
pub const fn first_answer(transcript: Hash, ciphertext: Ciphertext, k3: Secret<32>) -> FirstAnswer {
    FirstAnswer::new(ciphertext, AnswerKey::new(transcript, k3))
}

/// What an initiator's handshake would make of the first answer.
pub const fn answer_key(transcript: Hash, k3: Secret<32>) -> AnswerKey {
    AnswerKey::new(transcript, k3)
}

/// k3.
pub const fn k3(key: &AnswerKey) -> &Secret<32> {
    key.secret()
}

/// ct3 and k3.
pub const fn parts(answer: &FirstAnswer) -> (&Ciphertext, &Secret<32>) {
    (answer.ciphertext(), answer.key().secret())
}

/// What is proven after the responder's first root step.
pub const fn answered(standing: Standing) -> Standing {
    standing.answered()
}

/// What is proven after a message opened: of the other side's first chain, or of a later one.
pub const fn opened(standing: Standing, is_first: bool) -> Standing {
    standing.opened(if is_first { ChainPlace::First } else { ChainPlace::Later })
}
