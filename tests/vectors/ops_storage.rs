//! Operations of layer 2.

use std::cell::RefCell;

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::random::Seed;
use sottovoce::ratchet::{Ratchet, SkippedBlock};
use sottovoce::storage::job::{Job, JobId};
use sottovoce::storage::timer::Timer;
use sottovoce::storage::{
    Format, Interrupt, ItemId, Key, Loaded, Outcome, Put, Record, Step, Stop, StorageError, Table,
    Transaction, Vault, Want, step,
};
use sottovoce::time::Timestamp;
use sottovoce::wire::specimen::Specimen;
use sottovoce::wire::{DecodeError, EncodeError, Wire};

use crate::inputs::Inputs;
use crate::ops::{self, class};

/// A timer in the table by the time it was set.
struct SetTimer(Timer);

impl Wire for SetTimer {
    const NAME: &'static str = Timer::NAME;
    const MAX_BYTES: usize = Timer::MAX_BYTES;

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Timer::decode(bytes).map(Self)
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        self.0.encode()
    }
}

impl Format for SetTimer {
    const FORMAT: u8 = 1;
}

impl Record for SetTimer {
    const TABLE: Table = Table::TIMERS_SET;
}

pub fn run(op: &str, i: &Inputs) -> ops::Outcome {
    let vault = Vault::new(&i.secret("key"), &i.bytes("scope"));
    match op {
        "store.names" => Ok(names(&vault, i)),
        "timer.rows" => Ok(timer(&vault, i)),
        "job.rows" => Ok(job(&vault, i)),
        "record.seal" | "record.open" => match i.number("table") {
            1 => record::<Timer>(op, &vault, i),
            2 => record::<SetTimer>(op, &vault, i),
            3 => record::<Job>(op, &vault, i),
            4 => record::<Ratchet>(op, &vault, i),
            5 => record::<SkippedBlock>(op, &vault, i),
            _ => record::<Specimen>(op, &vault, i),
        },
        "entry.seal" | "entry.open" => entry(op, &vault, i),
        "event.seal" | "event.open" => event(op, &vault, i),
        _ => panic!("unknown operation {op}"),
    }
}

fn table(i: &Inputs) -> Table {
    *Table::ALL.iter().find(|table| u64::from(table.number()) == i.number("table")).expect("a table")
}

fn key(i: &Inputs) -> Key {
    Key::new(table(i), i.array("name"))
}

fn names(vault: &Vault, i: &Inputs) -> Value {
    let key = vault.partition(table(i), &i.bytes("bytes")).key(i.number64("suffix"));
    let item = vault.item(&key, &i.bytes("item"));
    json!({ "name": hex(key.name()), "item": hex(item.as_bytes()) })
}

fn record<T: Record>(op: &str, vault: &Vault, i: &Inputs) -> ops::Outcome {
    if op == "record.open" {
        let opened: T = vault.open_record(&key(i), &i.bytes("record")).map_err(class)?;
        return Ok(json!({ "body": hex(opened.encode().unwrap()) }));
    }
    let (body, mut random) = (T::decode(&i.bytes("body")).map_err(class)?, i.random());
    let record = vault.seal_record(&key(i), &body, &mut random).map_err(class)?;
    random.finish();
    Ok(json!({ "record": hex(record) }))
}

fn entry(op: &str, vault: &Vault, i: &Inputs) -> ops::Outcome {
    let id = ItemId::new(i.array("item"));
    if op == "entry.open" {
        let opened: Specimen = vault.open_entry(&key(i), &id, &i.bytes("entry")).map_err(class)?;
        return Ok(json!({ "body": hex(opened.encode().unwrap()) }));
    }
    let (body, mut random) = (Specimen::decode(&i.bytes("body")).map_err(class)?, i.random());
    let entry = vault.seal_entry(&key(i), &id, &body, &mut random).map_err(class)?;
    random.finish();
    Ok(json!({ "entry": hex(entry) }))
}

fn event(op: &str, vault: &Vault, i: &Inputs) -> ops::Outcome {
    if op == "event.open" {
        let opened: Specimen = vault.open_event(&i.bytes("event")).map_err(class)?;
        return Ok(json!({ "body": hex(opened.encode().unwrap()) }));
    }
    let (body, mut random) = (Specimen::decode(&i.bytes("body")).map_err(class)?, i.random());
    let event = vault.seal_event(&body, &mut random).map_err(class)?;
    random.finish();
    Ok(json!({ "event": hex(event) }))
}

/// What a step puts into an empty store.
fn puts(
    vault: &Vault,
    wants: &[Key],
    body: impl FnOnce(&mut Transaction<'_>) -> Result<(), Interrupt>,
) -> Vec<Put> {
    let mut loaded = Loaded::new();
    for key in wants {
        loaded.insert_record(*key, None);
    }
    assert!(wants.iter().all(|key| loaded.answers(&Want::Record(*key))));
    let seed = Seed::from_bytes(*b"thirty-two bytes of randomness..").unwrap();
    let body = |transaction: &mut Transaction<'_>| {
        body(transaction).map_err(Stop::<StorageError>::from)?;
        Ok(Vec::<()>::new())
    };
    let Ok(Step::Ready(effects)) = step(vault, &loaded, seed, body) else { panic!("it has all it wants") };
    let puts = RefCell::default();
    let committed: Result<_, ()> = effects.commit(|write| {
        *puts.borrow_mut() = write.put.to_vec();
        Ok(Outcome::Committed)
    });
    drop(committed.unwrap());
    puts.into_inner()
}

/// The one row of a table, and its body.
fn row<T: Record>(vault: &Vault, puts: &[Put]) -> (String, String) {
    let put = puts.iter().find(|put| put.key.table() == T::TABLE).expect("a row");
    let opened: T = vault.open_record(&put.key, &put.body).unwrap();
    (hex(put.key.name()), hex(opened.encode().unwrap()))
}

fn timer(vault: &Vault, i: &Inputs) -> Value {
    let [due, set] = ["due", "set"].map(|name| Timestamp::from_millis(i.number64(name)));
    let timer = Timer { owner: i.bytes("owner"), due, set };
    let puts = puts(vault, &[], |transaction| Ok(timer.start(None, transaction)?));
    let ((due_name, body), (set_name, same)) = (row::<Timer>(vault, &puts), row::<SetTimer>(vault, &puts));
    assert_eq!(body, same);
    json!({ "due_name": due_name, "set_name": set_name, "body": body })
}

fn job(vault: &Vault, i: &Inputs) -> Value {
    let (id, now) = (JobId(i.array("id")), Timestamp::from_millis(i.number64("now")));
    let job = Job::new(u32::try_from(i.number("kind")).unwrap(), i.bytes("state"), i.number64("total"));
    let puts = puts(vault, &[id.key(vault)], |transaction| id.start(transaction, job, now).map(drop));
    let ((name, body), (due_name, timer)) = (row::<Job>(vault, &puts), row::<Timer>(vault, &puts));
    json!({ "name": name, "body": body, "due_name": due_name, "timer": timer })
}
