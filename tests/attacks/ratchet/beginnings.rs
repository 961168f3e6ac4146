//! how chains and sessions begin, and what is asked for on the way.

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::secret::Secret;
use sottovoce::pairwise::hazmat::{answer_key, first_answer, first_chain, parts, session_secret};
use sottovoce::pairwise::{Authentication, FirstOpened, Role};
use sottovoce::ratchet::hazmat::{self, Bits, Fields};
use sottovoce::ratchet::{Given, Ratchet, RatchetError, open_first};

use super::pair::{NOW, Pair, Side, answer, generator, keys, transcript};
use super::{body, forge};

fn secret(role: Role) -> sottovoce::pairwise::SessionSecret {
    session_secret(role, transcript(), keys())
}

/// A state of A from before its first message follows no chain that answers that message: it would have nothing to count from.
#[test]
fn r_05_a_state_that_was_set_back_to_its_beginning_is_told() {
    let begun = Side::of(&Ratchet::begin(secret(Role::Initiator), NOW, &mut generator(1)).unwrap());
    let mut a = begun.clone();
    let first = a.seal(b"first", NOW, &mut generator(2)).unwrap().message;
    let (ratchet, _) = Ratchet::respond(secret(Role::Responder), &first, NOW).unwrap();
    let answer = Side::of(&ratchet).seal(b"answer", NOW, &mut generator(3)).unwrap().message;
    let mut older = begun;
    assert_eq!(older.open(&answer, NOW).err(), Some(RatchetError::Ahead));
    drop(a.open(&answer, NOW).unwrap());
}

/// Numbers of a header that begins a chain, as only the peer itself could set them wrongly.
#[test]
fn r_07_first_headers_that_contradict_the_session() {
    let mut pair = Pair::new(1);
    drop(pair.seal_b(b"begins the chain"));
    let good = body(&Fields::default());
    let bad = Some(RatchetError::BadHeader);
    let first = |edit: fn(&mut hazmat::Next)| pair.a.clone().open(&forge(&pair.b, edit, &good), NOW).err();
    assert_eq!(first(|_| {}), None);
    assert_eq!(first(|next| next.numbers[1] = 1), bad, "pn in a first chain");
    assert_eq!(first(|next| next.numbers[2] = 1), bad, "an epoch in an answer");
    let mut pair = Pair::after(1, 1);
    drop((pair.b_says(b"answer"), pair.seal_a(b"begins the chain")));
    let later = |edit: fn(&mut hazmat::Next)| pair.b.clone().open(&forge(&pair.a, edit, &good), NOW).err();
    assert_eq!(later(|next| next.numbers[1] = 65_536), None, "pn of the longest chain");
    assert_eq!(later(|next| next.numbers[1] = 65_537), bad, "pn of none");
}

/// What opens a session is checked like what opens in it.
#[test]
fn r_07_a_session_begins_with_a_first_chain() {
    let pair = Pair::new(1);
    let opens = |edit: fn(&mut hazmat::Next), fields: &Fields| {
        let message = forge(&pair.a, edit, &body(fields));
        let lent = secret(Role::Responder);
        let looked = open_first(first_chain(&lent), &message).map(FirstOpened::into_message);
        let begun =
            Ratchet::respond(secret(Role::Responder), &message, NOW).map(|(_, opened)| opened.content);
        assert_eq!(looked, begun);
        begun.err()
    };
    let nothing = Fields::default();
    assert_eq!(opens(|_| {}, &nothing), None);
    assert_eq!(opens(|next| next.numbers[1] = 1, &nothing), Some(RatchetError::BadHeader));
    assert_eq!(opens(|next| next.numbers[2] = 1, &nothing), Some(RatchetError::BadHeader));
    let closed = Fields { received: Bits::below(1), ..Fields::default() };
    assert_eq!(opens(|_| {}, &closed), Some(RatchetError::BadLane));
}

