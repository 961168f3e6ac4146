//! Ids of accounts and servers are different types.
use sottovoce::identity::ids::{AccountId, ServerId};

fn same(account: AccountId, server: ServerId) -> bool {
    account == server
}

fn main() {}
