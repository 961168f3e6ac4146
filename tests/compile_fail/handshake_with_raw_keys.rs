//! A handshake begins with prekeys that were verified.
use sottovoce::handshake::Recipient;
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::prekeys::Bundle;

fn unverified<'a>(account: &'a Verified<Account>, bundle: Bundle, address: &'a Address) {
    let _ = Recipient::new(account, bundle, address, None);
}

fn main() {}
