//! An invitation takes one request.
use sottovoce::identity::link::{Inviting, LinkRequest};
use sottovoce::time::Timestamp;

fn twice(inviting: Inviting, first: LinkRequest, second: LinkRequest) {
    let _ = inviting.receive(first, Timestamp::from_millis(0));
    let _ = inviting.receive(second, Timestamp::from_millis(0));
}

fn main() {}
