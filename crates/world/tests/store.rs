//! The world holds, and notices when it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "test support")]

use sottovoce_world::store::{Break, Options, Report};

fn world(kill: u64, seed: u64, fault: Option<Break>) -> Report {
    let program = Some(env!("CARGO_BIN_EXE_sottovoce-world").into());
    Report::of(&Options { processes: 2, kill, seed: Some(seed), keep: false, fault, program }).unwrap()
}

#[test]
fn nothing_is_torn_lost_or_doubled() {
    let report = world(60, 1, None);
    println!("{report}");
    assert!(report.holds());
}

/// A world that cannot fail shows nothing. Not every kill hits the wrong moment, and a fault can show in other ways first, so there may be
/// further worlds.
fn found(fault: Break, words: &[&str]) {
    let told = |report: &Report| {
        let has = |word: &&str| report.findings().iter().any(|finding| finding.contains(*word));
        words.iter().any(has)
    };
    let reports = (0..3).map(|seed| world(60, seed, Some(fault)));
    let is_found = reports.inspect(|report| println!("{report}")).any(|report| told(&report));
    assert!(is_found, "what is wrong is found: one of {words:?}");
}

#[test]
fn an_acknowledgement_before_the_commit_is_found() {
    found(Break::EarlyAcknowledgement, &["acknowledged and not there"]);
}

#[test]
fn a_store_that_ignores_expectations_is_found() {
    found(Break::IgnoredExpectations, &["not number", "counted"]);
}

#[test]
fn a_store_that_tears_writes_is_found() {
    found(Break::TornWrites, &["counted", "acknowledged and not there", "not number"]);
}

#[test]
fn events_after_the_transaction_are_found() {
    found(Break::LateEvents, &["not in both"]);
}

#[test]
fn commands_that_are_not_recognised_are_found() {
    found(Break::ForgottenCommands, &["twice in"]);
}
