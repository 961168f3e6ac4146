//! Scanning an invitation joins nothing: it needs the person's decision.
use sottovoce::crypto::random::Generator;
use sottovoce::identity::device::DeviceSecret;
use sottovoce::identity::link::{Decision, Joining, LinkInvitation};

fn open_a_link(invitation: LinkInvitation, secret: &DeviceSecret, rng: &mut Generator) {
    let _ = Joining::new(Decision(()), invitation, secret, rng);
}

fn main() {}
