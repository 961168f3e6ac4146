//! Private keys go when their time is over, and what keeps an Initial from coming twice goes after them.

use sottovoce::handshake::Initial;
use sottovoce::pairwise::Frame;
use sottovoce::storage::{Store as _, Table, Want};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use crate::phones::{Mail, Phone, two};

fn is_there(phone: &mut Phone, table: Table, name: &[u8], suffix: u64) -> bool {
    let key = phone.vault.partition(table, name).key(suffix);
    phone.store.load(&[Want::Record(key)]).unwrap().record(&key).unwrap().is_some()
}

/// Bundle, some pair of the stock, and the entry of the replay record.
fn held(phone: &mut Phone, mail: &Mail) -> [bool; 3] {
    let frame = Frame::decode(&mail.frame).unwrap();
    let initial = Initial::decode(frame.initial.as_ref().unwrap()).unwrap();
    let pairs = (0..16).any(|index| is_there(phone, Table::OWN_ONE_TIME, &1_u64.to_be_bytes(), index));
    [
        is_there(phone, Table::OWN_BUNDLES, b"", 1),
        pairs,
        is_there(phone, Table::REPLAYS, initial.ephemeral.as_bytes(), 0),
    ]
}

#[test]
fn h_09_prekeys_are_erased_by_time_and_the_replay_record_after_them() {
    let (mut a, mut b) = two();
    let mail = a.begin(&mut b, b"hello").unwrap();
    b.hears(&mail);
    assert_eq!(held(&mut b, &mail), [true; 3]);
    // The longest validity, and how long prekeys are kept after it.
    b.now = b.now.plus(Span::from_days(92));
    b.wake();
    assert_eq!(held(&mut b, &mail), [true; 3]);
    b.now = b.now.plus(Span::from_days(2));
    for _ in 0..4 {
        b.wake();
    }
    assert_eq!(held(&mut b, &mail)[..2], [false; 2]);
    b.now = b.now.plus(Span::from_days(2));
    b.wake();
    assert_eq!(held(&mut b, &mail), [false; 3]);
    assert!(b.refuses(&mail).0.to_string().len() > 3, "and it is not accepted again");
}
