//! C-11, C-16, C-17 for ratchets: secrets are not copied, not left in freed memory, not printed.

use sottovoce::pairwise::hazmat::{first_chain, session_secret};
use sottovoce::pairwise::{AnswerKey, FirstAnswer, Role};
use sottovoce::ratchet::{Examined, Given, Opened, Ratchet, SkippedBlock, hazmat, open_first};
use sottovoce::wire::Wire as _;
use sottovoce_heap::{CANARY, freed_with_canary};
use static_assertions::assert_not_impl_any;

use super::pair::{NOW, Pair, answer, generator, keys, transcript};

#[test]
fn c_11_secrets_of_a_ratchet_have_no_copy() {
    macro_rules! single {
        ($($name:ty),+) => { $(assert_not_impl_any!($name: Clone, Copy, PartialEq, std::fmt::Display);)+ };
    }
    single!(Ratchet, SkippedBlock, FirstAnswer, AnswerKey, Given, Opened, Examined<'static>);
}

fn canary(bytes: &[u8]) -> [u8; CANARY] {
    bytes[..CANARY].try_into().unwrap()
}

/// Sealing, opening, stepping, storing: no message key, chain key, ratchet key or secret of the lane is left in freed memory.
#[test]
fn c_16_freed_memory_holds_no_secret_of_a_ratchet() {
    // No other test has these secrets.
    let mut pair = Pair::after(0x0c16, 2);
    let late_key = hazmat::next(&pair.a.ratchet()).unwrap().key;
    let late = pair.seal_a(b"late");
    drop((pair.seal_a(b"late too"), pair.seal_a(b"and so")));
    let passing = pair.seal_a(b"passing");
    let unpassed = pair.b.ratchet().encode().unwrap();
    drop(pair.b.open(&passing, NOW).unwrap());
    let (_, _, seed) = hazmat::lane(&pair.a.ratchet());
    let message_key = hazmat::next(&pair.a.ratchet()).unwrap().key;
    let header_keys = hazmat::next(&pair.a.ratchet()).unwrap().header_keys;
    let root = root_of(&pair.a.ratchet());
    for secret in [&seed[..], message_key.expose(), late_key.expose(), &header_keys.expose()[8..], &root] {
        let copy = secret.to_vec();
        assert_eq!(freed_with_canary(canary(secret), || drop(copy)), 1, "the search finds what is there");
        let found = freed_with_canary(canary(secret), || {
            // Within the search, so that memory comes zeroed: what a list does not fill would hold what was planted above.
            let (mut a, mut b) = (boxed(&pair.a.state), boxed(&pair.b.state));
            let block = pair.b.blocks.values().next().map(|bytes| SkippedBlock::decode(bytes).unwrap());
            let mut rng = generator(3);
            let sealed = a.seal(b"text", None, NOW, &mut rng).unwrap();
            let given = Given { block, answer: None };
            let mut before = boxed(&unpassed);
            drop(before.open(before.examine(&passing).unwrap(), Given::default(), NOW).unwrap());
            drop(before);
            let opened = b.open(b.examine(&late).unwrap(), given, NOW).unwrap();
            drop(opened);
            drop(b.open(b.examine(&sealed.message).unwrap(), Given::default(), NOW).unwrap());
            let answer = b.seal(b"answer", None, NOW, &mut rng).unwrap();
            drop(a.open(a.examine(&answer.message).unwrap(), Given::default(), NOW).unwrap());
            drop(a.seal(b"step", None, NOW, &mut rng).unwrap());
            drop((a, b));
        });
        assert_eq!(found, 0);
    }
}

/// A ratchet on the heap. What a move leaves on the stack is not claimed to be erased (SECURITY-MODEL.md), and moving a value of several
/// variants copies what lies in the unused part; so the stack is cleaned before.
fn boxed(state: &[u8]) -> Box<Ratchet> {
    #[allow(clippy::large_stack_arrays, reason = "the stack is what is cleaned")]
    #[inline(never)]
    #[expect(clippy::large_stack_arrays, reason = "the stack is what is cleaned")]
    fn clean() {
        std::hint::black_box([0_u8; 1 << 16]);
    }
    clean();
    Box::new(Ratchet::decode(state).unwrap())
}

fn root_of(ratchet: &Ratchet) -> [u8; 32] {
    *hazmat::root(ratchet).expose()
}

#[test]
fn c_17_debug_prints_no_secret_of_a_ratchet() {
    let mut pair = Pair::after(1, 2);
    drop(pair.seal_a(b"lost"));
    let message = pair.seal_a(b"content that nobody logs");
    let mut ratchet = pair.b.ratchet();
    let secret = session_secret(Role::Responder, transcript(), keys());
    let shown = format!("{:?}", open_first(first_chain(&secret), &pair.first));
    let examined = ratchet.examine(&message).unwrap();
    let before = format!("{examined:?} {:?} {shown}", answer());
    let opened = ratchet.open(examined, Given::default(), NOW).unwrap();
    let printed = format!("{before} {ratchet:?} {:?} {secret:?} {:?}", opened.blocks, Given::default());
    let secrets = [
        root_of(&ratchet).to_vec(),
        hazmat::next(&pair.a.ratchet()).unwrap().key.expose().to_vec(),
        keys().root.expose().to_vec(),
        vec![0x3c; 32],
    ];
    for secret in secrets {
        let decimal = format!("{:?}", &secret[..6]);
        assert!(!printed.contains(&hex::encode(&secret[..6])), "{printed}");
        assert!(!printed.contains(decimal.trim_matches(['[', ']'])), "{printed}");
    }
}
