//! One message for many devices, from rest to rest.
//!
//! Ours is everything from the store to the store: whether somebody needs an introduction, the shared body, the job with all of its steps. Olm's side is a
//! list of encrypted pickles, each of which is decrypted, used once and encrypted again; it has no store, no job and no log of what was sent.

mod begin;
mod floor;

use sottovoce::session::fan_out::{Progress, Sealing};
use sottovoce::storage::Snapshot;
use sottovoce_heap::measure;
use vodozemac::olm::{Session, SessionPickle};

use crate::olm::{self, Olm};
use crate::phones::{Input, Name, Offer, Output, Person, Phone, reference};
use crate::table::{Row, Table, Target, time};
use crate::{SEED, TEXT};

/// People with sixteen devices each.
const PEOPLE: u64 = 125;
/// With `--quick`.
const QUICK: u64 = 4;

/// Somebody, all others, and the time before there were sessions.
struct Office {
    phone: Phone,
    names: Vec<Name>,
    strangers: Snapshot,
    offers: Vec<Offer>,
}

/// What a job came to.
#[derive(Default)]
struct Seen {
    steps: usize,
    /// Bytes of messages.
    frames: usize,
    blob: usize,
    /// The most heap that a step took.
    heap: usize,
}

pub fn run(table: &mut Table) {
    let (name, beginning) = ("fan-out, from stores to stores", "fan-out, sessions begun");
    if !table.wants(name) && !table.wants(beginning) {
        return;
    }
    let mut office = office(if table.is_quick() { QUICK } else { PEOPLE });
    let count = size(office.names.len());
    if table.wants(name) {
        let olm = Olm::new();
        let mut pickles = vec![olm.alice.pickle().encrypt(&SEED); office.names.len()];
        let row = Row { name, beside: "vodozemac", count: 1, target: Target::None };
        table.times(
            &row,
            |_| time(vec![()], |()| office.phone.fan_out(TEXT, &office.names)),
            |_| {
                time(vec![()], |()| {
                    for kept in &mut pickles {
                        let pickle = SessionPickle::from_encrypted(kept, &SEED).unwrap();
                        let mut session = Session::from_pickle(pickle);
                        let _sealed = olm::seal(&mut session);
                        *kept = session.pickle().encrypt(&SEED);
                    }
                })
            },
        );
        table.size("… devices (a count)", count, 0);
        print(table, &watched(&mut office.phone, &office.names));
        floor::run(table, &mut office.phone, &office.names);
    }
    if table.wants(beginning) {
        begin::run(table, beginning, office);
    }
}

fn print(table: &mut Table, seen: &Seen) {
    table.size("… steps of the job (a count)", size(seen.steps), 0);
    table.size("… messages", size(seen.frames), 0);
    table.size("… blob", size(seen.blob), 0);
    table.size("… heap of one step at its highest", size(seen.heap), 0);
}

/// One more, with an eye on the heap. What the store keeps of it counts as long as the step lasts.
fn watched(phone: &mut Phone, names: &[Name]) -> Seen {
    let (blob, pointer) = phone.share(TEXT, names);
    let mut seen = Seen { blob: blob.len(), ..Seen::default() };
    let id = begin::job();
    phone.run(Input::FanOut(id, pointer, reference(TEXT), begin::accounts(names))).unwrap();
    while step(phone, &mut seen, |sealing| match sealing {
        Sealing::Sealed(frame) => frame.frame.len(),
        other => panic!("{other:?}"),
    }) {}
    seen
}

/// A step of the job, whose results are handed over one by one. Whether there is another.
fn step(phone: &mut Phone, seen: &mut Seen, bytes: impl FnMut(Sealing) -> usize) -> bool {
    let (output, heap) = measure(|| phone.run(Input::Wake).unwrap());
    phone.now = phone.now.plus(sottovoce::time::Span::from_millis(1));
    let Output::Progress(Progress { devices, is_done, .. }) = output else { return true };
    seen.steps += 1;
    seen.heap = seen.heap.max(heap.peak);
    seen.frames += devices.into_iter().map(bytes).sum::<usize>();
    !is_done
}

fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap()
}

/// Somebody who has a session with all devices of so many people, in which each side has heard the other.
fn office(people: u64) -> Office {
    let me = Person::new("me", 1);
    let mut phone = Phone::new(&me, 0, 1);
    let (mut others, mut offers) = (Vec::new(), Vec::new());
    for number in 0..people {
        let person = Person::new(&format!("p{number}"), 16);
        phone.learn(&person.account);
        for device in 0..person.devices.len() {
            let mut theirs = Phone::new(&person, device, 100 + others.len() as u64);
            theirs.learn(&me.account);
            offers.push(theirs.offer());
            others.push(theirs);
        }
    }
    let strangers = phone.store.snapshot();
    let mut names = Vec::new();
    for mut theirs in others {
        let mail = phone.begin(&mut theirs, b"hello").unwrap();
        theirs.hears(&mail);
        let mail = theirs.nod(phone.name).unwrap();
        phone.hears(&mail);
        names.push(theirs.name);
    }
    // The next chain of each session begins, so that what is measured is one message after another.
    let _first = phone.fan_out(TEXT, &names);
    Office { phone, names, strangers, offers }
}
