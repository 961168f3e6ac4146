//! Sessions that follow each other.

use sottovoce::session::Standing;

use crate::phones::{acquainted, hours, text};

/// Also when nothing else that is kept of the device changes with it.
#[test]
fn a_session_that_took_the_place_of_another_is_kept() {
    let (mut a, mut b) = acquainted();
    for _ in 0..3 {
        (a.now, b.now) = (a.now.plus(hours(2)), b.now.plus(hours(2)));
        let mail = a.begin(&mut b, b"a new session").unwrap();
        assert_eq!(b.hears(&mail).place, Standing::Active);
        let mail = a.say(b.name, b"and in it").unwrap();
        assert_eq!(text(&b.hears(&mail)), b"and in it");
        let mail = b.say(a.name, b"so do I").unwrap();
        assert_eq!(text(&a.hears(&mail)), b"so do I");
        let mail = a.say(b.name, b"good").unwrap();
        assert_eq!(text(&b.hears(&mail)), b"good");
    }
}
