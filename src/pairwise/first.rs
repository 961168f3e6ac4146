//! The message beside an Initial, which decides whether there is a session. `docs/PROTOCOL.md` §5.6.

use core::marker::PhantomData;

use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;

/// No shorter and no longer than `'a`.
type Exactly<'a> = PhantomData<fn(&'a ()) -> &'a ()>;

/// What opens messages of A's first chain: for looking, not for keeping. Only a ratchet makes something of it.
#[derive(Debug)]
pub struct FirstChain<'a> {
    chain: &'a Secret<32>,
    header: &'a Secret<32>,
    bound: Hash,
    brand: Exactly<'a>,
}

/// Proof that a message opened with the [`FirstChain`] of the same lifetime, and so with no other one.
#[derive(Debug)]
pub struct FirstOpened<'a, T> {
    message: T,
    brand: Exactly<'a>,
}

impl<'a> FirstChain<'a> {
    pub(super) const fn new(chain: &'a Secret<32>, header: &'a Secret<32>, bound: Hash) -> Self {
        Self { chain, header, bound, brand: PhantomData }
    }

    /// ckA.
    pub(crate) const fn chain(&self) -> &Secret<32> {
        self.chain
    }

    /// hkA.
    pub(crate) const fn header(&self) -> &Secret<32> {
        self.header
    }

    /// AD(0).
    pub(crate) const fn associated_data(&self) -> Hash {
        self.bound
    }

    /// The message opened.
    pub(crate) fn opened<T>(self, message: T) -> FirstOpened<'a, T> {
        FirstOpened { message, brand: self.brand }
    }
}

impl<T> FirstOpened<'_, T> {
    /// What was in it.
    pub fn into_message(self) -> T {
        self.message
    }
}
