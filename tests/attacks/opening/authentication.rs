//! H-13, H-16, H-20, H-21, P-08: who proves what to whom, with which primitives broken, and what is left of it for others to see.

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{CryptoError, kdf, label, x25519};
use sottovoce::handshake::{Awaiting, HandshakeError, Initial};
use sottovoce::identity::device::Capabilities;
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::DeviceId;
use sottovoce::pairwise::hazmat::{answer_key, k3, parts, session_secret};
use sottovoce::pairwise::{Authentication, Role, SessionKeys};
use sottovoce::ratchet::{Given, Ratchet, RatchetError};
use sottovoce::wire::Wire as _;

use super::{Responder, With, begin, exposed, read, sent, write_under};
use crate::forge::{Offer, Target, Values, block, second};
use crate::identity::{NOW, Person, author, device, person};
use crate::support::{RawField, generator, join};

struct Honest {
    alice: Person,
    bob: Responder,
    target: Target,
    offer: Offer,
    block: Vec<u8>,
    second: [Secret<32>; 2],
    values: Values,
}

/// A handshake of which the test knows everything.
fn honest() -> Honest {
    let (alice, bob) = (person(1), Responder::new(2));
    let target = bob.target(With::Pair(1));
    let offer = target.offer(&mut generator(5));
    let block = block(&alice.account, &alice.account.devices()[0]);
    let second = second(alice.device.keys().agreement(), &target);
    let values = target.schedule(&offer, &block, &second);
    Honest { alice, bob, target, offer, block, second, values }
}

/// The matrix: an attacker who knows some of the seven secrets and puts zeros for the rest. The identity block needs all of the first
/// five, the session all seven. So both hold while X25519 holds, and while ML-KEM holds; and the session needs A's or B's own keys.
#[test]
fn h_13_secrecy_needs_one_of_the_two_primitives() {
    let honest = honest();
    let keys: Vec<_> = honest.values.keys.iter().map(|key| *key.expose()).collect();
    let secrets: Vec<_> = honest.offer.first.iter().chain(&honest.second).map(|one| *one.expose()).collect();
    for known in 0..128_u32 {
        let guess = |which: usize| {
            let value = if known >> which & 1 == 1 { secrets[which] } else { [0; 32] };
            Secret::new(value)
        };
        let offer = Offer { first: [0, 1, 2, 3, 4].map(guess), ..self::honest_offer(&honest) };
        let values = honest.target.schedule(&offer, &honest.block, &[guess(5), guess(6)]);
        let knows_first = known & 0x1f == 0x1f;
        assert_eq!(values.hidden.expose() == honest.values.hidden.expose(), knows_first, "{known:#b}");
        for (key, guessed) in keys.iter().zip(&values.keys) {
            assert_eq!(guessed.expose() == key, known == 0x7f, "{known:#b}");
        }
    }
}

fn honest_offer(honest: &Honest) -> Offer {
    Offer {
        ephemeral: honest.offer.ephemeral,
        to_prekey: honest.offer.to_prekey.clone(),
        to_identity: honest.offer.to_identity.clone(),
        first: honest.offer.first.each_ref().map(Secret::duplicate),
    }
}

/// With X25519 broken an attacker can speak as A in a first flight, and B says that this is no more than classical. It does not get past
/// B's first answer, without A's ML-KEM key.
#[test]
fn h_13_a_first_flight_is_classical_and_the_answer_is_not() {
    let Honest { alice, bob, target, offer, values, .. } = honest();
    // se and ss come from computing discrete logarithms of public keys; here from asking their owner.
    let message = write_under([&values.keys[1], &values.keys[2]], &associated_data(&values));
    let initial = target.initial(&offer, &values.sealed).encode().unwrap();
    let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
    assert_eq!(accepted.session.standing().authentication(), Authentication::Classical);
    let answer = accepted.answering.answer(&alice.account, &mut generator(1)).unwrap();
    let (ct3, secret) = parts(&answer);
    // The attacker's own state is the real one: the Initial that it sent, and th2, which it knows. What it lacks is the key.
    let state = state(&initial, values.transcripts[2].as_bytes());
    let awaiting = Awaiting::decode(&state).unwrap();
    assert_ne!(k3(&awaiting.k3(&person(8).device, ct3)).expose(), secret.expose());
    assert_eq!(k3(&awaiting.k3(&alice.device, ct3)).expose(), secret.expose(), "with it, it would");
}

