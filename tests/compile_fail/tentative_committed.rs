//! Nothing is stored of an Initial before its message has opened.
use sottovoce::handshake::{Accepted, HandshakeError, Tentative};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;

fn at_once(tentative: Tentative, account: &Verified<Account>) -> Result<Accepted, HandshakeError> {
    tentative.accept(account, None)
}

fn main() {}
