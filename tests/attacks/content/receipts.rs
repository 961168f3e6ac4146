//! What receipts tell: P-01, P-03, P-04.

use std::collections::BTreeSet;

use rand_core::Rng as _;
use sottovoce::content::{
    Act, Body, ContentId, Own, Rank, Receipt, ReceiptBatch, ReceiptState, Receivable, receive,
};
use sottovoce::crypto::random::Generator;
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::{NOW, accepted, account, content, device, own, peer, text};
use crate::support::{generator, rng};

const SLOT: u64 = 30_000;

fn receivable(rng: &mut Generator) -> (ContentId, Receivable) {
    let contact = accepted();
    let bytes = content(&Body::Text(text("x")), account(2), rng);
    let received = receive(&bytes, peer(), &own(), |_| Some(&contact)).unwrap();
    (received.id(), received.receivable(&contact, NOW).unwrap())
}

fn first() -> Rank {
    Rank::of(device(20), &own())
}

fn emitted(at: Timestamp, rng: &mut Generator) -> Timestamp {
    let mut batch = ReceiptBatch::new(account(1));
    let (_, of) = receivable(rng);
    batch.note(ReceiptState::Delivered, of, at, first(), rng).unwrap();
    batch.due().unwrap()
}

/// The largest distance of an empirical distribution from the uniform one on 0..1, times the root of its size.
fn kolmogorov(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let size = f64::from(u32::try_from(values.len()).unwrap());
    let distance = values.iter().zip(0_u32..).fold(0_f64, |most, (value, index)| {
        let (below, above) = (f64::from(index) / size, f64::from(index + 1) / size);
        most.max((value - below).abs()).max((above - value).abs())
    });
    distance * size.sqrt()
}

fn share(millis: u64) -> f64 {
    f64::from(u32::try_from(millis).unwrap()) / f64::from(u32::try_from(SLOT).unwrap())
}

/// Where in its slot a receipt is sent has the same distribution whenever the content came, and is not correlated with it.
#[test]
fn p_03_emission_times_say_nothing_of_arrivals() {
    let mut rng = rng("p_03");
    let start = NOW.as_millis() / SLOT * SLOT;
    let mut delays = Vec::new();
    for phase in [0, 1, 15_000, SLOT - 1] {
        let mut places = Vec::new();
        for _ in 0..2_000 {
            let arrival = Timestamp::from_millis(start + phase);
            let due = emitted(arrival, &mut rng);
            let place = due.as_millis() - start;
            assert!((SLOT..2 * SLOT).contains(&place), "the next slot");
            places.push(share(place - SLOT));
            delays.push(due.since(arrival).as_millis());
        }
        // 2.7 is exceeded by chance once in a million.
        let distance = kolmogorov(places);
        println!("arrivals at {phase}: {distance:.2}");
        assert!(distance < 2.7);
    }
    assert!(delays.iter().all(|delay| (1..2 * SLOT).contains(delay)));
}

/// The published estimator, in small: whoever often receives something right after a delivery to the target is taken for the sender.
/// It finds the sender at once if receipts follow at once, and is left with chance within the second that it then looks at. Who looks
/// at whole minutes instead has sixty times the noise, and in quiet times still finds out; SECURITY-MODEL.md says so.
#[test]
fn p_01_receipts_do_not_follow_deliveries() {
    const PEOPLE: usize = 100;
    let mut rng = rng("p_01");
    let rank = |immediate: bool, rng: &mut Generator| {
        let mut seen = [0_u32; PEOPLE];
        for message in 0..100_u64 {
            let at = Timestamp::from_millis(NOW.as_millis() + message * 600_000 + rng.next_u64() % 600_000);
            let receipt = if immediate { at.plus(Span::from_millis(200)) } else { emitted(at, rng) };
            // Everybody else gets something in a given second with a chance of one in twenty.
            for (person, count) in seen.iter_mut().enumerate().skip(1) {
                *count += u32::from(rng.next_u64().is_multiple_of(20) && person > 0);
            }
            seen[0] += u32::from(receipt.since(at) <= Span::from_secs(1))
                | u32::from(rng.next_u64().is_multiple_of(20));
        }
        u64::try_from(seen.iter().filter(|count| **count > seen[0]).count()).unwrap()
    };
    let at_once = rank(true, &mut rng);
    let batched: Vec<_> = (0..10).map(|_| rank(false, &mut rng)).collect();
    println!("rank of the sender among {PEOPLE}: at once {at_once}, batched {batched:?}");
    assert_eq!(at_once, 0, "the estimator works");
    assert!(batched.iter().sum::<u64>() > 10 * 5, "the sender is one of many");
}

