//! One message for many devices. `docs/PROTOCOL.md` §9.7.

use sottovoce::session::fan_out::{AT_ONCE, Sealing};
use sottovoce::session::{SessionError, SharedBody};
use sottovoce::wire::Wire as _;

use crate::phones::{Input, Mail, Output, Person, Phone, text};

/// An office of people with so many devices each, and somebody who has a session with all of them.
pub fn office(people: u64, devices: u64) -> (Phone, Vec<Person>, Vec<Phone>) {
    let me = Person::new("me", 1);
    let mut phone = Phone::new(&me, 0, 1);
    let people: Vec<_> = (0..people).map(|number| Person::new(&format!("p{number}"), devices)).collect();
    let (mut phones, mut seeds) = (Vec::new(), 100..);
    for person in &people {
        phone.learn(&person.account);
        for number in 0..person.devices.len() {
            let mut theirs = Phone::new(person, number, seeds.next().unwrap());
            theirs.learn(&me.account);
            let mail = phone.begin(&mut theirs, b"hello").unwrap();
            theirs.hears(&mail);
            let mail = theirs.nod(phone.name).unwrap();
            phone.hears(&mail);
            phones.push(theirs);
        }
    }
    (phone, people, phones)
}

#[test]
fn every_device_gets_a_small_message_and_one_blob() {
    let (mut phone, people, mut phones) = office(6, 16);
    let names: Vec<_> = phones.iter().map(|phone| phone.name).collect();
    let (steps, blob) = phone.fan_out(b"to all of you", &names);
    assert_eq!(steps.len(), 2, "96 devices, at most {AT_ONCE} at once");
    assert_eq!(steps.last().unwrap().accounts, (6, 6));
    let sealed: Vec<_> = steps.into_iter().flat_map(|step| step.devices).collect();
    assert_eq!(sealed.len(), people.len() * 16);
    for sealing in sealed {
        let Sealing::Sealed(frame) = sealing else { panic!("{sealing:?}") };
        let theirs = phones.iter_mut().find(|phone| phone.name == (frame.account, frame.device)).unwrap();
        assert!(frame.frame.len() < 500);
        let mail = Mail { from: phone.name, to: theirs.name, frame: frame.frame, blob: Some(blob.clone()) };
        assert_eq!(text(&theirs.hears(&mail)), b"to all of you");
    }
}

#[test]
fn devices_without_a_session_are_claims_and_a_refused_account_stops_no_other() {
    let (mut phone, mut people, mut phones) = office(3, 2);
    // One has a new device, one has a device less, one is not known.
    let added =
        sottovoce::identity::device::DeviceSecret::generate(&mut crate::phones::generator(77)).unwrap();
    people[0].add(added);
    let gone = people[1].remove(1).id();
    phone.learn(&people[0].account);
    phone.learn(&people[1].account);
    let stranger = Person::new("stranger", 1);
    let mut names: Vec<_> = phones.iter().map(|phone| phone.name).collect();
    names.push(stranger.name(0));
    let (steps, blob) = phone.fan_out(b"news", &names);
    let devices: Vec<_> = steps.into_iter().flat_map(|step| step.devices).collect();
    let claims: Vec<_> = devices.iter().filter(|one| matches!(one, Sealing::Claim(..))).collect();
    assert_eq!(claims, [&Sealing::Claim(people[0].account.id(), people[0].devices[2].id())]);
    let refused = Sealing::Refused(stranger.account.id(), SessionError::NoIntroduction);
    assert!(devices.contains(&refused), "{devices:?}");
    let sealed: Vec<_> = devices
        .iter()
        .filter_map(|one| if let Sealing::Sealed(frame) = one { Some(frame) } else { None })
        .collect();
    assert_eq!(sealed.len(), 5);
    assert!(sealed.iter().all(|frame| frame.device != gone));
    assert!(SharedBody::decode(&blob).is_err(), "sealed");
    let last = sealed.last().unwrap();
    let theirs = phones.iter_mut().find(|phone| phone.name == (last.account, last.device)).unwrap();
    let mail = Mail { from: phone.name, to: theirs.name, frame: last.frame.clone(), blob: Some(blob) };
    assert_eq!(text(&theirs.hears(&mail)), b"news");
}

#[test]
fn an_account_that_is_named_twice_gets_a_message_once() {
    let (mut phone, _, phones) = office(2, 2);
    let mut names: Vec<_> = phones.iter().map(|phone| phone.name).collect();
    names.extend_from_within(..2);
    let (steps, _) = phone.fan_out(b"once", &names);
    assert_eq!(steps.last().unwrap().accounts, (2, 2));
    let sealed = steps.iter().flat_map(|step| &step.devices);
    assert_eq!(sealed.filter(|one| matches!(one, Sealing::Sealed(_))).count(), 4);
}

#[test]
fn sessions_are_begun_with_all_devices_of_an_account_in_one_step_and_one_that_cannot_be_stops_no_other() {
    let (me, person) = (Person::new("me", 1), Person::new("p", 4));
    let mut phone = Phone::new(&me, 0, 1);
    phone.learn(&person.account);
    let mut phones: Vec<_> =
        (0..4).zip(100..).map(|(number, seed)| Phone::new(&person, number, seed)).collect();
    let names: Vec<_> = phones.iter().map(|phone| phone.name).collect();
    let mut offers: Vec<_> = phones.iter_mut().map(Phone::offer).collect();
    offers[1].answer = offers[2].answer.clone();
    let (blob, pointer) = phone.share(b"hello", &names);
    let input = Input::BeginAll(person.account.id(), (pointer, [7; 16]), offers);
    let Output::Frames(begun) = phone.run(input).unwrap() else { panic!("no frames") };
    assert!(begun[1].is_err());
    assert!(phone.look(names[1]).is_none(), "nothing is kept");
    for (number, frame) in begun.into_iter().enumerate().filter(|(number, _)| *number != 1) {
        let frame = frame.unwrap();
        assert_eq!((frame.account, frame.device), names[number]);
        let mail = Mail { from: phone.name, to: names[number], frame: frame.frame, blob: Some(blob.clone()) };
        assert_eq!(text(&phones[number].hears(&mail)), b"hello");
        let mail = phones[number].nod(phone.name).unwrap();
        phone.hears(&mail);
    }
}