/// A `HandshakeAwaiting`, from nothing but what an initiator knows.
fn state(initial: &[u8], transcript: &[u8]) -> Vec<u8> {
    let field = |number: u64, contents: &[u8]| {
        let value = contents.len().try_into().unwrap();
        RawField { number, wire_type: 2, value, contents: contents.to_vec() }
    };
    join(&[field(1, initial), field(2, transcript)])
}

#[test]
fn w_09_what_awaits_an_answer_keeps_an_initial() {
    let initial = sent(begin(&person(1), &Responder::new(2), With::Pair(1), 3)).0;
    assert!(Awaiting::decode(&state(&initial, &[7; 32])).is_ok());
    for bad in [&initial[1..], &initial[..initial.len() - 1], b"", &[0; 2500]] {
        assert!(Awaiting::decode(&state(bad, &[7; 32])).is_err());
    }
}

fn associated_data(values: &Values) -> Hash {
    use sottovoce::crypto::absorb::Absorb as _;
    let hasher = sottovoce::crypto::hash::Hasher::new(label::hash::ASSOCIATED_DATA);
    hasher.array(values.transcripts[2].as_bytes()).u8(0).finish()
}

/// What the secrets of one attempt are worth, in the hands of an attacker who also sees everything public: the name of A in this
/// handshake, neither its session nor any other. That A speaks is proven by A's identity key alone.
#[test]
fn h_21_ephemeral_secrets_prove_nothing() {
    let Honest { alice, bob, target, offer, block, values, .. } = honest();
    // EK, the coins and so the five first secrets have leaked.
    let mut rng = generator(5);
    let ephemeral = x25519::SecretKey::generate(&mut rng).unwrap();
    assert_eq!(ephemeral.public_key(), offer.ephemeral);
    let reach = [&target.bundle.agreement, target.device.agreement(), alice.device.device().agreement()];
    let mut guesses: Vec<_> = reach.iter().map(|key| ephemeral.diffie_hellman(key).unwrap()).collect();
    guesses.extend(offer.first.each_ref().map(Secret::duplicate));
    guesses.push(Secret::new([0; 32]));
    for se in &guesses {
        for ss in &guesses {
            let guessed = target.schedule(&offer, &block, &[se.duplicate(), ss.duplicate()]);
            assert_eq!(guessed.hidden.expose(), values.hidden.expose(), "the block is open to this attacker");
            assert!(guessed.keys.iter().zip(&values.keys).all(|(one, other)| one.expose() != other.expose()));
        }
    }
    // Speaking as A in a handshake of its own: the Initial opens, the message does not, and there is nothing to accept.
    let own = target.offer(&mut generator(6));
    for se in &guesses {
        let forged = target.schedule(&own, &block, &[se.duplicate(), se.duplicate()]);
        let message = write_under([&forged.keys[1], &forged.keys[2]], &associated_data(&forged));
        let tentative = bob.open(target.initial(&own, &forged.sealed)).unwrap();
        assert_eq!(tentative.claims().account, alice.account.id(), "that is what it says");
        assert_eq!(read(tentative, &message).err(), Some(RatchetError::UnknownTag));
    }
    // And a message of the one session serves in no other.
    let message = write_under([&values.keys[1], &values.keys[2]], &associated_data(&values));
    let (initial, ..) = sent(begin(&alice, &bob, With::Pair(2), 9));
    let tentative = bob.open(Initial::decode(&initial).unwrap()).unwrap();
    assert_eq!(read(tentative, &message).err(), Some(RatchetError::UnknownTag));
}

