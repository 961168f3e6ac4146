//! Three devices of one account and their server: they agree on a contact in whatever order they hear of each other, a block stands, and no
//! token that none of them holds reaches the account.

use std::collections::BTreeMap;

use rand_core::Rng as _;
use sottovoce::content::{
    Act, Consent, ConsentState, ContactConsent, ContentError, DeliveryToken, Heard, TokenAction,
};
use sottovoce::crypto::random::Generator;
use sottovoce::error::Blame as _;
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::{NOW, at, copy, generator, grant, hear, home, version};

const ACTS: [Act; 7] =
    [Act::Request, Act::Accept, Act::Decline, Act::Revoke, Act::Rotate, Act::Block, Act::Unblock];
const DAY: u64 = 86_400_000;

/// What the own server holds of tokens (§7.6): whether each is a sink, and whether it was rotated.
#[derive(Default)]
struct Server(BTreeMap<[u8; 16], (bool, bool)>);

impl Server {
    fn take(&mut self, actions: &[TokenAction]) {
        let bytes = |token: &DeliveryToken| *token.secret().expose();
        for action in actions {
            match action {
                TokenAction::Add(token) => self.0.entry(bytes(token)).or_default().0 = false,
                TokenAction::Rotate { old, new } => {
                    self.0.entry(bytes(new)).or_default().0 = false;
                    self.0.entry(bytes(old)).or_default().1 = true;
                }
                TokenAction::Sink(token) => self.0.entry(bytes(token)).or_default().0 = true,
            }
        }
    }

    /// Those that deliver for more than their time of grace.
    fn lasting(&self) -> Vec<[u8; 16]> {
        self.0
            .iter()
            .filter(|(_, (is_sink, is_rotated))| !is_sink && !is_rotated)
            .map(|(token, _)| *token)
            .collect()
    }

    fn all_sunk(&self) -> bool {
        self.0.values().all(|(is_sink, _)| *is_sink)
    }
}

fn below(rng: &mut Generator, bound: usize) -> usize {
    usize::try_from(rng.next_u64() % u64::try_from(bound).unwrap()).unwrap()
}

/// What three devices did, with clocks of their own, some of it knowing what the others did.
fn history(rng: &mut Generator, steps: usize, acts: &[Act]) -> (Vec<ContactConsent>, Server) {
    let mut devices = vec![ContactConsent::new(), ContactConsent::new(), ContactConsent::new()];
    let mut server = Server::default();
    for _ in 0..steps {
        let (one, now) = (below(rng, 3), at(rng.next_u64() % 12));
        match below(rng, 5) {
            0 | 1 => {
                let act = acts[below(rng, acts.len())];
                if let Ok(acted) = devices[one].act(act, &home(), now, rng) {
                    server.take(&acted.tokens);
                }
            }
            2 => {
                devices[one].owed(&home(), now);
            }
            3 => {
                // The contact says the same to all devices, but not all have heard it yet.
                let when = rng.next_u64() % 12;
                let of =
                    || grant(DeliveryToken::generate(&mut generator(u8::try_from(when).unwrap())).unwrap());
                match when % 5 {
                    0 => hear(&mut devices[one], &Consent::Request(of()), version(when)),
                    1 => hear(&mut devices[one], &Consent::Accept(of()), version(when)),
                    2 => hear(&mut devices[one], &Consent::Decline, version(when)),
                    3 => hear(&mut devices[one], &Consent::Revoke, version(when)),
                    _ => devices[one].hear(Heard::Token(&of()), version(when)),
                };
            }
            _ => {
                let other = copy(&devices[below(rng, 3)]);
                server.take(&devices[one].merge(&other, now).unwrap());
            }
        }
        copy(&devices[one]);
    }
    (devices, server)
}

fn merged(one: &ContactConsent, other: &ContactConsent) -> ContactConsent {
    let mut joined = copy(one);
    joined.merge(other, at(12)).unwrap();
    copy(&joined)
}

fn bytes(contact: &ContactConsent) -> Vec<u8> {
    contact.encode().unwrap()
}

#[test]
fn own_devices_agree_in_every_order() {
    let mut rng = generator(10);
    for round in 0..6_000 {
        let (devices, _) = history(&mut rng, 4 + round % 24, &ACTS);
        let [a, b, c] = [&devices[0], &devices[1], &devices[2]];
        let all = bytes(&merged(&merged(a, b), c));
        for (one, two, three) in [(a, b, c), (a, c, b), (b, a, c), (b, c, a), (c, a, b), (c, b, a)] {
            assert_eq!(bytes(&merged(&merged(one, two), three)), all, "{devices:?}");
            assert_eq!(bytes(&merged(one, &merged(two, three))), all, "{devices:?}");
        }
        for one in [a, b, c] {
            assert_eq!(bytes(&merged(&merged(&merged(a, b), c), one)), all, "once more: {devices:?}");
            let again = merged(one, one);
            assert_eq!((bytes(&again), again.state()), (bytes(one), one.state()));
        }
    }
}

