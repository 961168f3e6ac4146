//! A recipient cannot be put together from keys.
use sottovoce::handshake::Recipient;
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::device::Device;

fn by_hand<'a>(account: &'a Verified<Account>, device: &'a Device, address: &'a Address) -> Recipient<'a> {
    Recipient { account, device, address }
}

fn main() {}
