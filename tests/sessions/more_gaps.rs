//! What was lost on the way is named, and sealed again.

use sottovoce::ratchet::{Gap, Position};
use sottovoce::session::{Message, Notice};

use crate::phones::{Mail, Phone, acquainted, hours, reference, text};

/// What is handed over to be sealed again.
fn again(notices: &[Notice]) -> Vec<([u8; 16], Option<Gap>)> {
    let of = |notice: &Notice| match notice {
        Notice::Resend { reference, repairs, .. } => Some((*reference, *repairs)),
        _ => None,
    };
    notices.iter().filter_map(of).collect()
}

/// Says so much, of which every second message is lost.
fn says_every_second(a: &mut Phone, b: &mut Phone, count: u32) -> (Vec<Vec<u8>>, Vec<Message>) {
    let (mut lost, mut heard) = (Vec::new(), Vec::new());
    for number in 0..count {
        let content = format!("content {number}").into_bytes();
        let mail: Mail = a.say(b.name, &content).unwrap();
        if number % 2 == 0 {
            lost.push(content);
        } else {
            heard.push(b.hears(&mail));
        }
    }
    (lost, heard)
}

#[test]
fn what_was_missed_in_a_session_that_was_replaced_is_sealed_again() {
    let (mut a, mut b) = acquainted();
    let lost = a.say(b.name, b"lost").unwrap();
    let mail = a.say(b.name, b"heard").unwrap();
    b.hears(&mail);
    let mail = b.begin(&mut a, b"another session").unwrap();
    a.hears(&mail);
    let mail = a.say(b.name, b"I see").unwrap();
    b.hears(&mail);
    let mail = b.say(a.name, b"good").unwrap();
    assert_eq!(again(&a.hears(&mail).notices), [], "it may be on its way");
    a.now = a.now.plus(hours(1));
    let mail = b.say(a.name, b"and on").unwrap();
    let handed: Vec<_> = again(&a.hears(&mail).notices).into_iter().map(|(name, _)| name).collect();
    assert_eq!(handed, [reference(b"lost")]);
    // It may still come.
    assert_eq!(text(&b.hears(&lost)), b"lost");
}

#[test]
fn more_gaps_than_a_body_names_are_all_repaired() {
    let (mut a, mut b) = acquainted();
    let (lost, _) = says_every_second(&mut a, &mut b, 24);
    a.now = a.now.plus(hours(2));
    let mut repaired = Vec::new();
    for round in 0..3_u32 {
        let mail = b.say(a.name, format!("round {round}").as_bytes()).unwrap();
        for (name, repairs) in again(&a.hears(&mail).notices) {
            let content = lost.iter().find(|content| reference(content) == name).unwrap();
            let mail = a.say_again(b.name, content, repairs).unwrap();
            assert_eq!(text(&b.hears(&mail)), content);
            repaired.push(content.clone());
        }
    }
    assert_eq!(repaired, lost);
}

#[test]
fn a_gap_that_gives_way_to_others_is_told() {
    let (mut a, mut b) = acquainted();
    let (_, heard) = says_every_second(&mut a, &mut b, 66);
    let told = |message: &Message| {
        let lost = |notice: &Notice| match notice {
            Notice::Lost(_, _, Gap { from: Position { number, .. }, .. }) => Some(*number),
            _ => None,
        };
        message.notices.iter().find_map(lost)
    };
    let (last, before) = heard.split_last().unwrap();
    assert!(before.iter().all(|message| told(message).is_none()));
    let first = before[0].position.number - 1;
    assert_eq!(told(last), Some(first), "the thirty-third gap pushes the first one out");
}

#[test]
fn a_clock_that_is_put_back_ends_nothing() {
    let (mut a, mut b) = acquainted();
    let (start_a, start_b) = (a.now, b.now);
    (a.now, b.now) = (start_a.plus(hours(12)), start_b.plus(hours(12)));
    let (lost, _) = says_every_second(&mut a, &mut b, 2);
    // Both clocks were wrong, and are put right.
    (a.now, b.now) = (start_a, start_b);
    let mail = b.say(a.name, b"what did you say?").unwrap();
    let heard = a.hears(&mail);
    assert_eq!(again(&heard.notices).first().map(|(name, _)| *name), Some(reference(&lost[0])));
    let mail = a.say(b.name, b"one moment").unwrap();
    assert!(!b.hears(&mail).notices.iter().any(|notice| matches!(notice, Notice::Lost(..))));
}
