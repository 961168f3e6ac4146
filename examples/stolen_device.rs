//! A phone is stolen, and its owner takes the account back: `cargo run --example stolen_device`.
//!
//! The thief has the phone's keys, adds a device of their own and removes the owner's laptop. The owner has the recovery phrase. Each
//! line says what a contact who receives the manifests makes of them.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]
#![allow(clippy::disallowed_types, reason = "an application draws randomness from the operating system")]

use std::error::Error;

use rand::rngs::SysRng;
use sottovoce::crypto::hybrid;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::chain::{Author, Followed, Manifest, News, Subject as _};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

const MANAGE: Capabilities = Capabilities::MANAGE;

/// Fresh randomness from the operating system, once for each call.
fn fresh() -> Result<Generator, Box<dyn Error>> {
    Ok(Seed::draw(&mut SysRng)?.into_generator())
}

/// Who signs, at noon of a given day of 2026. Clocks decide nothing here; they are shown to people.
fn on_day(day: u64, key: &hybrid::SecretKey) -> Author<'_> {
    let issued_at = Timestamp::from_millis(1_767_225_600_000).plus(Span::from_days(day));
    Author { key, issued_at, refresh_after: issued_at.plus(Span::from_days(7)) }
}

/// A manifest travels as bytes and is verified by whoever receives it.
fn send(account: &Verified<Account>) -> Result<Verified<Account>, Box<dyn Error>> {
    let bytes = account.manifest().encode()?;
    Ok(Manifest::decode(&bytes)?.verify()?)
}

fn report(
    what: &str,
    contact: &mut Followed<Account>,
    manifest: &Verified<Account>,
) -> Result<(), Box<dyn Error>> {
    let outcome = match contact.learn(send(manifest)?) {
        Ok(News::Newer) => "accepted".to_owned(),
        Ok(News::Known) => "known".to_owned(),
        Ok(News::Forked) => "forked: nothing is sent, and there is evidence".to_owned(),
        Err(refusal) => format!("refused: {refusal}"),
    };
    let order = manifest.order();
    let devices = contact.current().map_or(0, |account| account.devices().len());
    println!(
        "{what:<46} term {} version {}  {outcome:<48} devices now: {devices}",
        order.term, order.version
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    // The owner founds an account. The recovery phrase goes on paper.
    let paper = RecoveryKey::generate(&mut fresh()?)?.phrase();
    let [phone, laptop] = [DeviceSecret::generate(&mut fresh()?)?, DeviceSecret::generate(&mut fresh()?)?];
    let recovery: RecoveryKey = paper.as_str().parse()?;
    let founded = Verified::<Account>::found(&on_day(0, recovery.signing()), &phone)?;
    drop(recovery);
    let id = founded.id();
    let mut contact = Followed::new(send(&founded)?);

    let mut draft = Draft::after(&founded);
    draft.add(laptop.possess(id), MANAGE)?;
    let two = draft.sign(&on_day(1, phone.signing()))?;
    report("the owner adds a laptop", &mut contact, &two)?;

    // The phone is stolen.
    let thief = DeviceSecret::generate(&mut fresh()?)?;
    let mut draft = Draft::after(&two);
    draft.add(thief.possess(id), MANAGE)?;
    draft.remove(laptop.id());
    let invaded = draft.sign(&on_day(2, phone.signing()))?;
    report("the thief adds a device, removes the laptop", &mut contact, &invaded)?;

    // The laptop removes the phone: two branches of one term, signed by authorities of both.
    let mut draft = Draft::after(&two);
    draft.remove(phone.id());
    let branch = draft.sign(&on_day(2, laptop.signing()))?;
    report("the laptop removes the phone", &mut contact, &branch)?;

    // The phrase settles it, on a clock that is years slow.
    let recovery: RecoveryKey = paper.as_str().parse()?;
    let new_phone = DeviceSecret::generate(&mut fresh()?)?;
    let mut draft = Draft::recovering(&two);
    draft.add(new_phone.possess(id), MANAGE)?;
    let recovered =
        draft.sign(&Author { issued_at: Timestamp::from_millis(0), ..on_day(3, recovery.signing()) })?;
    report("the owner recovers with the phrase", &mut contact, &recovered)?;

    // Nothing that the thief signed before or signs later counts any more.
    let goes_on = Draft::after(&invaded).sign(&on_day(400, thief.signing()))?;
    report("the thief goes on", &mut contact, &goes_on)?;
    let on_top = Draft::after(&recovered).sign(&on_day(401, thief.signing()));
    println!(
        "the thief tries on top of the recovery: {}",
        on_top.err().map_or("signed".to_owned(), |error| error.to_string())
    );

    let held = contact.current()?;
    assert_eq!(held.hash(), recovered.hash());
    assert_eq!(held.fingerprint(), founded.fingerprint());
    println!(
        "the account is {:?}, its fingerprint is what it was, and its one device is {:?}",
        held.id(),
        new_phone.id()
    );
    Ok(())
}