/// Deniability by construction: with its own keys and A's public ones B makes an Initial and a message from A, which pass every check
/// that B's device, or whoever is lent it, can make. Nothing in a handshake is signed.
#[test]
fn h_20_forge_transcript() {
    let (alice, bob) = (person(1), Responder::new(2));
    let alices = &alice.account.devices()[0];
    for with in [With::BundleOnly, With::Pair(3)] {
        let target = bob.target(with);
        let offer = target.offer(&mut generator(77));
        let (prekeys, identity) = (bob.prekey_secret(), bob.person.device.keys());
        let second = [prekeys.keys().agreement(), identity.agreement()]
            .map(|secret| secret.diffie_hellman(alices.agreement()).unwrap());
        let forged = target.schedule(&offer, &block(&alice.account, alices), &second);
        let message = write_under([&forged.keys[1], &forged.keys[2]], &associated_data(&forged));
        let initial = target.initial(&offer, &forged.sealed).encode().unwrap();

        let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
        assert_eq!(
            (accepted.answering.account(), accepted.answering.device()),
            (alice.account.id(), alices.id())
        );
        let (real, ..) = sent(begin(&alice, &bob, with, 1));
        assert_eq!(initial.len(), real.len());
        let keys: Vec<_> = forged.keys.iter().map(|key| *key.expose()).collect();
        assert_eq!(exposed(&accepted.session.into_keys()), keys);
    }
}

/// And a whole conversation, in which A seems to answer B's answers: nothing in a session is signed, and k3 is known to whoever
/// encapsulates it.
#[test]
fn h_20_forge_conversation() {
    let (alice, bob) = (person(1), Responder::new(2));
    let alices = &alice.account.devices()[0];
    let mut rng = generator(78);
    let target = bob.target(With::BundleOnly);
    let offer = target.offer(&mut rng);
    let (prekeys, identity) = (bob.prekey_secret(), bob.person.device.keys());
    let second = [prekeys.keys().agreement(), identity.agreement()]
        .map(|secret| secret.diffie_hellman(alices.agreement()).unwrap());
    let forged = target.schedule(&offer, &block(&alice.account, alices), &second);
    let [root, chain, header, next_header_of_responder, next_header_of_initiator, link] =
        forged.keys.try_into().unwrap();
    let keys = SessionKeys { root, chain, header, next_header_of_responder, next_header_of_initiator, link };
    let secret = session_secret(Role::Initiator, forged.transcripts[2], keys);
    let mut as_alice = Ratchet::begin(secret, NOW, &mut rng).unwrap();
    let message = as_alice.seal(b"never said", None, NOW, &mut rng).unwrap().message;
    let initial = target.initial(&offer, &forged.sealed).encode().unwrap();

    let accepted = bob.accept(&initial, &message, &alice.account).unwrap();
    let (mut at_bob, opened) = Ratchet::respond(accepted.session, &message, NOW).unwrap();
    assert_eq!(opened.content, b"never said");
    let answer = accepted.answering.answer(&alice.account, &mut rng).unwrap();
    let known = answer_key(forged.transcripts[2], parts(&answer).1.duplicate());
    let message = at_bob.seal(b"really?", Some(answer), NOW, &mut rng).unwrap().message;
    let examined = as_alice.examine(&message).unwrap();
    let given = Given { answer: Some(known), block: None };
    drop(as_alice.open(examined, given, NOW).unwrap());
    let message = as_alice.seal(b"never meant", None, NOW, &mut rng).unwrap().message;
    let opened = at_bob.open(at_bob.examine(&message).unwrap(), Given::default(), NOW).unwrap();
    assert_eq!(opened.content, b"never meant");
    assert_eq!(
        at_bob.standing().authentication(),
        Authentication::PostQuantum,
        "B knows better, and proves nothing"
    );
}

/// The same key material under every label of its kind: no two derivations meet. The identity key serves Diffie-Hellman in one
/// handshake after the other, always inside a transcript with a label of its own.
#[test]
fn h_16_every_derivation_has_its_own_purpose() {
    let prk = Secret::new([7; 32]);
    let info = [9; 32];
    let outputs: Vec<_> = label::expand::ALL
        .iter()
        .map(|label| *kdf::expand::<32>(&prk, *label, &info).expose())
        .chain(label::mac::ALL.iter().map(|label| {
            use sottovoce::crypto::absorb::Absorb as _;
            *kdf::Mac::labelled(&prk, *label).array(&info).finish().expose()
        }))
        .collect();
    for (at, one) in outputs.iter().enumerate() {
        assert!(outputs.iter().skip(at + 1).all(|other| other != one));
    }
}

