//! An invitation takes one request.
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::link::{Inviting, LinkRequest};
use sottovoce::time::Timestamp;

fn twice(inviting: Inviting, account: &Verified<Account>, first: LinkRequest, second: LinkRequest) {
    let _ = inviting.receive(account, first, Timestamp::from_millis(0));
    let _ = inviting.receive(account, second, Timestamp::from_millis(0));
}

fn main() {}
