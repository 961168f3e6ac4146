//! F-02, F-03, F-15, F-20: what a domain says later, against what it was pinned to.

use sottovoce::identity::IdentityError;
use sottovoce::identity::chain::{Followed, News, Subject as _};
use sottovoce::identity::server::Server;
use sottovoce::identity::validity::Validity;
use sottovoce::server::discovery::{Cause, DiscoveryGate, DomainState, HoldReason, Outcome, Rates, Standing};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::{Host, days, hours};
use crate::identity::NOW;

/// A domain as another server sees it.
struct View {
    state: DomainState,
    held: Option<Followed<Server>>,
    gate: DiscoveryGate,
}

impl View {
    fn new() -> Self {
        let state = DomainState::new("example.org".parse().unwrap());
        Self { state, held: None, gate: DiscoveryGate::open(&Rates::default(), NOW) }
    }

    fn of(host: &Host) -> Self {
        let mut view = Self::new();
        assert!(view.ask(NOW));
        assert_eq!(view.finds(host, NOW), Outcome::First);
        view
    }

    fn ask(&mut self, now: Timestamp) -> bool {
        let fetch = self.state.ask(&mut self.gate, &Rates::default(), Cause::Inbound, now).fetch;
        self.stored();
        fetch
    }

    fn finds(&mut self, host: &Host, now: Timestamp) -> Outcome {
        let outcome = self.state.found(&host.bound(now), &mut self.held, now);
        self.stored();
        outcome
    }

    /// The record is put down and taken up again, each time.
    fn stored(&mut self) {
        let kept = self.state.encode().unwrap();
        assert!(kept.len() <= 491);
        assert_eq!(DomainState::decode(&kept).unwrap(), self.state);
    }

    fn serves(&self, host: &Host, now: Timestamp) -> bool {
        self.state.permits(&host.server, now).is_ok()
    }
}

fn held_for(state: &DomainState, now: Timestamp) -> Option<(HoldReason, Timestamp)> {
    match state.standing(now) {
        Standing::Held { reason, until } => Some((reason, until)),
        _ => None,
    }
}

/// Whoever has the domain, by TLS, DNS or purchase, does not have the server's peers.
#[test]
fn f_03_f_15_a_pin_outranks_what_a_domain_says() {
    let (ours, thief) = (Host::of("example.org", 1), Host::of("example.org", 2));
    let mut view = View::of(&ours);
    assert!(view.serves(&ours, NOW) && !view.serves(&thief, NOW));
    assert_eq!(view.finds(&ours, hours(1)), Outcome::Same);
    let observed = thief.server.fingerprint();
    assert_eq!(view.finds(&thief, hours(2)), Outcome::Changed { observed });
    // Neither is served, the pin stays, and it is told once.
    assert!(!view.serves(&ours, hours(2)) && !view.serves(&thief, hours(2)));
    assert_eq!(view.state.pinned(), Some(ours.server.id()));
    assert!(view.state.trust().unwrap().permits(&thief.server).is_err());
    assert_eq!(view.finds(&thief, hours(3)), Outcome::StillHeld);
    assert_eq!(view.held.as_ref().unwrap().current().unwrap().id(), ours.server.id());
    // The same by the DNS.
    let mut view = View::of(&ours);
    let record = sottovoce::server::discovery::dns::ServerRecord { server: thief.server.id() };
    let bound = record.binds(&"example.org".parse().unwrap(), thief.server.clone(), hours(1)).unwrap();
    assert_eq!(view.state.found(&bound, &mut view.held, hours(1)), Outcome::Changed { observed });
    // And where the manifest that was followed has been lost, but not the pin.
    let mut view = View::of(&ours);
    view.held = None;
    assert_eq!(view.finds(&thief, hours(1)), Outcome::Changed { observed });
    assert!(view.held.is_none());
    assert_eq!(view.finds(&ours, hours(2)), Outcome::Restored);
    assert_eq!(view.held.unwrap().current().unwrap().id(), ours.server.id());
}

