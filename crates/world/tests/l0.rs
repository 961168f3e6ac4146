//! Every state of a stream, within bounds that fit into a test; and that rules which lack something are found.

use sottovoce_world::servers::explore::{Explored, Model as _, explore};
use sottovoce_world::servers::l0::{Bounds, Event, Real, Rules, Sketch, State, Stream, Truth, Without, all};

const BOUNDS: Bounds = Bounds { items: 2, restores: 0, frames: 2, backups: 1, relapses: false };

/// What is broken after these events, if anything is; it is looked for in every state on the way.
fn broken<R: Rules>(stream: &Stream<R>, events: &[Event]) -> Option<String> {
    let mut state: State<R> = stream.start();
    for event in events {
        let next = stream.step(&state, event).and_then(|next| stream.check(&next).map(|()| next));
        match next {
            Ok(next) => state = next,
            Err(broken) => return Some(broken),
        }
    }
    None
}

/// The sender is set back to before the first item, and its second one takes the same number.
#[test]
fn a_restored_sender_loses_nothing_in_five_steps() {
    let bounds = Bounds { restores: 1, ..BOUNDS };
    let truths = [Truth::Accepted; 2];
    let five = [
        Event::BackUpSender,
        Event::Enqueue,
        Event::Send(1),
        Event::Request { frame: 0, stays: false },
        Event::RestoreSender(0),
        Event::Enqueue,
    ];
    assert_eq!(broken(&Stream::new(Real::new(), &bounds, &truths), &five), None);
    assert_eq!(broken(&Stream::new(Sketch(None), &bounds, &truths), &five), None);
    let found = broken(&Stream::new(Sketch(Some(Without::Hashes)), &bounds, &truths), &five);
    assert_eq!(found.as_deref(), Some("item 2 is reported as Accepted, but nobody has it"));
}

/// The answer with the verdict is lost, and the sender asks again.
#[test]
fn a_refusal_whose_verdict_is_lost_is_no_delivery() {
    let truths = [Truth::Refused; 2];
    let lost = [
        Event::Enqueue,
        Event::Send(1),
        Event::Request { frame: 0, stays: false },
        Event::LoseReply(0),
        Event::Send(1),
        Event::Request { frame: 0, stays: false },
        Event::Reply { frame: 0, stays: false },
    ];
    assert_eq!(broken(&Stream::new(Real::new(), &BOUNDS, &truths), &lost), None);
    assert_eq!(broken(&Stream::new(Sketch(None), &BOUNDS, &truths), &lost), None);
    let naive = Stream::new(Sketch(Some(Without::Verdicts)), &BOUNDS, &truths);
    // Without the check of what would come in the end, which sees it earlier.
    let mut state = naive.start();
    let mut found = Ok(());
    for event in &lost {
        found = naive.step(&state, event).map(|next| state = next);
    }
    assert_eq!(found, Err("item 1 is reported as Accepted, but it is Refused".to_owned()));
    assert!(broken(&naive, &lost).is_some());
}

#[test]
fn no_state_is_broken() {
    let whole = |explored: &Explored| explored.complete && explored.violation.is_none();
    let real = all(&Real::new(), &BOUNDS, "arb", u64::MAX, |_, _| {});
    assert!(whole(&real), "{real:?}");
    // The text, written down a second time, comes to states of the same number.
    let sketch = all(&Sketch(None), &BOUNDS, "arb", u64::MAX, |_, _| {});
    assert!(whole(&sketch), "{sketch:?}");
    println!("{real}; {sketch}");
    assert!(real.states > 20_000);
    let bounds = Bounds { items: 1, restores: 1, ..BOUNDS };
    let restored = all(&Real::new(), &bounds, "ar", u64::MAX, |_, _| {});
    assert!(whole(&restored), "{restored:?}");
    assert!(restored.states > 50_000, "{restored}");
}

/// An exploration that finds nothing shows nothing.
#[test]
fn rules_that_lack_a_part_are_found() {
    for (without, truths, restores) in [
        (Without::Hashes, [Truth::Accepted; 2], 1),
        (Without::Epochs, [Truth::Accepted; 2], 1),
        (Without::Verdicts, [Truth::Refused; 2], 0),
        (Without::Outstanding, [Truth::Accepted; 2], 0),
    ] {
        let bounds = Bounds { restores, ..BOUNDS };
        let explored = explore(&Stream::new(Sketch(Some(without)), &bounds, &truths), u64::MAX);
        let (trace, broken) = explored.violation.expect("something is broken");
        println!("without {without:?}: {trace:?}: {broken}");
        assert!(trace.len() < 10);
    }
}
