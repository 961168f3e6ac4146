//! The id of a key pair is no id of a device (attack D-06).
use sottovoce::crypto::hybrid::PublicKey;
use sottovoce::identity::account::Account;

fn confused(account: &Account, key: &PublicKey) {
    let _ = account.device(*key.pair());
}

fn main() {}