/// A lost root, a domain with a new owner: 72 hours in which the operator can say no, and then the new one, if the domain has named it all the time.
#[test]
fn f_15_another_identity_is_held_for_three_days() {
    let (ours, new, third) =
        (Host::of("example.org", 1), Host::of("example.org", 2), Host::of("example.org", 3));
    let mut view = View::of(&ours);
    view.finds(&new, hours(1));
    let reason = HoldReason::Changed { server: new.server.id() };
    assert_eq!(held_for(&view.state, hours(1)), Some((reason, hours(73))));
    // It is looked at once an hour.
    assert!(!view.ask(hours(2).minus(Span::from_millis(1))));
    for hour in 2..73 {
        assert!(view.ask(hours(hour)), "{hour}");
        assert_eq!(view.finds(&new, hours(hour)), Outcome::StillHeld);
        assert!(!view.serves(&new, hours(hour)) && !view.serves(&ours, hours(hour)));
    }
    assert_eq!(view.finds(&new, hours(73).minus(Span::from_millis(1))), Outcome::StillHeld);
    assert_eq!(view.finds(&new, hours(73)), Outcome::Accepted { previous: ours.server.id() });
    assert!(view.serves(&new, hours(73)) && !view.serves(&ours, hours(73)));
    assert_eq!(view.state.pinned(), Some(new.server.id()));
    assert_eq!(view.held.as_ref().unwrap().current().unwrap().id(), new.server.id());
    // The old one is another identity now.
    assert!(matches!(view.finds(&ours, hours(74)), Outcome::Changed { .. }));
    // Time alone accepts nothing: the domain has to name it then. A third one begins anew.
    let mut view = View::of(&ours);
    view.finds(&new, hours(1));
    assert!(held_for(&view.state, hours(200)).is_some() && !view.serves(&new, hours(200)));
    assert!(view.ask(hours(200)));
    assert!(matches!(view.finds(&third, hours(200)), Outcome::Changed { .. }));
    assert_eq!(held_for(&view.state, hours(200)).unwrap().1, hours(272));
    assert!(matches!(view.finds(&new, hours(272)), Outcome::Changed { .. }));
    // The operator need not wait, but accepts what was shown and nothing else.
    let shown = new.server.fingerprint();
    assert_eq!(view.state.accept(&third.server.fingerprint()), Err(IdentityError::IdentityChanged));
    view.state.accept(&shown).unwrap();
    assert_eq!(
        (view.state.pinned(), view.state.standing(hours(272))),
        (Some(new.server.id()), Standing::Unknown)
    );
    assert!(view.ask(hours(272)));
    assert_eq!(view.finds(&new, hours(272)), Outcome::Newer);
    assert!(view.serves(&new, hours(272)));
    assert_eq!(view.held.unwrap().current().unwrap().id(), new.server.id());
    assert_eq!(View::new().state.accept(&shown), Err(IdentityError::IdentityChanged));
}

/// A hijacked domain that its owner gets back.
#[test]
fn f_15_a_domain_that_goes_back_is_restored() {
    let (ours, thief) = (Host::of("example.org", 1), Host::of("example.org", 2));
    let mut view = View::of(&ours);
    view.finds(&thief, hours(1));
    // No document, a bad document, or the old server's frames do not end it.
    assert!(view.ask(hours(2)));
    view.state.missed(hours(2));
    assert!(held_for(&view.state, hours(2)).is_some());
    let newer = ours.later(1, None, hours(3));
    let mut followed = view.held.clone().unwrap();
    assert_eq!(followed.learn(newer.server.clone()), Ok(News::Newer));
    assert_eq!(view.state.heard(&followed, News::Newer, hours(3)), Outcome::StillHeld);
    assert!(!view.serves(&newer, hours(3)));
    // The domain's word does.
    assert_eq!(view.finds(&newer, hours(4)), Outcome::Restored);
    assert!(view.serves(&newer, hours(4)));
    // Then the thief would have to wait again from the start.
    assert!(matches!(view.finds(&thief, hours(80)), Outcome::Changed { .. }));
    assert_eq!(held_for(&view.state, hours(80)).unwrap().1, hours(152));
}

/// Other recovery keys are another identity, though the chain is the same: the key that was replaced can sign such a manifest too.
#[test]
fn f_15_new_recovery_keys_are_held_too() {
    let ours = Host::of("example.org", 1);
    let rotated = ours.later(1, Some(1), hours(1));
    assert_eq!(rotated.server.id(), ours.server.id());
    let mut view = View::of(&ours);
    let observed = rotated.server.fingerprint();
    assert_eq!(view.finds(&rotated, hours(1)), Outcome::Changed { observed });
    assert!(!view.serves(&ours, hours(1)) && !view.serves(&rotated, hours(1)));
    assert_eq!(view.finds(&rotated, hours(73)), Outcome::Accepted { previous: ours.server.id() });
    assert!(view.serves(&rotated, hours(73)));
    // By a frame, it is held as well.
    let mut view = View::of(&ours);
    let mut followed = view.held.clone().unwrap();
    assert_eq!(followed.learn(rotated.server.clone()), Ok(News::Newer));
    assert_eq!(view.state.heard(&followed, News::Newer, hours(1)), Outcome::Changed { observed });
    assert_eq!(view.state.heard(&followed, News::Known, hours(2)), Outcome::StillHeld);
    assert!(!view.serves(&rotated, hours(2)));
    // Another online key is nothing of the kind.
    let mut view = View::of(&ours);
    let newer = ours.later(2, None, hours(1));
    assert_eq!(view.finds(&newer, hours(1)), Outcome::Newer);
    assert!(view.serves(&newer, hours(1)));
}

