//! C-11, C-16, C-17 for handshakes: secrets are not copied, not left in freed memory, not printed.

use std::fmt::Debug;

use sottovoce::handshake::{
    Accepted, Answering, Initial, Initiated, Opened, OwnBundle, Recipient, Screened, Tentative,
};
use sottovoce::pairwise::hazmat::unread;
use sottovoce::pairwise::{FirstChain, SessionKeys, SessionSecret};
use sottovoce::wire::Wire as _;
use sottovoce_heap::{CANARY, freed_with_canary};
use static_assertions::assert_not_impl_any;

use super::{Responder, With, begin, exposed, read, sent};
use crate::identity::person;

#[test]
fn c_11_secrets_of_a_handshake_have_no_copy() {
    macro_rules! single {
        ($($name:ty),+) => { $(assert_not_impl_any!($name: Clone, Copy, Default, std::fmt::Display);)+ };
    }
    single!(SessionSecret, SessionKeys, Recipient<'static>, Initiated, OwnBundle, Answering);
    single!(Screened<'static>, Tentative, Opened, Accepted, FirstChain<'static>);
    assert_not_impl_any!(SessionSecret: PartialEq);
    assert_not_impl_any!(SessionKeys: PartialEq);
}

fn canary(bytes: &[u8]) -> [u8; CANARY] {
    bytes[..CANARY].try_into().unwrap()
}

/// A whole handshake, with its values on the heap so that they are searched when they go: neither session keys, nor a prekey, nor the
/// device's own key stay behind, at either end, opened or refused.
#[test]
fn c_16_freed_memory_holds_no_secret_of_a_handshake() {
    let (alice, bob) = (person(1), Responder::new(2));
    let (initial, message, keys) = sent(begin(&alice, &bob, With::Pair(1), 1));
    let prekey = *bob.prekey_secret().keys().agreement().to_secret().expose();
    let identity = *bob.person.device.keys().agreement().to_secret().expose();
    let decoded = Initial::decode(&initial).unwrap();
    let mut secrets = keys.clone();
    secrets.extend([prekey, identity]);
    for secret in &secrets {
        let copy = secret.to_vec();
        assert_eq!(freed_with_canary(canary(secret), || drop(copy)), 1, "the search finds what is there");
        let screened = decoded.clone().screen(&bob.own(), None).unwrap();
        let (bundle, pair) = (Box::new(bob.kept_bundle()), bob.kept_pair((1, 1)).unwrap());
        let found = freed_with_canary(canary(secret), || {
            drop(Box::new(begin(&alice, &bob, With::Pair(1), 1)));
            // Taking a value out of its box would leave its bytes there, so only the last state is boxed.
            let tentative = screened.open(Some(&bundle), Some(pair), crate::identity::NOW).unwrap();
            let (opened, _) = read(tentative, &message).unwrap();
            drop(Box::new(opened.accept(&alice.account, None).unwrap()));
            drop(bundle);
            let screened = decoded.clone().screen(&bob.own(), None).unwrap();
            let refused =
                screened.open(Some(&bob.kept_bundle()), bob.kept_pair((1, 1)), crate::identity::NOW);
            drop(Box::new(refused.unwrap()));
        });
        assert_eq!(found, 0);
    }
}

#[test]
fn c_17_debug_prints_no_secret_of_a_handshake() {
    let (alice, bob) = (person(1), Responder::new(2));
    let begun = begin(&alice, &bob, With::Pair(1), 1);
    let (initial, message, keys) = sent(begin(&alice, &bob, With::Pair(1), 1));
    let open = || bob.open(Initial::decode(&initial).unwrap()).unwrap();
    let (opened, _) = read(open(), &message).unwrap();
    let (again, _) = read(open(), &message).unwrap();
    let accepted = again.accept(&alice.account, None).unwrap();
    let tentative = open();
    let bundle = bob.kept_bundle();
    let first = format!("{:?}", {
        let mut shown = String::new();
        let _ = open().first_message(|first| {
            shown = format!("{first:?}");
            Ok::<_, ()>(unread(first))
        });
        shown
    });
    let values: [&dyn Debug; 6] = [&begun, &tentative, &opened, &accepted, &bundle, &first];
    let prekey = *bundle.secret().keys().agreement().to_secret().expose();
    for value in values {
        let printed = format!("{value:?}");
        assert!(printed.len() > 10);
        for secret in keys.iter().chain([&prekey]) {
            let decimal = format!("{:?}", &secret[..6]);
            assert!(!printed.contains(&hex::encode(&secret[..6])), "{printed}");
            assert!(!printed.contains(decimal.trim_matches(['[', ']'])), "{printed}");
        }
    }
    assert_eq!(exposed(&begun.session.into_keys()), keys);
}

/// Who an Initial claims to come from is hidden from servers; a log of the device that opened it does not say it either.
#[test]
fn p_08_debug_prints_no_claim() {
    let (alice, bob) = (person(1), Responder::new(2));
    let (initial, message, _) = sent(begin(&alice, &bob, With::Pair(1), 1));
    let open = || bob.open(Initial::decode(&initial).unwrap()).unwrap();
    let shown = [format!("{:?}", open()), format!("{:?}", read(open(), &message).unwrap().0)];
    let (account, device) = (alice.account.id(), alice.device.id());
    for printed in shown {
        for name in [format!("{account:?}"), format!("{device:?}"), hex::encode(account.as_bytes())] {
            assert!(printed.contains("Tentative") && !printed.contains(&name), "{printed}");
        }
    }
}
