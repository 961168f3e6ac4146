//! H-01, H-04, H-14: what enters the key schedule, and that all of it counts. The library, a model from the text and both ends agree.

use sottovoce::crypto::CryptoError;
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::suite::Suite;
use sottovoce::handshake::{Initial, hazmat};
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::AccountId;
use sottovoce::pairwise::Direction;
use sottovoce::wire::Wire as _;

use super::{Responder, With, begin, exposed, read, seed, sent};
use crate::forge::{Offer, Target, Values, block, second};
use crate::identity::person;
use crate::support::{below, generator, rng};

/// What the library makes of the inputs that the model was given.
fn trace(target: &Target, offer: &Offer, block: &[u8], second: &[Secret<32>; 2]) -> hazmat::Trace {
    hazmat::trace(&hazmat::Inputs {
        suite: Suite::One,
        recipient: (target.account, target.device.id()),
        address: &target.address,
        manifest: (target.order, target.manifest),
        prekeys: [&target.bundle.encode().unwrap(), &target.leaf()],
        offer: (&offer.ephemeral, &offer.to_prekey, &offer.to_identity),
        first: offer.first.each_ref(),
        block: block.try_into().unwrap(),
        second: second.each_ref(),
    })
    .unwrap()
}

fn bytes(keys: &[Secret<32>]) -> Vec<[u8; 32]> {
    keys.iter().map(|key| *key.expose()).collect()
}

fn assert_same(model: &Values, library: &hazmat::Trace) {
    assert_eq!(model.transcripts, library.transcripts);
    assert_eq!(model.p1.expose(), library.p1.expose());
    assert_eq!(model.hidden.expose(), library.hidden.expose());
    assert_eq!(model.sealed, library.sealed);
    assert_eq!(model.p2.expose(), library.p2.expose());
    assert_eq!(bytes(&model.keys), exposed(&library.keys));
}

/// O11 and O13: both ends and the model hold the same values, for other people, prekeys and seeds each time.
#[test]
fn both_ends_and_a_model_agree() {
    let mut rng = rng("both_ends_and_a_model_agree");
    for round in 0..12 {
        let people = u64::try_from(below(&mut rng, 1 << 20)).unwrap();
        let (alice, bob) = (person(2 * people), Responder::new(2 * people + 1));
        let with = if round % 3 == 0 { With::BundleOnly } else { With::Pair(below(&mut rng, 4)) };
        let number = u8::try_from(below(&mut rng, 255)).unwrap();

        let begun = begin(&alice, &bob, with, number);
        let transcript = begun.session.transcript();
        let data = [Direction::FromInitiator, Direction::FromResponder]
            .map(|direction| begun.session.associated_data(direction));
        let capabilities = begun.capabilities;
        let (initial, message, keys) = sent(begun);
        assert_eq!(sent(begin(&alice, &bob, with, number)).0, initial, "the same inputs give the same bytes");

        let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
        assert_eq!(accepted.session.transcript(), transcript);
        assert_eq!(accepted.session.associated_data(Direction::FromInitiator), data[0]);
        assert_eq!(accepted.session.associated_data(Direction::FromResponder), data[1]);
        assert_ne!(data[0], data[1]);
        assert_eq!(accepted.capabilities, capabilities);
        assert_eq!(exposed(&accepted.session.into_keys()), keys);

        let target = bob.target(with);
        let offer = target.offer(&mut seed(number).into_generator());
        let block = block(&alice.account, &alice.account.devices()[0]);
        let second = second(alice.device.keys().agreement(), &target);
        let model = target.schedule(&offer, &block, &second);
        assert_same(&model, &trace(&target, &offer, &block, &second));
        assert_eq!((model.transcripts[2], bytes(&model.keys)), (transcript, keys));
        assert_eq!(target.initial(&offer, &model.sealed).encode().unwrap(), initial);
    }
}

struct Made {
    target: Target,
    offer: Offer,
    block: Vec<u8>,
    second: [Secret<32>; 2],
}

fn made() -> Made {
    let (alice, bob) = (person(1), Responder::new(2));
    let target = bob.target(With::Pair(1));
    let offer = target.offer(&mut generator(5));
    let block = block(&alice.account, &alice.account.devices()[0]);
    let second = second(alice.device.keys().agreement(), &target);
    Made { target, offer, block, second }
}

impl Made {
    fn keys(&self) -> Vec<[u8; 32]> {
        exposed(&trace(&self.target, &self.offer, &self.block, &self.second).keys)
    }

    fn secrets(&mut self) -> Vec<&mut Secret<32>> {
        self.offer.first.iter_mut().chain(&mut self.second).collect()
    }
}

/// All six keys differ, and none of one is any of the other.
fn assert_apart(one: &[[u8; 32]], other: &[[u8; 32]], what: &str) {
    assert!(one.iter().all(|key| !other.contains(key)), "{what}");
}

/// Every secret alone changes every key, in every byte; two that change places do too.
#[test]
fn h_14_every_secret_counts_and_has_its_place() {
    let good = made().keys();
    for which in 0..7 {
        for byte in 0..32 {
            let mut made = made();
            let mut secrets = made.secrets();
            let mut changed = *secrets[which].expose();
            changed[byte] ^= 0x10;
            *secrets[which] = Secret::new(changed);
            assert_apart(&made.keys(), &good, "a secret");
        }
    }
    for one in 0..7 {
        for other in 0..one {
            let mut made = made();
            let mut secrets = made.secrets();
            let [first, second] = [one, other].map(|which| *secrets[which].expose());
            *secrets[one] = Secret::new(second);
            *secrets[other] = Secret::new(first);
            assert_apart(&made.keys(), &good, "two secrets exchanged");
        }
    }
    for byte in 0..good.len() {
        assert!(good.iter().skip(byte + 1).all(|other| *other != good[byte]), "five different keys");
    }
}

