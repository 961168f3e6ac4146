//! Scanning an invitation joins nothing: it needs the person's decision.
use sottovoce::crypto::random::Generator;
use sottovoce::identity::link::{Decision, Joining, LinkInvitation};

fn open_a_link(invitation: LinkInvitation, rng: &mut Generator) {
    let _ = Joining::new(Decision(()), invitation, rng);
}

fn main() {}