/// A clock that was ahead when the hold began does not make it a hold of years, and one that goes back does not end it.
#[test]
fn f_15_clocks_do_not_prolong_a_hold() {
    let (ours, new) = (Host::of("example.org", 1), Host::of("example.org", 2));
    let mut view = View::of(&ours);
    let bound = new.bound(hours(1));
    assert!(matches!(view.state.found(&bound, &mut view.held, hours(90_000)), Outcome::Changed { .. }));
    assert_eq!(view.finds(&new, hours(1)), Outcome::StillHeld);
    assert_eq!(held_for(&view.state, hours(1)).unwrap().1, hours(73));
    assert_eq!(view.finds(&new, hours(72)), Outcome::StillHeld);
    assert_eq!(view.finds(&new, hours(73)), Outcome::Accepted { previous: ours.server.id() });
}

/// A document of before: its manifest is older, and whether it counts depends on its key.
#[test]
fn f_02_replaced_keys_vouch_for_nothing() {
    let ours = Host::of("example.org", 1);
    let newer = ours.later(1, None, hours(1));
    let mut view = View::of(&ours);
    assert_eq!(view.finds(&newer, hours(1)), Outcome::Newer);
    assert!(view.ask(hours(26)));
    assert_eq!(view.finds(&ours, hours(26)), Outcome::Refused(IdentityError::Rollback));
    // It is a failure like any other: a rest, the binding stays.
    assert!(!view.ask(hours(26)) && view.serves(&newer, hours(26)));
    assert_eq!(view.held.as_ref().unwrap().current().unwrap().chain().hash(), newer.server.chain().hash());
    // A cache that lags behind, while the key is still listed, is not: here nothing but the manifest's age has changed.
    let body = {
        let now = hours(2);
        let author = sottovoce::identity::chain::Author {
            key: &newer.root,
            issued_at: now,
            refresh_after: now.plus(Span::from_days(7)),
        };
        let listed = sottovoce::identity::server::OnlineKey {
            key: newer.online.public_key(),
            validity: Validity::starting(hours(1), Span::from_days(30)),
        };
        let body = super::ServerBody {
            domain: "example.org".parse().unwrap(),
            endpoints: newer.server.endpoints().to_vec(),
            online_keys: vec![listed],
        };
        newer.server.succeed(&author, super::authorities(&newer.root), &body).unwrap()
    };
    assert_eq!(view.held.as_mut().unwrap().learn(body.clone()), Ok(News::Newer));
    assert_eq!(view.finds(&newer, hours(28)), Outcome::Same);
    assert_eq!(view.held.as_ref().unwrap().current().unwrap().chain().hash(), body.chain().hash());
}

/// A chain that contradicts itself: nobody is served, there is proof, and a recovery ends it.
#[test]
fn f_15_a_fork_is_held_with_its_proof() {
    let ours = Host::of("example.org", 1);
    let (one, two) = (ours.later(1, None, hours(1)), ours.later(2, None, hours(1)));
    let mut view = View::of(&ours);
    assert_eq!(view.finds(&one, hours(1)), Outcome::Newer);
    assert_eq!(view.finds(&two, hours(2)), Outcome::Forked);
    assert_eq!(view.finds(&one, hours(3)), Outcome::StillHeld);
    assert_eq!(held_for(&view.state, hours(3)).unwrap().0, HoldReason::Forked);
    assert!(!view.serves(&one, hours(3)) && !view.serves(&two, hours(3)));
    view.held.as_ref().unwrap().evidence().unwrap().verify().unwrap();
    // No time ends it.
    assert_eq!(view.finds(&two, hours(300)), Outcome::StillHeld);
    let recovered = one.later(3, None, hours(301));
    assert_eq!(view.finds(&recovered, hours(301)), Outcome::Restored);
    assert!(view.serves(&recovered, hours(301)));
}

/// Pinned domains cost a look or two a day, whatever their documents say; and one whose web host is down stays bound for a month.
#[test]
fn f_20_known_domains_are_looked_at_twice_a_day() {
    let ours = Host::of("example.org", 1);
    for (length, expected) in [(Span::from_days(7), 10), (Span::from_secs(60), 20)] {
        let mut view = View::new();
        let mut fetches = 0;
        for minute in 0..10 * 24 * 60 {
            let now = NOW.plus(Span::from_secs(60 * minute));
            if view.ask(now) {
                fetches += 1;
                let document = ours.says("example.org", Validity::starting(now, length));
                let bound = document.verify(ours.server.domain(), now).unwrap();
                view.state.found(&bound, &mut view.held, now);
            }
            assert!(view.serves(&ours, now));
        }
        assert_eq!(fetches, expected);
    }
    let mut view = View::of(&ours);
    let mut fetches = 0;
    for hour in 1..37 * 24 {
        if view.ask(hours(hour)) {
            fetches += 1;
            view.state.missed(hours(hour));
        }
        assert!(view.serves(&ours, hours(hour)), "{hour}");
    }
    assert!(fetches > 800, "{fetches}");
    // The document was for seven days.
    assert!(view.serves(&ours, days(37)) && !view.serves(&ours, days(37).plus(Span::from_millis(1))));
    // The pin outlives it.
    assert_eq!(view.state.pinned(), Some(ours.server.id()));
    assert_eq!(view.state.forget_at(), None);
    assert!(matches!(view.finds(&Host::of("example.org", 2), days(20)), Outcome::Changed { .. }));
}
