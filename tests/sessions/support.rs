//! What the tests of sessions share.

use rand_core::TryRng as _;
use sottovoce::crypto::random::Generator;
use sottovoce::identity::ids::RequestId;
use sottovoce::identity::prekeys::ClaimRequest;
use sottovoce::session::{Message, Notice, Received};
use sottovoce::time::Span;

use crate::phones::{Input, Mail, Output, Phone, generator, reference};

/// Randomness of a test: another seed in every run, unless `SOTTOVOCE_SEED` replays one.
pub fn seed(test: &str) -> u64 {
    let drawn = || rand_core::TryRng::try_next_u64(&mut rand::rngs::SysRng).unwrap() >> 1;
    let seed = std::env::var("SOTTOVOCE_SEED").map_or_else(|_| drawn(), |seed| seed.parse().unwrap());
    println!("{test}: SOTTOVOCE_SEED={seed}");
    seed
}

pub fn dice(test: &str) -> Generator {
    generator(seed(test))
}

pub fn below(rng: &mut Generator, bound: usize) -> usize {
    usize::try_from(rng.try_next_u64().unwrap() >> 32).unwrap() % bound
}

/// Lets time pass for both.
pub fn wait(phones: [&mut Phone; 2], span: Span) {
    for phone in phones {
        phone.now = phone.now.plus(span);
    }
}

/// Says something that is heard.
pub fn tell(from: &mut Phone, to: &mut Phone, content: &[u8]) -> Message {
    let mail = from.say(to.name, content).unwrap();
    to.hears(&mail)
}

/// A few messages each way.
pub fn talk(a: &mut Phone, b: &mut Phone, rounds: usize) -> Vec<Notice> {
    let mut notices = Vec::new();
    for round in 0..rounds {
        notices.extend(tell(a, b, format!("there {round} {:?}", a.now).as_bytes()).notices);
        notices.extend(tell(b, a, format!("back {round} {:?}", a.now).as_bytes()).notices);
    }
    notices
}

/// The signs of an attack among these.
pub fn alarms(notices: &[Notice]) -> Vec<&Notice> {
    let is_alarm = |notice: &&Notice| {
        matches!(
            notice,
            Notice::Copied(..)
                | Notice::SelfCopied(..)
                | Notice::Contested(..)
                | Notice::IdentityCopied(..)
                | Notice::Replaced(..)
        )
    };
    notices.iter().filter(is_alarm).collect()
}

/// What either way of receiving has told.
pub fn notices(received: Received) -> Vec<Notice> {
    match received {
        Received::Message(message) => message.notices,
        Received::Refused { notices, .. } => notices,
    }
}

/// Begins a session with prekeys that were claimed before, without a one-time pair: as often as one likes.
pub fn begin_cheaply(from: &mut Phone, to: &Phone, content: &[u8]) -> Mail {
    let (blob, pointer) = from.share(content, &[to.name]);
    let request = ClaimRequest {
        request: RequestId::from_bytes(reference(content)),
        account: to.name.0,
        device: to.name.1,
    };
    let answer = sottovoce::identity::prekeys::ClaimAnswer {
        request: request.request,
        bundle: to.bundle.clone(),
        one_time: None,
    };
    let shared = Some((pointer, reference(content)));
    let input = Input::Begin(to.name, shared, request, Box::new(answer), to.addresses[0].clone());
    match from.run(input).unwrap() {
        Output::Frame(frame) => Mail { from: from.name, to: to.name, frame: frame.frame, blob: Some(blob) },
        other => panic!("{other:?}"),
    }
}
