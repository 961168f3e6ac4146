//! Items between servers, by frames over wires.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop"
)]

mod attacks;
mod custody;
mod damage;
mod faults;
mod hostile;
mod poison;
mod scene;
#[path = "../servers/mod.rs"]
mod servers;
mod times;

use sottovoce::server::Status;
use sottovoce::time::Span;

use scene::{all, found, pair, submit, told};

#[test]
fn items_arrive_in_order_and_their_fate_comes_back() {
    let mut net = pair();
    (0..20).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(10));
    (20..300).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(10));
    assert_eq!(found(&mut net), (0..300).collect::<Vec<_>>());
    assert_eq!(told(&mut net), all(0..300, Status::Delivered));
    assert!(net.frames < 10, "{} frames", net.frames);
}