type Change = (&'static str, fn(&mut Made));

/// Every fact about the two ends that is in the transcript.
const FACTS: [Change; 20] = [
    ("account of B", |made| made.target.account = AccountId::from_bytes([1; 32])),
    ("device of B", |made| made.target.device = person(9).device.device().clone()),
    ("local part of B", |made| made.target.address = "bobby@example.org".parse().unwrap()),
    ("server of B", |made| made.target.address = "bob@example.com".parse().unwrap()),
    ("term", |made| made.target.order = Order { term: 1, ..made.target.order }),
    ("version", |made| made.target.order = Order { version: 1, ..made.target.order }),
    ("manifest", |made| made.target.manifest = Hash::of(b"")),
    ("number of the bundle", |made| made.target.bundle.number += 1),
    ("agreement prekey", |made| made.target.bundle.agreement = *person(9).device.device().agreement()),
    ("KEM prekey", |made| made.target.bundle.kem = person(9).device.device().kem().clone()),
    ("no pair", |made| made.target.one_time = None),
    ("stock", |made| made.target.one_time.as_mut().unwrap().0.number += 1),
    ("index", |made| made.target.one_time.as_mut().unwrap().1.index += 1),
    ("KEM key of the pair", |made| {
        made.target.one_time.as_mut().unwrap().1.kem = person(9).device.device().kem().clone();
    }),
    ("EK", |made| made.offer.ephemeral = *person(9).device.device().agreement()),
    ("ct1", |made| made.offer.to_prekey = made.offer.to_identity.clone()),
    ("ct2", |made| made.offer.to_identity = made.offer.to_prekey.clone()),
    ("account of A", |made| made.block[0] ^= 1),
    ("device of A", |made| made.block[32] ^= 1),
    ("capabilities of A", |made| made.block[163] ^= 1),
];

/// The property of H-01: with the same secrets, any difference in who and what is meant changes every key.
#[test]
fn h_01_every_fact_about_both_ends_counts() {
    let good = made().keys();
    let mut all = vec![("as it is", good)];
    for (name, change) in FACTS {
        let mut made = made();
        change(&mut made);
        let model = made.target.schedule(&made.offer, &made.block, &made.second);
        let keys = bytes(&model.keys);
        // The library's inputs are typed: where they can say the same, they do.
        assert_eq!(keys, made.keys(), "{name}");
        for (other, before) in &all {
            assert_apart(&keys, before, &format!("{name}, {other}"));
        }
        all.push((name, keys));
    }
    for at in 0..164 {
        let mut made = made();
        made.block[at] ^= 0x80;
        assert_apart(&made.keys(), &all[0].1, "the identity block");
    }
}

type Attack<'a> = &'a dyn Fn(&mut Target, &mut Offer);

/// Whoever learned the secret of an encapsulation could give the same secret to somebody else, if a KEM does not bind its keys.
/// This one does; here is a KEM that does not: the secrets stay, the key or the ciphertext is another one.
#[test]
fn h_04_secrets_encapsulated_anew_open_nothing() {
    let made = made();
    let honest = trace(&made.target, &made.offer, &made.block, &made.second);
    let other = person(9);
    let again = |change: &dyn Fn(&mut Target, &mut Offer)| {
        let (mut target, mut offer) = (made.target.clone(), self::made().offer);
        change(&mut target, &mut offer);
        trace(&target, &offer, &made.block, &made.second)
    };
    let (ciphertext, _) = other.device.device().kem().encapsulate(&mut generator(3)).unwrap();
    let mallory = |target: &mut Target| {
        target.one_time.as_mut().unwrap().1.kem = other.device.device().kem().clone();
    };
    let attacks: [Attack<'_>; 4] = [
        &|_, offer| offer.to_prekey = ciphertext.clone(),
        &|_, offer| offer.to_identity = ciphertext.clone(),
        &|target, _| mallory(target),
        &|target, offer| {
            mallory(target);
            offer.to_prekey = ciphertext.clone();
        },
    ];
    for attack in attacks {
        let theirs = again(attack);
        let opened =
            OneTimeKey::new(theirs.hidden.duplicate()).open(theirs.transcripts[1].as_bytes(), &honest.sealed);
        assert_eq!(opened, Err(CryptoError::Unauthentic));
        assert_apart(&exposed(&theirs.keys), &exposed(&honest.keys), "keys");
    }
}

/// The same at the receiver: a ciphertext that conveys nothing, or the right secret in another ciphertext's place, is refused.
#[test]
fn h_04_a_receiver_refuses_other_ciphertexts() {
    let (alice, bob) = (person(1), Responder::new(2));
    for with in [With::Pair(0), With::BundleOnly] {
        let (initial, message, _) = sent(begin(&alice, &bob, with, 1));
        let good = Initial::decode(&initial).unwrap();
        let other = Initial::decode(&sent(begin(&alice, &bob, with, 2)).0).unwrap();
        let changed = [
            Initial { to_prekey: other.to_prekey.clone(), ..good.clone() },
            Initial { to_identity: other.to_identity.clone(), ..good.clone() },
            Initial {
                to_prekey: good.to_identity.clone(),
                to_identity: good.to_prekey.clone(),
                ..good.clone()
            },
            Initial { sealed: other.sealed, ..good.clone() },
            Initial { ephemeral: other.ephemeral, ..good.clone() },
        ];
        for initial in changed {
            assert_eq!(bob.open(initial).err().unwrap(), CryptoError::Unauthentic.into());
        }
        let (opened, text) = read(bob.open(good).unwrap(), &message).unwrap();
        assert_eq!(text, b"hello");
        let _ = opened.accept(&alice.account, None).unwrap();
    }
}
