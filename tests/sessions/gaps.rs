//! What does not come: named, sealed again for the same device, or given up. `docs/PROTOCOL.md` §9.6.

use sottovoce::ratchet::Gap;
use sottovoce::session::{Notice, SessionError};
use sottovoce::time::Span;

use crate::phones::{Phone, acquainted, hours, reference, text};
use crate::support::{tell, wait};

fn resends(notices: &[Notice]) -> Vec<([u8; 16], Option<Gap>)> {
    let named = |notice: &Notice| match notice {
        Notice::Resend { reference, repairs, .. } => Some((*reference, *repairs)),
        _ => None,
    };
    notices.iter().filter_map(named).collect()
}

fn gaps(notices: &[Notice]) -> Vec<Gap> {
    let gap = |notice: &Notice| match notice {
        Notice::Gap(_, _, gap) => Some(*gap),
        _ => None,
    };
    notices.iter().filter_map(gap).collect()
}

fn lost(notices: &[Notice]) -> Vec<Gap> {
    let gap = |notice: &Notice| match notice {
        Notice::Lost(_, _, gap) => Some(*gap),
        _ => None,
    };
    notices.iter().filter_map(gap).collect()
}

/// Alice says something that is lost, and something that comes. The gap.
fn lose(a: &mut Phone, b: &mut Phone) -> Gap {
    let _ = a.say(b.name, b"lost").unwrap();
    let found = gaps(&tell(a, b, b"came").notices);
    assert_eq!(found.len(), 1);
    found[0]
}

#[test]
fn a_gap_is_repaired_after_an_hour() {
    let (mut a, mut b) = acquainted();
    let gap = lose(&mut a, &mut b);
    assert_eq!(resends(&tell(&mut b, &mut a, b"early").notices), []);
    wait([&mut a, &mut b], hours(1));
    let asked = resends(&tell(&mut b, &mut a, b"later").notices);
    assert_eq!(asked, [(reference(b"lost"), Some(gap))]);
    // It is asked for once.
    assert_eq!(resends(&tell(&mut b, &mut a, b"again").notices), []);
    let repair = a.say_again(b.name, b"lost", Some(gap)).unwrap();
    assert_eq!(text(&b.hears(&repair)), b"lost");
    wait([&mut a, &mut b], Span::from_days(4));
    assert_eq!(lost(&b.wake()), []);
    assert_eq!(lost(&tell(&mut a, &mut b, b"on").notices), []);
}

#[test]
fn what_comes_late_fills_its_gap() {
    let (mut a, mut b) = acquainted();
    let late = a.say(b.name, b"late").unwrap();
    tell(&mut a, &mut b, b"came");
    assert!(b.hears(&late).is_late);
    wait([&mut a, &mut b], hours(2));
    assert_eq!(resends(&tell(&mut b, &mut a, b"later").notices), []);
    wait([&mut a, &mut b], Span::from_days(4));
    assert_eq!(lost(&b.wake()), []);
}

/// A gap is given up by the clock, whether anything comes or not.
#[test]
fn a_gap_is_given_up_after_three_days() {
    let (mut a, mut b) = acquainted();
    let gap = lose(&mut a, &mut b);
    b.now = b.now.plus(Span::from_days(3)).minus(Span::from_secs(1));
    assert_eq!(lost(&b.wake()), []);
    b.now = b.now.plus(Span::from_secs(1));
    assert_eq!(lost(&b.wake()), [gap]);
    assert_eq!(lost(&b.wake()), []);
}

/// A session that takes the place of another leaves nothing behind that was missing in it.
#[test]
fn a_gap_outlives_its_session() {
    let (mut a, mut b) = acquainted();
    let gap = lose(&mut a, &mut b);
    wait([&mut a, &mut b], Span::from_days(1));
    let mail = a.begin(&mut b, b"renewed").unwrap();
    b.hears(&mail);
    let asked = resends(&tell(&mut b, &mut a, b"yes").notices);
    assert_eq!(asked, [(reference(b"lost"), Some(gap))]);
    let repair = a.say_again(b.name, b"lost", Some(gap)).unwrap();
    b.hears(&repair);
    wait([&mut a, &mut b], Span::from_days(4));
    assert_eq!(lost(&b.wake()), []);
}

/// A blob that does not come loses the content and nothing else.
#[test]
fn a_lost_blob_is_asked_for() {
    let (mut a, mut b) = acquainted();
    let mut mail = a.say(b.name, b"lost").unwrap();
    mail.blob = None;
    let heard = b.hears(&mail);
    assert!(matches!(heard.content, Err(SessionError::Crypto(_))));
    wait([&mut a, &mut b], hours(1));
    let asked = resends(&tell(&mut b, &mut a, b"what?").notices);
    assert_eq!(asked, [(reference(b"lost"), Some(Gap { from: heard.position, count: 1 }))]);
}

/// A device that asks for what was never sealed for it, or for what said nothing, is met with silence.
#[test]
fn h_18_nothing_is_sealed_again_that_was_not_sealed_for_the_device() {
    let (mut a, mut b) = acquainted();
    // Something is missing that said nothing.
    let _ = a.nod(b.name).unwrap();
    assert_eq!(gaps(&tell(&mut a, &mut b, b"came").notices).len(), 1);
    wait([&mut a, &mut b], hours(2));
    assert_eq!(resends(&tell(&mut b, &mut a, b"what?").notices), []);
    // A third device, to which the same was said, asks under the name of its own session only.
    let carol = crate::phones::Person::new("carol", 1);
    let mut c = Phone::new(&carol, 0, 3);
    c.learn(&a.account.clone());
    a.learn(&carol.account);
    let mail = a.begin(&mut c, b"for carol").unwrap();
    c.hears(&mail);
    tell(&mut c, &mut a, b"yes");
    let _ = a.say(b.name, b"for bob").unwrap();
    tell(&mut a, &mut b, b"on");
    let _ = a.say(c.name, b"for carol alone").unwrap();
    wait([&mut a, &mut b], hours(2));
    c.now = a.now;
    let asked = tell(&mut b, &mut a, b"what?").notices;
    assert_eq!(resends(&asked).iter().map(|(name, _)| *name).collect::<Vec<_>>(), [reference(b"for bob")]);
    assert!(
        asked.iter().all(|notice| !matches!(notice, Notice::Resend { device, .. } if *device != b.name.1))
    );
    assert_eq!(resends(&tell(&mut c, &mut a, b"here").notices), []);
}