/// However many devices an account has, and in whatever order they get what came, one receipt is sent, and its bytes are the same.
#[test]
fn p_04_receipts_are_of_the_account() {
    let mut sent = BTreeSet::new();
    for devices in 1..=10_u8 {
        let own = Own { account: account(2), devices: (1..=devices).map(device).collect() };
        let mut rng = generator(7);
        let contents: Vec<_> = (0..5).map(|_| receivable(&mut rng)).collect();
        let batches = own.devices.iter().map(|device| {
            let (mut batch, rank) = (ReceiptBatch::new(account(1)), Rank::of(*device, &own));
            for (_, of) in &contents {
                let late = NOW.plus(Span::from_millis(u64::from(device.as_bytes()[0])));
                batch.note(ReceiptState::Delivered, *of, late, rank, &mut rng).unwrap();
            }
            (batch, rank)
        });
        let mut batches: Vec<_> = batches.collect();
        let mut all = Vec::<Receipt>::new();
        // Each in turn, when it is due; copies arrive within a slot.
        let mut order: Vec<_> = (0..batches.len()).collect();
        order.sort_by_key(|index| batches[*index].0.due());
        for index in order {
            let (batch, rank) = &mut batches[index];
            let Some(due) = batch.due() else { continue };
            let receipts = batch.emit(&accepted(), due, *rank, &mut rng).unwrap();
            for receipt in &receipts {
                for (batch, _) in &mut batches {
                    batch.cover(receipt);
                }
            }
            all.extend(receipts);
        }
        assert_eq!(all.len(), 1, "{devices} devices");
        assert_eq!(all[0].ids, contents.iter().map(|(id, _)| *id).collect());
        sent.insert(all[0].encode().unwrap());
        assert!(batches.iter().all(|(batch, _)| batch.due().is_none()));
    }
    assert_eq!(sent.len(), 1, "the same bytes");
}

/// If the first device is silent the next one speaks, a slot later.
#[test]
fn p_04_another_device_speaks_if_the_first_is_silent() {
    let mut rng = rng("p_04");
    let (_, of) = receivable(&mut rng);
    let due = |first, rng: &mut Generator| {
        let mut batch = ReceiptBatch::new(account(1));
        batch.note(ReceiptState::Delivered, of, NOW, Rank::of(device(first), &own()), rng).unwrap();
        batch.due().unwrap().as_millis() / SLOT
    };
    assert_eq!(due(21, &mut rng), due(20, &mut rng) + 1);
}

#[test]
fn receipts_are_bounded_and_read_goes_before_delivered() {
    let mut rng = rng("receipts");
    let mut batch = ReceiptBatch::new(account(1));
    let contents: Vec<_> = (0..600).map(|_| receivable(&mut rng)).collect();
    for (_, of) in &contents {
        batch.note(ReceiptState::Delivered, *of, NOW, first(), &mut rng).unwrap();
    }
    let (read, of) = contents[0];
    for _ in 0..2 {
        batch.note(ReceiptState::Read, of, NOW, first(), &mut rng).unwrap();
        batch.note(ReceiptState::Delivered, of, NOW, first(), &mut rng).unwrap();
    }
    assert_eq!(ReceiptBatch::decode(&batch.encode().unwrap()).unwrap(), batch);
    assert!(batch.emit(&accepted(), NOW, first(), &mut rng).unwrap().is_empty(), "not yet");
    let (mut delivered, mut slots) = (BTreeSet::new(), BTreeSet::new());
    while let Some(due) = batch.due() {
        assert!(slots.insert(due.as_millis() / SLOT), "a receipt in a slot");
        for receipt in batch.emit(&accepted(), due, first(), &mut rng).unwrap() {
            assert!(receipt.ids.len() <= 128 && receipt.encode().is_ok());
            if receipt.state == ReceiptState::Read {
                assert_eq!(receipt.ids, [read].into());
            } else {
                delivered.extend(receipt.ids);
            }
        }
    }
    assert_eq!(delivered.len(), 511);
    assert!(!delivered.contains(&read));
    let mut other = ReceiptBatch::new(account(3));
    assert!(other.note(ReceiptState::Read, of, NOW, first(), &mut rng).is_err(), "of another contact");
    batch.note(ReceiptState::Read, of, NOW, first(), &mut rng).unwrap();
    batch.clear();
    assert_eq!(batch, ReceiptBatch::new(account(1)));
}