/// An Initial goes to one device. Brought to another device of the account, back to its author, or to the author as if it were the
/// recipient's, with every name in it rewritten, it opens nothing.
#[test]
fn h_16_an_initial_serves_no_other_device() {
    let (alice, bob) = (Responder::new(1), Responder::new(2));
    let (initial, ..) = sent(begin(&alice.person, &bob, With::BundleOnly, 1));
    let initial = Initial::decode(&initial).unwrap();
    assert_eq!(alice.open(initial.clone()).err(), Some(HandshakeError::Mismatch));
    for other in [&alice, &Responder::new(3)] {
        let rewritten = Initial {
            device: other.person.device.id(),
            bundle: other.kept_bundle().secret().number(),
            order: other.manifests[0].order(),
            manifest: other.manifests[0].hash(),
            ..initial.clone()
        };
        assert_eq!(other.open(rewritten).err(), Some(CryptoError::Unauthentic.into()));
    }
    // B's own words come back as somebody else's: a device does not begin with itself.
    let bobs = block(&bob.person.account, &bob.person.account.devices()[0]);
    let target = bob.target(With::BundleOnly);
    let offer = target.offer(&mut generator(4));
    let reflected = target.schedule(&offer, &bobs, &second(bob.person.device.keys().agreement(), &target));
    let refused = bob.open(target.initial(&offer, &reflected.sealed)).err();
    assert_eq!(refused, Some(HandshakeError::Mismatch));
}

/// The length of an Initial depends on whom it is for only: not on how often its author's account changed, how it is called, or what it
/// may do. And two of one author to one device have no bytes in common where they could.
#[test]
fn p_08_an_initial_tells_nothing_of_its_author() {
    let (alice, bob) = (person(1), Responder::new(2));
    let mut seen = vec![sent(begin(&alice, &bob, With::Pair(0), 1)).0];
    seen.push(sent(begin(&alice, &bob, With::Pair(0), 2)).0);
    let mut account = alice.account.clone();
    for number in 0..300_u64 {
        let mut draft = Draft::after(&account);
        let capabilities = Capabilities::MANAGE.with(Capabilities::from_bits(number << 40));
        assert!(draft.set_capabilities(alice.device.id(), capabilities));
        account = draft.sign(&author(alice.device.signing())).unwrap();
    }
    assert!(account.order().version == 300);
    let older = Person { recovery: alice.recovery, device: alice.device, account };
    seen.push(sent(begin(&older, &bob, With::Pair(0), 3)).0);
    let mut draft = Draft::recovering(&older.account);
    draft.add(device(3).possess(older.account.id()), Capabilities::NONE).unwrap();
    let account = draft.sign(&author(older.recovery.signing())).unwrap();
    let recovered = Person { recovery: older.recovery, device: device(3), account };
    seen.push(sent(begin(&recovered, &bob, With::Pair(0), 4)).0);
    for one in &seen {
        assert_eq!(one.len(), seen[0].len());
    }
    let fields: Vec<_> = seen.iter().map(|bytes| Initial::decode(bytes).unwrap()).collect();
    for (at, one) in fields.iter().enumerate() {
        for other in fields.iter().skip(at + 1) {
            assert!(one.ephemeral != other.ephemeral && one.to_prekey != other.to_prekey);
            assert!(one.to_identity != other.to_identity && one.sealed != other.sealed);
            assert!(one.sealed.iter().zip(&other.sealed).filter(|(a, b)| a == b).count() < 20);
        }
    }
}

/// The names and keys of the author are in no Initial in the clear.
#[test]
fn p_08_names_are_sealed() {
    let (alice, bob) = (person(1), Responder::new(2));
    let (initial, ..) = sent(begin(&alice, &bob, With::Pair(0), 1));
    let own = &alice.account.devices()[0];
    let kem = sottovoce::crypto::hash::Hash::of(own.kem().as_bytes());
    let (account, hash) = (alice.account.id(), alice.account.hash());
    let id: DeviceId = own.id();
    let names: [&[u8]; 5] =
        [account.as_bytes(), id.as_bytes(), own.agreement().as_bytes(), kem.as_bytes(), hash.as_bytes()];
    for name in names {
        assert!(!initial.windows(8).any(|window| window == &name[..8]));
    }
    // Nor does it open under what an observer of the wire could compute.
    let forged = Responder::of(person(2), 9);
    let opened = forged.open(Initial { bundle: 9, one_time: None, ..Initial::decode(&initial).unwrap() });
    assert_eq!(opened.err(), Some(CryptoError::Unauthentic.into()));
}
