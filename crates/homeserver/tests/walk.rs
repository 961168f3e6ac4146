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

fn walk(forgetful: bool) -> walk::Report {
    let program = env!("CARGO_BIN_EXE_sottovoce-homeserver").into();
    let patience = Duration::from_secs(50);
    let options = walk::Options { program, items: 100, seed: 1, keep: false, patience, forgetful };
    let report = walk::walk(&options).unwrap();
    println!("{report}");
    report
}

/// How much is taken back depends on how busy the machine is. A walk in which it was too little says little, and another follows.
fn telling(forgetful: bool, tells: impl Fn(&walk::Report) -> bool) -> walk::Report {
    (0..4).map(|_| walk(forgetful)).find(tells).expect("what it is about happens")
}

#[test]
fn nothing_is_lost_between_two_servers_of_which_one_is_put_back() {
    telling(false, |report| {
        assert!(report.holds());
        // A client has noticed, only a client had some of them, the other server has noticed, something came again and was recognised, and
        // the network has lost something.
        let of_servers = report.set_back > 0 && report.resubmitted > 0 && report.epochs_changed > 0;
        of_servers && report.twice > 0 && report.cut > 0
    });
}

/// A walk that cannot fail shows nothing.
#[test]
fn clients_that_do_not_keep_what_they_sent_lose_it() {
    let report = telling(true, |report| report.lost > 0);
    assert!(!report.holds() && report.resubmitted == 0);
}
