//! One message for many devices with which there are sessions, from rest to rest.

use sottovoce::session::fan_out::Sealing;
use vodozemac::olm::{Session, SessionPickle};

use crate::olm::{self, Olm};
use crate::phones::{Person, Phone};
use crate::table::{Row, Table, Target, time};
use crate::{SEED, TEXT};

/// People with sixteen devices each.
const PEOPLE: u64 = 125;
/// With `--quick`.
const QUICK: u64 = 4;

pub fn run(table: &mut Table) {
    let name = "fan-out, from stores to stores";
    if !table.wants(name) {
        return;
    }
    let people = if table.is_quick() { QUICK } else { PEOPLE };
    let (mut phone, names) = office(people);
    let count = u32::try_from(names.len()).unwrap();
    let olm = Olm::new();
    let mut pickles = vec![olm.alice.pickle().encrypt(&SEED); names.len()];
    let row = Row { name, beside: "vodozemac", count: 1, target: Target::None };
    let mut seen = (0, 0, 0);
    table.times(
        &row,
        |_| {
            time(vec![()], |()| {
                let (steps, blob) = phone.fan_out(TEXT, &names);
                let frames = steps.iter().flat_map(|step| &step.devices).map(bytes).sum::<usize>();
                seen = (steps.len(), frames, blob.len());
            })
        },
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
    let size = |bytes: usize| u32::try_from(bytes).unwrap();
    table.size("… devices (a count)", count, 0);
    table.size("… steps (a count)", size(seen.0), 0);
    table.size("… messages", size(seen.1), 0);
    table.size("… blob", size(seen.2), 0);
}

fn bytes(sealing: &Sealing) -> usize {
    match sealing {
        Sealing::Sealed(frame) => frame.frame.len(),
        other => panic!("{other:?}"),
    }
}

/// Somebody who has a session with all devices of so many people, in which each side has heard the other.
fn office(people: u64) -> (Phone, Vec<crate::phones::Name>) {
    let me = Person::new("me", 1);
    let mut phone = Phone::new(&me, 0, 1);
    let mut names = Vec::new();
    for number in 0..people {
        let person = Person::new(&format!("p{number}"), 16);
        phone.learn(&person.account);
        for device in 0..person.devices.len() {
            let mut theirs = Phone::new(&person, device, 100 + names.len() as u64);
            theirs.learn(&me.account);
            let mail = phone.begin(&mut theirs, b"hello").unwrap();
            theirs.hears(&mail);
            let mail = theirs.nod(phone.name).unwrap();
            phone.hears(&mail);
            names.push(theirs.name);
        }
    }
    // The next chain of each session begins, so that what is measured is one message after another.
    let _first = phone.fan_out(TEXT, &names);
    (phone, names)
}
