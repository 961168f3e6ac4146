//! How a user is named towards one address of another server, or of this one. `docs/PROTOCOL.md` §8.5.

use crate::crypto::absorb::Absorb as _;
use crate::crypto::kdf::Mac;
use crate::crypto::label;
use crate::identity::address::Address;
use crate::identity::ids::AccountId;
use crate::server::{Pseudonym, Server};

/// Always the same for one user and one address; two addresses cannot tell that it is one user.
pub(super) fn of(server: &Server, account: AccountId, address: &Address) -> Pseudonym {
    let mac = Mac::labelled(&server.secret, label::mac::PSEUDONYM);
    let mac = mac.array(account.as_bytes()).last(address.as_str().as_bytes());
    Pseudonym::from_bytes(*mac.piece::<0, 16>().expose())
}