#[test]
fn a_block_stands_until_somebody_ends_it() {
    let mut rng = generator(11);
    let acts: Vec<_> = ACTS.into_iter().filter(|act| *act != Act::Unblock).collect();
    let mut blocks = 0;
    for round in 0..3_000 {
        let (mut devices, mut server) = history(&mut rng, 4 + round % 24, &acts);
        let one = below(&mut rng, 3);
        if let Ok(acted) = devices[one].act(Act::Block, &home(), at(rng.next_u64() % 12), &mut rng) {
            server.take(&acted.tokens);
        }
        // Those who know nothing of it go on, later than it by every clock.
        for later in 0..8 {
            let unaware = (one + 1 + below(&mut rng, 2)) % 3;
            let act = acts[below(&mut rng, acts.len())];
            if let Ok(acted) = devices[unaware].act(act, &home(), at(100 + later), &mut rng) {
                server.take(&acted.tokens);
            }
        }
        let everything = settled(&mut devices, &mut server);
        assert_eq!(everything, ConsentState::Blocked);
        assert!(server.all_sunk(), "also what was in its time of grace");
        blocks += 1;
    }
    assert_eq!(blocks, 3_000);
}

/// Everybody takes everybody's state, twice.
fn settled(devices: &mut [ContactConsent], server: &mut Server) -> ConsentState {
    for _ in 0..2 {
        for (one, other) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
            let state = copy(&devices[other]);
            server.take(&devices[one].merge(&state, at(200)).unwrap());
        }
    }
    assert!(devices.iter().all(|device| bytes(device) == bytes(&devices[0])));
    devices[0].state()
}

#[test]
fn no_token_is_left_behind() {
    let mut rng = generator(12);
    let mut with_token = 0;
    for round in 0..6_000 {
        let (mut devices, mut server) = history(&mut rng, 4 + round % 30, &ACTS);
        settled(&mut devices, &mut server);
        let ours = devices[0].ours().map(|token| *token.secret().expose());
        assert_eq!(server.lasting(), ours.into_iter().collect::<Vec<_>>(), "{devices:?}");
        with_token += usize::from(ours.is_some());
    }
    assert!(with_token > 1_000);
}

fn accepted(rng: &mut Generator) -> ContactConsent {
    let mut contact = ContactConsent::new();
    contact.act(Act::Request, &home(), at(1), rng).unwrap();
    assert!(contact.hear(Heard::Token(&grant(DeliveryToken::generate(rng).unwrap())), version(2)));
    contact
}

/// The token that was rotated serves for days; a block ends it as well, and so does a rotation the one before it.
#[test]
fn a_block_sinks_what_is_in_its_time_of_grace() {
    let mut rng = generator(13);
    for first in [Act::Rotate, Act::Revoke] {
        let mut contact = accepted(&mut rng);
        let before = contact.ours().unwrap().duplicate();
        contact.act(first, &home(), at(10), &mut rng).unwrap();
        let acted = copy(&contact).act(Act::Block, &home(), at(20), &mut rng).unwrap();
        let [TokenAction::Sink(one), TokenAction::Sink(two)] = acted.tokens.as_slice() else {
            panic!("{acted:?}")
        };
        assert!(one.is(contact.ours().unwrap()) && two.is(&before));
        let late = copy(&contact).act(Act::Block, &home(), at(16 * DAY + 10), &mut rng).unwrap();
        assert_eq!(late.tokens.len(), 1, "the server has none any more");
    }
    let mut contact = accepted(&mut rng);
    let before = contact.ours().unwrap().duplicate();
    contact.act(Act::Rotate, &home(), at(10), &mut rng).unwrap();
    let again = copy(&contact).act(Act::Rotate, &home(), at(20), &mut rng).unwrap();
    assert!(
        matches!(&again.tokens[..], [TokenAction::Sink(one), TokenAction::Rotate { .. }] if one.is(&before))
    );
    let late = contact.act(Act::Rotate, &home(), at(16 * DAY + 10), &mut rng).unwrap();
    assert!(matches!(&late.tokens[..], [TokenAction::Rotate { .. }]));
}

