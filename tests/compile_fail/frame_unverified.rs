//! A frame that nobody has verified is no authentic one (attack F-19).

use sottovoce::server::frame::{Authentic, SignedFrame};

fn listen(_: Authentic) {}

fn main() {
    let bytes = Vec::new();
    let frame = <SignedFrame as sottovoce::wire::Wire>::decode(&bytes).unwrap();
    listen(frame.open().unwrap());
}