/// What was noted of an accepted contact is not sent once the contact is blocked, and kinds that nothing shows have no receipt.
#[test]
fn p_02_receipts_end_with_the_consent() {
    let mut rng = generator(77);
    let mut contact = accepted();
    let mut batch = ReceiptBatch::new(account(1));
    let (_, of) = receivable(&mut rng);
    batch.note(ReceiptState::Delivered, of, NOW, first(), &mut rng).unwrap();
    let due = batch.due().unwrap();
    let domain = "example.org".parse().unwrap();
    contact.act(Act::Block, &domain, NOW, &mut rng).unwrap();
    assert!(batch.emit(&contact, due, first(), &mut rng).unwrap().is_empty());
    assert_eq!(batch.due(), None);
    assert!(batch.emit(&accepted(), due, first(), &mut rng).unwrap().is_empty(), "not later either");
}

/// Who withdraws a text at once, or dates it to where nobody looks, learns nothing of whether it came.
#[test]
fn p_02_what_cannot_be_seen_has_no_receipt() {
    let (mut rng, contact) = (rng("p_02_unseen"), accepted());
    let mut batch = ReceiptBatch::new(account(1));
    let (id, of) = receivable(&mut rng);
    for state in [ReceiptState::Delivered, ReceiptState::Read] {
        batch.note(state, of, NOW, first(), &mut rng).unwrap();
        batch.withdraw(id);
        assert_eq!(batch, ReceiptBatch::new(account(1)));
    }
    let bytes = content(&Body::Text(text("x")), account(2), &mut rng);
    let received = receive(&bytes, peer(), &own(), |_| Some(&contact)).unwrap();
    let (month, day, more) = (Span::from_days(30), Span::from_days(1), Span::from_millis(1));
    for (arrived, gets_one) in [
        (NOW.plus(month), true),
        (NOW.plus(month).plus(more), false),
        (NOW.minus(day), true),
        (NOW.minus(day).minus(more), false),
    ] {
        assert_eq!(received.receivable(&contact, arrived).is_some(), gets_one);
    }
}

/// What a clock has set that was ahead is set anew, by the next content or when the time is looked at.
#[test]
fn a_clock_that_was_ahead_does_not_keep_receipts() {
    let mut rng = rng("a_clock_that_was_ahead");
    let rank = Rank::of(device(21), &own());
    let latest = |now: Timestamp| (now.as_millis() / SLOT + 3) * SLOT;
    for later in [1, 3_650] {
        let mut batch = ReceiptBatch::new(account(1));
        let (_, of) = receivable(&mut rng);
        batch.note(ReceiptState::Delivered, of, NOW.plus(Span::from_days(later)), rank, &mut rng).unwrap();
        let mut other = batch.clone();
        batch.note(ReceiptState::Delivered, receivable(&mut rng).1, NOW, rank, &mut rng).unwrap();
        assert!(other.emit(&accepted(), NOW, rank, &mut rng).unwrap().is_empty());
        for (batch, receipts) in [(&mut batch, 2), (&mut other, 1)] {
            let due = batch.due().unwrap();
            assert!(due > NOW && due.as_millis() < latest(NOW));
            batch.note(ReceiptState::Read, of, NOW, rank, &mut rng).unwrap();
            assert_eq!(batch.due(), Some(due), "once");
            assert_eq!(batch.emit(&accepted(), due, rank, &mut rng).unwrap().len(), receipts);
        }
    }
}
