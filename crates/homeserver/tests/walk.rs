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

#[test]
fn nothing_is_lost_between_two_servers_of_which_one_is_put_back() {
    let program = env!("CARGO_BIN_EXE_sottovoce-homeserver").into();
    let report = walk::walk(&walk::Options { program, items: 100, seed: 1, keep: false }).unwrap();
    println!("{report}");
    assert!(report.holds());
    // What it is about has happened.
    assert!(report.set_back > 0, "a client has noticed");
    assert!(report.epochs_changed > 0, "and so has the other server");
    assert!(report.twice > 0, "something came again, and was recognised");
    assert!(report.cut > 0);
}