/// What a device does about tokens, or asks once more, stands against no decision of another one, however much later.
#[test]
fn a_rotation_and_a_repeated_request_decide_nothing() {
    let mut rng = generator(17);
    let mut asked = ContactConsent::new();
    asked.act(Act::Request, &home(), at(1), &mut rng).unwrap();
    for (start, act) in [(asked, Act::Request), (accepted(&mut rng), Act::Rotate)] {
        let (mut one, mut other) = (copy(&start), start);
        hear(&mut one, &Consent::Revoke, version(10));
        hear(&mut one, &Consent::Request(grant(DeliveryToken::generate(&mut rng).unwrap())), version(11));
        one.act(Act::Decline, &home(), at(20), &mut rng).unwrap();
        other.act(act, &home(), at(30), &mut rng).unwrap();
        let other_then = copy(&other);
        other.merge(&one, at(40)).unwrap();
        one.merge(&other_then, at(40)).unwrap();
        assert_eq!((one.state(), bytes(&one)), (ConsentState::Declined, bytes(&other)), "{act:?}");
    }
}

/// Two devices that accept at once have made a token each: one of them is the account's, the other a sink, and the contact is told.
#[test]
fn of_two_tokens_one_is_sunk() {
    let mut rng = generator(14);
    let ask = grant(DeliveryToken::generate(&mut rng).unwrap());
    let [mut one, mut other] = [10, 11].map(|millis| {
        let mut device = ContactConsent::new();
        hear(&mut device, &Consent::Request(ask.duplicate()), version(1));
        device.act(Act::Accept, &home(), at(millis), &mut rng).unwrap();
        device
    });
    let (lost, kept) = (one.ours().unwrap().duplicate(), other.ours().unwrap().duplicate());
    let state = copy(&one);
    for (device, other) in [(&mut one, &copy(&other)), (&mut other, &state)] {
        let tokens = device.merge(other, at(20)).unwrap();
        assert!(matches!(&tokens[..], [TokenAction::Sink(token)] if token.is(&lost)));
        assert!(device.ours().unwrap().is(&kept));
        assert!(device.owed(&home(), at(30)).is_some(), "whichever the contact holds");
    }
}

#[test]
fn times_that_are_far_ahead_are_refused() {
    let mut rng = generator(15);
    let now = Timestamp::from_millis(NOW);
    let mut contact = accepted(&mut rng);
    let before = bytes(&contact);
    for (millis, refused) in [(NOW + DAY, false), (NOW + DAY + 1, true), (u64::MAX, true)] {
        let mut other = ContactConsent::new();
        other.act(Act::Block, &home(), Timestamp::from_millis(millis), &mut rng).unwrap();
        let result = copy(&contact).merge(&other, now).map(drop);
        assert_eq!(result.err(), refused.then_some(ContentError::InTheFuture));
    }
    assert_eq!(ContentError::InTheFuture.class(), "in-the-future");
    let mut other = ContactConsent::new();
    hear(&mut other, &Consent::Revoke, version(0));
    hear(
        &mut other,
        &Consent::Request(grant(DeliveryToken::generate(&mut rng).unwrap())),
        version(2 * DAY + 1),
    );
    assert_eq!(contact.merge(&other, now).err(), Some(ContentError::InTheFuture));
    assert_eq!(bytes(&contact), before, "nothing has changed");
}

/// A device whose clock was years ahead is heard again once it is right and has heard another one; a clock that lost its time makes nothing
/// old.
#[test]
fn a_clock_that_was_ahead_silences_nobody_for_ever() {
    let mut rng = generator(16);
    let far = Timestamp::from_millis(NOW).plus(Span::from_days(3_650));
    for acts in [&[Act::Block][..], &[Act::Block, Act::Unblock], &[Act::Revoke], &[Act::Rotate]] {
        let (mut ahead, mut other) = (accepted(&mut rng), accepted(&mut rng));
        for act in acts {
            ahead.act(*act, &home(), far, &mut rng).unwrap();
        }
        assert!(other.merge(&copy(&ahead), at(20)).is_err());
        let state = ahead.state();
        ahead.merge(&other, at(25)).unwrap();
        assert_eq!(ahead.state(), state, "what was decided stands");
        let then = if ahead.state() == ConsentState::Blocked { Act::Unblock } else { Act::Block };
        ahead.act(then, &home(), at(30), &mut rng).unwrap();
        other.merge(&copy(&ahead), at(40)).unwrap();
        assert_eq!(other.state(), ahead.state(), "{acts:?}");
    }
    let mut reset = accepted(&mut rng);
    let before = copy(&reset);
    let zero = Timestamp::from_millis(0);
    assert!(reset.merge(&before, zero).is_err());
    reset.act(Act::Block, &home(), zero, &mut rng).unwrap();
    let mut other = copy(&before);
    other.merge(&reset, at(20)).unwrap();
    assert_eq!(other.state(), ConsentState::Blocked);
}
