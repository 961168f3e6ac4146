//! The walking skeleton, short. In full: `cargo run --release -p sottovoce-homeserver --example walk`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the report")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "clients have clocks and threads")]

#[path = "support/walk/mod.rs"]
mod walk;

use std::time::Duration;

fn walk(forgetful: bool, patience: u64) -> walk::Report {
    let program = env!("CARGO_BIN_EXE_sottovoce-homeserver").into();
    let patience = Duration::from_secs(patience);
    let options = walk::Options { program, items: 100, seed: 1, keep: false, patience, forgetful };
    // Servers live by the clock of the machine. Where that was put back meanwhile, a walk is late; one is forgiven.
    let again = |why| {
        println!("once more: {why}");
        walk::walk(&options)
    };
    let report = walk::walk(&options).or_else(again).unwrap();
    println!("{report}");
    report
}

#[test]
fn nothing_is_lost_between_two_servers_of_which_one_is_put_back() {
    // How much is taken back depends on how busy the machine is. A walk in which it was little holds, and says little.
    let mut walks = (0..4).map(|_| walk(false, 50)).inspect(|report| assert!(report.holds()));
    let telling = |report: &walk::Report| {
        // A client has noticed, only a client had some of them, the other server has noticed, something came again and was recognised, and
        // the network has lost something.
        let of_servers = report.set_back > 0 && report.resubmitted > 0 && report.epochs_changed > 0;
        of_servers && report.twice > 0 && report.cut > 0
    };
    assert!(walks.any(|report| telling(&report)), "what it is about has happened");
}

/// A walk that cannot fail shows nothing.
#[test]
fn clients_that_do_not_keep_what_they_sent_lose_it() {
    let report = walk(true, 8);
    assert!(!report.holds());
    assert!(report.lost > 0 && report.resubmitted == 0);
}
