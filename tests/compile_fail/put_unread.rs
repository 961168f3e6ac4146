//! A record is put where one was read, and once.
use sottovoce::storage::{Key, Slot, Transaction};
use sottovoce::wire::specimen::Part;

fn unread(transaction: &mut Transaction<'_>, key: Key, part: &Part) {
    let _ = transaction.put(key, part);
}

fn twice(transaction: &mut Transaction<'_>, slot: Slot<Part>, part: &Part) {
    let _ = transaction.put(slot, part);
    let _ = transaction.put(slot, part);
}

fn main() {}