/// First answers and their secrets are of one session.
#[test]
fn r_05_first_answers_of_another_session_are_not_taken() {
    let mut pair = Pair::new(1);
    let other = Hash::of(b"another handshake");
    let made = answer();
    let (ciphertext, k3) = parts(&made);
    let theirs = first_answer(other, ciphertext.clone(), k3.duplicate());
    let mut ratchet = pair.b.ratchet();
    let sealed = ratchet.seal(b"", Some(theirs), NOW, &mut generator(1)).err();
    assert_eq!((sealed, Side::of(&ratchet)), (Some(RatchetError::Unanswered), pair.b.clone()));
    assert_eq!(ratchet.seal(b"", None, NOW, &mut generator(1)).err(), Some(RatchetError::Unanswered));
    let message = pair.seal_b(b"answer");
    let mut ratchet = pair.a.ratchet();
    let mut open = |answer| {
        let examined = ratchet.examine(&message).unwrap();
        assert_eq!(examined.wants().answer.as_ref(), Some(ciphertext));
        ratchet.open(examined, Given { block: None, answer }, NOW).map(|opened| opened.content)
    };
    assert_eq!(open(None), Err(RatchetError::NotGiven));
    assert_eq!(open(Some(answer_key(other, k3.duplicate()))), Err(RatchetError::NotGiven));
    let wrong = answer_key(transcript(), Secret::new([1; 32]));
    assert_eq!(open(Some(wrong)), Err(sottovoce::crypto::CryptoError::Unauthentic.into()));
    assert_eq!(open(Some(answer_key(transcript(), k3.duplicate()))), Ok(b"answer".to_vec()));
}

/// Without the block that it wants a message does not open, however it wants it: late, passing, or beginning a chain. With it, it does.
#[test]
fn r_02_a_message_waits_for_its_block() {
    let mut pair = Pair::new(1);
    let late = pair.seal_a(b"late");
    pair.a_passes();
    drop(pair.seal_a(b"lost"));
    let passing = pair.seal_a(b"passing");
    pair.b_says(b"answer");
    let next = pair.seal_a(b"next");
    for message in [late, passing, next] {
        let mut ratchet = pair.b.ratchet();
        let examined = ratchet.examine(&message).unwrap();
        assert!(examined.wants().block.is_some());
        assert_eq!(ratchet.open(examined, Given::default(), NOW).err(), Some(RatchetError::NotGiven));
        assert_eq!(ratchet.examine(&message).unwrap().wants().block.as_ref(), pair.b.blocks.keys().next());
        assert_eq!(sottovoce::wire::Wire::encode(&ratchet).unwrap(), pair.b.state);
        drop(pair.b.clone().open(&message, NOW).unwrap());
    }
}

/// Messages of A's first chain prove nothing of the first answer, also when they open after it.
#[test]
fn h_13_late_messages_of_the_first_chain_prove_no_more() {
    let mut pair = Pair::new(1);
    let late: Vec<_> = (0..2).map(|_| pair.seal_a(b"late")).collect();
    let proven = |pair: &Pair| pair.b.ratchet().standing().authentication();
    pair.b_says(b"answer");
    for message in late {
        drop(pair.b.open(&message, NOW).unwrap());
        assert_eq!(proven(&pair), Authentication::Classical);
    }
    pair.a_says(b"follows the answer");
    assert_eq!(proven(&pair), Authentication::PostQuantum);
}

/// Nothing of a header is seen from outside: neither the ratchet key nor numbers, and no two messages have a masked header in common.
#[test]
fn p_08_headers_are_masked() {
    let mut pair = Pair::after(1, 1);
    let key = *hazmat::next(&pair.a.ratchet()).unwrap().ratchet_key.as_bytes();
    let messages: Vec<_> = (0..20).map(|_| pair.seal_a(b"")).collect();
    for (place, message) in messages.iter().enumerate() {
        assert!(!message.windows(8).any(|window| key.windows(8).any(|part| part == window)));
        let alike = messages[..place].iter().flat_map(|other| (24..72).map(|at| other[at] == message[at]));
        assert!(alike.filter(|same| *same).count() < 48, "as many bytes by chance");
    }
}
