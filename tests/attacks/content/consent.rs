//! Consent: P-02, P-09, P-12 as far as they are about it, and what holds for any two accounts.

use sottovoce::content::{
    Act, Acted, Body, Class, Consent, ConsentState, ContactConsent, Heard, Kind, TokenAction,
};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use super::{NOW, accepted, grant, home, version};
use crate::support::{Stuck, below, generator, rng};

const ACTS: [Act; 7] =
    [Act::Request, Act::Accept, Act::Decline, Act::Revoke, Act::Rotate, Act::Block, Act::Unblock];

fn heard(body: &Body) -> Heard<'_> {
    match body {
        Body::Consent(consent) => Heard::Consent(consent),
        Body::Token(grant) => Heard::Token(grant),
        other => panic!("{other:?}"),
    }
}

fn kinds() -> impl Iterator<Item = Kind> {
    (1..400).filter_map(Kind::from_number)
}

#[test]
fn p_09_nothing_goes_to_who_is_not_accepted() {
    let mut rng = generator(1);
    let mut contact = ContactConsent::new();
    let goes = |contact: &ContactConsent| kinds().filter(|kind| contact.may_send(*kind)).collect::<Vec<_>>();
    assert_eq!(goes(&contact), [Kind::CONSENT]);
    assert!(contact.hear(Heard::Consent(&Consent::Request(grant(1))), version(1)));
    assert_eq!(goes(&contact), [Kind::CONSENT]);
    contact.act(Act::Block, &home(), NOW, &mut rng).unwrap();
    assert!(goes(&contact).is_empty());
    let contact = accepted();
    assert!(kinds().all(|kind| contact.may_send(kind) == (kind.class() != Class::Own)));
}

/// A block is told to nobody: it sends nothing, and what comes afterwards changes nothing.
#[test]
fn p_12_a_block_is_silent() {
    let mut contact = accepted();
    let acted = contact.act(Act::Block, &home(), NOW, &mut Stuck(1)).unwrap();
    assert!(acted.send.is_none() && matches!(acted.tokens[..], [TokenAction::Sink(_)]));
    let before = contact.encode().unwrap();
    for said in [Consent::Request(grant(1)), Consent::Accept(grant(1)), Consent::Decline, Consent::Revoke] {
        assert!(!contact.hear(Heard::Consent(&said), version(9)));
    }
    assert!(!contact.hear(Heard::Token(&grant(1)), version(9)));
    assert_eq!(contact.encode().unwrap(), before);
    assert!(kinds().all(|kind| !contact.may_receive(kind) && !contact.may_send(kind)));
}

/// Nobody is accepted without having been asked or having asked, and no revocation or block is undone by the other: both under any acts,
/// losses, repetitions and orders.
#[test]
fn p_02_consent_is_ones_own() {
    let mut rng = rng("p_02_consent");
    let mut both = 0;
    for _ in 0..2_000 {
        let mut sides = [ContactConsent::new(), ContactConsent::new()];
        let mut wills = [false, false];
        let mut on_the_way: [Vec<Body>; 2] = [Vec::new(), Vec::new()];
        for step in 0..30 {
            let side = below(&mut rng, 2);
            if below(&mut rng, 2) == 0 {
                let act = ACTS[below(&mut rng, 7)];
                let Ok(Acted { send, .. }) = sides[side].act(act, &home(), NOW, &mut rng) else { continue };
                wills[side] = match act {
                    Act::Request | Act::Accept => true,
                    Act::Rotate => wills[side],
                    _ => false,
                };
                on_the_way[1 - side].extend(send);
            } else if !on_the_way[side].is_empty() {
                let at = below(&mut rng, on_the_way[side].len());
                sides[side].hear(heard(&on_the_way[side][at]), version(step));
                if below(&mut rng, 3) > 0 {
                    on_the_way[side].remove(at);
                }
            }
            for (contact, will) in sides.iter().zip(wills) {
                assert!(contact.state() != ConsentState::Accepted || will, "{contact:?}");
            }
            both += usize::from(sides.iter().all(|contact| contact.state() == ConsentState::Accepted));
        }
    }
    println!("accepted on both sides: {both} times");
    assert!(both > 100, "they do come together");
}

/// Two that ask each other, in whatever order, are accepted and have each other's token.
#[test]
fn two_that_ask_each_other_are_accepted() {
    let mut rng = generator(2);
    let (mut one, mut other) = (ContactConsent::new(), ContactConsent::new());
    let first = one.act(Act::Request, &home(), NOW, &mut rng).unwrap().send.unwrap();
    let second = other.act(Act::Request, &home(), NOW, &mut rng).unwrap().send.unwrap();
    assert!(one.hear(heard(&second), version(1)) && other.hear(heard(&first), version(1)));
    for (contact, peer) in [(&one, &other), (&other, &one)] {
        assert_eq!(contact.state(), ConsentState::Accepted);
        assert!(contact.theirs().unwrap().token.is(peer.ours().unwrap()));
    }
}

/// Who has lost everything asks again, and gets the token with the next thing that a person says, not before.
#[test]
fn p_02_a_request_of_a_contact_is_not_answered_by_itself() {
    let mut contact = accepted();
    assert!(contact.owed(&home(), NOW).is_none());
    assert!(contact.hear(Heard::Consent(&Consent::Request(grant(9))), version(2)));
    assert!(contact.theirs().unwrap().token.is(&grant(9).token));
    let Some(Body::Token(grant)) = contact.owed(&home(), NOW).unwrap().send else { panic!("a grant") };
    assert!(grant.token.is(contact.ours().unwrap()));
    assert!(contact.owed(&home(), NOW).is_none(), "once");
}

#[test]
fn c_14_no_token_from_stuck_randomness() {
    for act in [Act::Request, Act::Rotate, Act::Revoke] {
        let mut contact = if act == Act::Request { ContactConsent::new() } else { accepted() };
        let before = contact.encode().unwrap();
        assert!(contact.act(act, &home(), NOW, &mut Stuck(3)).is_err());
        assert_eq!(contact.encode().unwrap(), before, "nothing has changed");
    }
}

/// A decision stands against whatever the other said since, and against own devices that do not know of it.
#[test]
fn p_12_a_block_is_undone_by_nobody_else() {
    let mut rng = generator(4);
    let mut blocked = accepted();
    blocked.act(Act::Block, &home(), NOW, &mut rng).unwrap();
    for act in [None, Some(Act::Rotate), Some(Act::Revoke)] {
        let mut unaware = accepted();
        for later in 2..10 {
            unaware.hear(Heard::Token(&grant(7)), version(later * 1_000));
        }
        if let Some(act) = act {
            unaware.act(act, &home(), NOW.plus(Span::from_secs(60)), &mut rng).unwrap();
        }
        let tokens = unaware.merge(&blocked, NOW).unwrap();
        assert_eq!(unaware.state(), ConsentState::Blocked);
        assert!(!tokens.is_empty() && tokens.iter().all(|token| matches!(token, TokenAction::Sink(_))));
    }
}
