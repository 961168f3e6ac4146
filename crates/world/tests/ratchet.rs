//! Library and model of the ratchet agree, and what a stolen state gives is what the documents say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test support"
)]

use sottovoce_world::dice::Dice;
use sottovoce_world::ratchet::{Part, differential, exposure};

#[test]
fn library_and_model_agree() {
    let figures = differential::run(0..150, None).expect("library and model agree");
    println!("{figures:?}");
    assert_eq!(differential::unseen(&figures), [""; 0], "histories come to every class");
}

#[test]
fn library_and_model_agree_about_new_histories() {
    let first = Dice::printed("library_and_model_agree_about_new_histories").below(1 << 40);
    differential::run(first..first + 150, None).expect("library and model agree");
}

/// A comparison that finds nothing shows nothing.
#[test]
fn a_model_without_a_part_is_found() {
    for part in [Part::Lane, Part::Salt, Part::NextHeaderKey] {
        differential::run(0..30, Some(part)).expect_err("library and model differ");
    }
}

/// The cells of the one row that begins so.
fn row<'a>(report: &'a str, start: &str) -> Vec<&'a str> {
    let rows: Vec<_> = report.lines().filter_map(|line| line.strip_prefix(start)).collect();
    assert_eq!(rows.len(), 1, "rows that begin with {start}");
    let row = rows.first().unwrap();
    row.trim_end_matches('|').split('|').map(str::trim).collect()
}

/// The last number of a cell.
fn last(cell: &str) -> u32 {
    cell.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn the_exposure_of_a_stolen_state_is_what_the_documents_say() {
    let report = exposure::report(exposure::Options::default());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/SECURITY-MODEL.md");
    let document = std::fs::read_to_string(path).unwrap();
    assert!(document.contains(&report), "docs/SECURITY-MODEL.md does not have these tables:\n{report}");

    // Nothing of the past, a while of the future, and then never again.
    for victim in ["A's state", "B's state", "both states"] {
        for (broken, steps, epochs) in [("nothing", 2, 1), ("X25519", 60, 2), ("ML-KEM", 2, 1)] {
            let cells = row(&report, &format!("| {broken} | {victim} |"));
            assert!(cells[0].starts_with("0, "), "{broken}, {victim}: the past is safe");
            assert!(last(cells[2]) <= steps && last(cells[4]) <= epochs, "{broken}, {victim}: it heals");
            assert_eq!((cells[5], cells[6]), ("2", "0"), "{broken}, {victim}: for good");
        }
        assert_eq!(row(&report, &format!("| both | {victim} |"))[2], "never");
    }
    // Without its parts it is worse.
    for victim in ["A's state", "B's state"] {
        let without = row(&report, &format!("| X25519 | {victim} *(without the lane)* |"));
        assert_eq!(without[2], "never", "without the lane it does not heal");
        let without = row(&report, &format!("| nothing | {victim} *(without next header keys)* |"));
        assert!(last(without[5]) > 10, "without next header keys a thief recognises chains for ever");
    }
    assert_eq!(row(&report, "| a copied state |"), ["100", "0", "0"]);
    assert_eq!(row(&report, "| a copied state *(without the salt)* |"), ["100", "100", "100"]);
    // PROTOCOL.md §5.11: not after three more root steps.
    for owner in ["A", "B"] {
        let verdicts = row(&report, &format!("| nothing | of {owner}, right after a step of its own |"));
        assert_eq!(verdicts, ["yes, yes, yes, no, no, no, no"]);
    }
    let beginning = "of A, before B's first answer, with the ML-KEM identity key of its device";
    assert_eq!(row(&report, &format!("| nothing | {beginning} |")), ["yes, yes, yes, no, no, no, no"]);
    for state in ["of A, before B's first answer", "of B, before its first answer"] {
        assert_eq!(row(&report, &format!("| nothing | {state} |")), ["yes, yes, no, no, no, no, no"]);
    }
    // k3 needs the key of the device, and the answer of B one more than the state.
    assert_eq!(row(&report, "| X25519 | A's state, before B's first answer |")[2], "1");
    assert_eq!(row(&report, "| ML-KEM | A's state, before B's first answer |")[2], "2");
}
