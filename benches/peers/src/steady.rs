//! Messages of a session in which both sides have heard the other.

use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::ratchet::Ratchet;
use sottovoce::wire::Wire as _;
use vodozemac::olm::{Session, SessionPickle};

use crate::TEXT;
use crate::olm::{self, Olm};
use crate::ours::{End, Pair};
use crate::scene::{NOW, Scene};
use crate::table::{Row, Table, Target, time};

/// How many operations make a batch.
const MESSAGES: u32 = 500;
/// As many as several epochs of the lane, which has about 20 round trips.
const ROUND_TRIPS: u32 = 100;
/// Messages that arrive in reverse order.
const REVERSED: u32 = 1_000;

pub fn run(table: &mut Table, scene: &Scene) {
    let (mut ours, mut olm) = (Pair::new(scene), Olm::new());
    encrypt(table, &ours, &olm);
    decrypt(table, &ours, &olm);
    ping_pong(table, &mut ours, &mut olm);
    reversed(table, &ours);
    forged(table, &ours, &olm);
    fresh(table, &ours, &olm);
}

fn times(count: u32) -> Vec<()> {
    vec![(); count as usize]
}

fn encrypt(table: &mut Table, ours: &Pair, olm: &Olm) {
    let row = Row { name: "encrypt 32 B", beside: "vodozemac", count: MESSAGES, target: Target::Ratio(0.25) };
    table.times(
        &row,
        |count| {
            let mut ours = ours.copy();
            let _begins = ours.sealed(0);
            time(times(count), |()| ours.alice.seal(&mut ours.randomness))
        },
        |count| {
            let mut olm = olm.copy();
            let _begins = olm.sealed(0);
            time(times(count), |()| olm::seal(&mut olm.alice))
        },
    );
}

fn decrypt(table: &mut Table, ours: &Pair, olm: &Olm) {
    let row = Row { name: "decrypt 32 B", beside: "vodozemac", count: MESSAGES, target: Target::Ratio(1.5) };
    table.times(
        &row,
        |count| {
            let mut ours = ours.copy();
            time(ours.sealed(count), |message| ours.bob.open(&message))
        },
        |count| {
            let mut olm = olm.copy();
            time(olm.sealed(count), |message| olm::open(&mut olm.bob, &message))
        },
    );
}

fn ping_pong(table: &mut Table, ours: &mut Pair, olm: &mut Olm) {
    let row = Row {
        name: "ping-pong: 2 sealed, 2 opened, 2 new chains; ours with the lane",
        beside: "vodozemac",
        count: ROUND_TRIPS,
        target: Target::Ratio(1.05),
    };
    table.times(
        &row,
        |count| time(times(count), |()| ours.round_trip()),
        |count| time(times(count), |()| olm.round_trip()),
    );
    let has_healed = |end: &End| end.ratchet.healing().post_quantum > NOW;
    if table.wants(row.name) && !table.is_quick() {
        assert!(has_healed(&ours.alice) && has_healed(&ours.bob), "the lane stands still");
    }
}

/// Beside: the same messages in order.
fn reversed(table: &mut Table, ours: &Pair) {
    let mut pair = ours.copy();
    let messages = pair.sealed(REVERSED);
    let state = pair.bob.ratchet.encode().unwrap();
    let backwards: Vec<_> = messages.iter().rev().cloned().collect();
    let open_all = |messages: &[Vec<u8>]| {
        let mut bob = End::load(&state);
        let time = time(messages.to_vec(), |message| bob.open(&message));
        assert!(bob.blocks.is_empty());
        time / REVERSED
    };
    let name = "1,000 messages in reverse order, each";
    let row = Row { name, beside: "in order", count: 1, target: Target::Ratio(2.0) };
    table.times(&row, |_| open_all(&backwards), |_| open_all(&messages));
}

/// A message that has a known tag and nothing else. Beside: Olm's, with the newest ratchet key and number.
fn forged(table: &mut Table, ours: &Pair, olm: &Olm) {
    let (mut ours, mut olm) = (ours.copy(), olm.copy());
    let mut forged = ours.sealed(1).remove(0);
    forged[8..].fill(7);
    let mut theirs = olm.sealed(1).remove(0);
    *theirs.1.last_mut().unwrap() ^= 1;
    let row = Row {
        name: "forged message under a known tag, refused",
        beside: "vodozemac",
        count: MESSAGES,
        target: Target::Nanoseconds(1_000.0),
    };
    table.times(
        &row,
        |count| time(times(count), |()| assert!(ours.bob.ratchet.examine(&forged).is_err())),
        |count| time(times(count), |()| assert!(olm::refuses(&mut olm.bob, &theirs))),
    );
}

/// What a device pays that keeps nothing in memory. For information.
fn fresh(table: &mut Table, ours: &Pair, olm: &Olm) {
    let (mut ours, mut olm) = (ours.copy(), olm.copy());
    let (_begins, _too) = (ours.sealed(0), olm.sealed(0));
    let Pair { alice, mut randomness, .. } = ours;
    let state = alice.ratchet.encode().unwrap();
    let (rest, key) = (RestKey::new(&Secret::new([7; 32])), [7; 32]);
    let kept = rest.seal(&[], &state, &mut randomness.generator()).unwrap();
    let theirs = olm.alice.pickle().encrypt(&key);
    let mut seal = |state: &[u8]| {
        let mut ratchet = Ratchet::decode(state).unwrap();
        let mut rng = randomness.generator();
        let sealed = ratchet.seal(TEXT, None, NOW, &mut rng).unwrap();
        (sealed, ratchet.encode().unwrap(), rng)
    };
    let row = Row {
        name: "from rest: state opened, message sealed, state sealed",
        beside: "vodozemac",
        count: MESSAGES,
        target: Target::None,
    };
    table.times(
        &row,
        |count| {
            time(times(count), |()| {
                let (sealed, state, mut rng) = seal(&rest.open(&[], &kept).unwrap());
                (sealed, rest.seal(&[], &state, &mut rng).unwrap())
            })
        },
        |count| {
            time(times(count), |()| {
                let pickle = SessionPickle::from_encrypted(&theirs, &key).unwrap();
                let mut session = Session::from_pickle(pickle);
                (olm::seal(&mut session), session.pickle().encrypt(&key))
            })
        },
    );
    let row = Row {
        name: "fresh state: decoded, message sealed, encoded",
        beside: "without sealing",
        count: MESSAGES,
        target: Target::None,
    };
    table.times(
        &row,
        |count| time(times(count), |()| seal(&state)),
        |count| time(times(count), |()| Ratchet::decode(&state).unwrap().encode().unwrap()),
    );
}
