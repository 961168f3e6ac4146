//! Two ends of an Olm session, from bytes to bytes.

use vodozemac::olm::{Account, OlmMessage, Session, SessionConfig};

use crate::TEXT;

/// A session at both ends, in which both have heard the other.
pub struct Olm {
    pub alice: Session,
    pub bob: Session,
}

/// A message as it is sent: its type, and bytes.
pub type Bytes = (usize, Vec<u8>);

impl Olm {
    pub fn new() -> Self {
        let (alice, mut bob) = (Account::new(), Account::new());
        let one_time = bob.generate_one_time_keys(1).created[0];
        let config = SessionConfig::version_1();
        let mut alices = alice.create_outbound_session(config, bob.curve25519_key(), one_time).unwrap();
        let OlmMessage::PreKey(first) = alices.encrypt(TEXT).unwrap() else {
            panic!("a first message brings keys")
        };
        let bobs = bob.create_inbound_session(config, alice.curve25519_key(), &first).unwrap().session;
        let mut olm = Self { alice: alices, bob: bobs };
        olm.round_trip();
        olm
    }

    /// A message of each side: each makes a new chain.
    pub fn round_trip(&mut self) {
        let there = seal(&mut self.alice);
        open(&mut self.bob, &there);
        let back = seal(&mut self.bob);
        open(&mut self.alice, &back);
    }

    /// As both would be read from stores.
    pub fn copy(&self) -> Self {
        let [alice, bob] = [&self.alice, &self.bob].map(|end| Session::from_pickle(end.pickle()));
        Self { alice, bob }
    }

    /// Messages of Alice in one chain. The first has opened, and begun it at Bob.
    pub fn sealed(&mut self, count: u32) -> Vec<Bytes> {
        let first = seal(&mut self.alice);
        open(&mut self.bob, &first);
        (0..count).map(|_| seal(&mut self.alice)).collect()
    }
}

pub fn seal(session: &mut Session) -> Bytes {
    session.encrypt(TEXT).unwrap().to_parts()
}

pub fn open(session: &mut Session, (kind, bytes): &Bytes) {
    let message = OlmMessage::from_parts(*kind, bytes).unwrap();
    assert_eq!(session.decrypt(&message).unwrap(), TEXT);
}

/// Whether a message is refused.
pub fn refuses(session: &mut Session, (kind, bytes): &Bytes) -> bool {
    OlmMessage::from_parts(*kind, bytes).is_ok_and(|message| session.decrypt(&message).is_err())
}
