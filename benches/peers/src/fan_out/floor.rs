//! What a fan-out cannot do without: the primitives of PROTOCOL.md §2.8, §2.12, §6 and §9.1, by our crypto layer, on records of the same sizes, in turn with
//! the whole.
//!
//! | for each device | |
//! |---|---|
//! | opened | device, session; device once more for the question whether it needs an introduction |
//! | sealed | session, entry of the log |
//! | message | 2 chain steps, H(body), salt, ke, mask, hm, body; histories, view |
//! | names | device, session, log, entry |

use std::hint::black_box;

use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::kdf::{self, Mac};
use sottovoce::crypto::label::{expand, hash};
use sottovoce::crypto::mask;
use sottovoce::crypto::random::draw;
use sottovoce::crypto::rest::{OVERHEAD, RestKey};
use sottovoce::crypto::secret::Secret;
use sottovoce::session::{DeviceSessions, SessionState, ratchet_key};
use sottovoce::storage::{Key, Store as _, Want};

use super::size;
use crate::TEXT;
use crate::ours::Randomness;
use crate::phones::{Name, Phone};
use crate::table::{Row, Table, Target, time};

/// Bytes of an entry of the log of what was sent.
const ENTRY: usize = 110;
/// Account and device; th2, chain and number.
const NAMES: [usize; 4] = [50, 34, 50, 69];

/// Bytes at rest.
struct Sizes {
    device: usize,
    session: Vec<usize>,
}

pub fn run(table: &mut Table, phone: &mut Phone, names: &[Name]) {
    let sizes = sizes(phone, names[0]);
    table.size("… record of a device", size(sizes.device), 0);
    for bytes in &sizes.session {
        table.size("… record of a session", size(*bytes), 0);
    }
    let row = Row {
        name: "fan-out, from stores to stores, beside its primitives",
        beside: "primitives",
        count: 1,
        target: Target::None,
    };
    let primitives = Primitives::new(&sizes);
    let (mut randomness, mut others) = (Randomness::new(), Randomness::new());
    table.times(
        &row,
        |_| time(vec![()], |()| phone.fan_out(TEXT, names)),
        |_| {
            time(vec![(); names.len()], |()| {
                primitives.records(&mut randomness);
                primitives.message(&mut randomness);
            })
        },
    );
    let row = Row {
        name: "fan-out's primitives: records and their names",
        beside: "those of messages",
        count: size(names.len()),
        target: Target::None,
    };
    table.times(
        &row,
        |count| time(vec![(); count as usize], |()| primitives.records(&mut randomness)),
        |count| time(vec![(); count as usize], |()| primitives.message(&mut others)),
    );
}

fn sizes(phone: &mut Phone, (account, device): Name) -> Sizes {
    let session = phone.active((account, device)).unwrap();
    let vault = &phone.vault;
    let keys = [ratchet_key(vault, &session), SessionState::key(vault, &session)];
    let device = DeviceSessions::key(vault, account, device);
    let mut bytes = |key: Key| {
        let loaded = phone.store.load(&[Want::Record(key)]).unwrap();
        loaded.record(&key).flatten().map_or(0, |stored| stored.body.len())
    };
    Sizes {
        device: bytes(device),
        session: keys.map(&mut bytes).into_iter().filter(|bytes| *bytes > 0).collect(),
    }
}

struct Primitives {
    rest: RestKey,
    key: Secret<32>,
    names: Mac,
    device: Vec<u8>,
    /// Plain and sealed.
    session: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Primitives {
    fn new(sizes: &Sizes) -> Self {
        let rest = RestKey::new(&Secret::new([7; 32]));
        let mut rng = Randomness::new().generator();
        let mut sealed = |size: usize| {
            let plain = vec![7; size - OVERHEAD];
            let sealed = rest.seal(&[7; 26], &plain, &mut rng).unwrap();
            (plain, sealed)
        };
        let device = sealed(sizes.device).1;
        let session = sizes.session.iter().map(|size| sealed(*size)).collect();
        let key = Secret::new([9; 32]);
        Self { rest, names: Mac::new(&key), key, device, session }
    }

    fn records(&self, randomness: &mut Randomness) {
        let mut rng = randomness.generator();
        for _ in 0..2 {
            black_box(self.rest.open(&[7; 26], black_box(&self.device)).unwrap());
        }
        for length in NAMES {
            black_box(self.names.duplicate().last(black_box(&[7; 80][..length])));
        }
        for (plain, sealed) in &self.session {
            black_box(self.rest.open(&[7; 26], black_box(sealed)).unwrap());
            black_box(self.rest.seal(&[7; 26], black_box(plain), &mut rng).unwrap());
        }
        black_box(self.rest.seal(&[7; 42], black_box(&[7; ENTRY]), &mut rng).unwrap());
    }

    fn message(&self, randomness: &mut Randomness) {
        let mut rng = randomness.generator();
        black_box(Hasher::new(hash::VIEW).array(&[7; 64]).finish());
        let chain = Mac::new(black_box(&self.key));
        black_box(chain.duplicate().u8(1).finish());
        black_box(chain.u8(2).finish());
        let (body, random) = (Hash::of(black_box(&[7; 192])), draw::<32>(&mut rng).unwrap());
        let mac = || Mac::new(black_box(&self.key));
        black_box(mac().u8(3).array(random.expose()).array(body.as_bytes()).finish());
        black_box(kdf::expand::<32>(black_box(&self.key), expand::MESSAGE, &[7; 16]));
        let mut header = [7; 48];
        mask::apply(&self.key, &[7; 12], black_box(&mut header));
        black_box(mac().array(&[7; 16]).last(&header));
        let sealed = OneTimeKey::new(self.key.duplicate()).seal(&[7; 112], black_box(&[7; 192])).unwrap();
        black_box(Hasher::new(hash::HISTORY).array(&[7; 88]).last(&sealed));
    }
}
