//! A record of a session that is damaged is a session that is lost: it holds nothing up, and is begun again.

use sottovoce::session::{DeviceSessions, Received, SessionState, ratchet_key};
use sottovoce::storage::{Expect, Key, Outcome, Put, Store as _, Want, Write};

use crate::phones::{Phone, acquainted, hours, text};

fn damage(phone: &mut Phone, key: Key) {
    let loaded = phone.store.load(&[Want::Record(key)]).unwrap();
    let stored = loaded.record(&key).unwrap().expect("it is there");
    let mut body = stored.body.clone();
    let last = body.len() - 1;
    body[last] ^= 1;
    let expect = [Expect { key, version: Some(stored.version) }];
    let put = [Put { key, body }];
    let write =
        Write { expect: &expect, delete: &[], put: &put, trim: &[], append: &[], events: &[], flush: true };
    assert_eq!(phone.store.apply(&write).unwrap(), Outcome::Committed);
}

#[test]
fn a_damaged_session_is_lost_and_begun_again() {
    for which in 0..3 {
        let (mut a, mut b) = acquainted();
        let session = b.active(a.name).unwrap();
        let vault = &b.vault;
        let key = match which {
            0 => ratchet_key(vault, &session),
            1 => SessionState::key(vault, &session),
            _ => DeviceSessions::key(vault, a.name.0, a.name.1),
        };
        damage(&mut b, key);
        let mail = a.say(b.name, b"lost").unwrap();
        assert!(matches!(b.receive(&mail), Received::Refused { .. }), "{which}: the step goes on");
        assert!(b.say(a.name, b"lost too").is_err(), "{which}");
        // It has proofs of nothing, so it is contested, and the person decides or a day passes.
        b.now = b.now.plus(hours(25));
        a.now = b.now;
        let again = b.begin(&mut a, b"again").unwrap();
        let heard = a.hears(&again);
        assert_eq!(text(&heard), b"again", "{which}");
        a.run(crate::phones::Input::Decide(b.name, true)).unwrap();
        let answer = a.say(b.name, b"yes").unwrap();
        assert_eq!(text(&b.hears(&answer)), b"yes", "{which}");
    }
}
