//! Two devices that have never met: `cargo run --release --example conversation`.
//!
//! Alice writes to Bob while he is offline. Bob answers, messages overtake each other, one comes twice, and the session heals. Frames are
//! what a server would carry; everything else is what the two devices store.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]
#![allow(clippy::disallowed_types, reason = "an application draws randomness from the operating system")]

use std::collections::BTreeMap;
use std::error::Error;

use rand::rngs::SysRng;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::handshake::{Awaiting, Initial, Own, OwnBundle, OwnManifest, Recipient, Sender, initiate};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::chain::Author;
use sottovoce::identity::device::DeviceSecret;
use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, ClaimRequest, PrekeysSeen};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::pairwise::Frame;
use sottovoce::ratchet::{BlockChange, BlockId, Given, Ratchet, SkippedBlock, open_first};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

type Outcome<T> = Result<T, Box<dyn Error>>;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// Fresh randomness from the operating system, once for each call.
fn fresh() -> Outcome<Generator> {
    Ok(Seed::draw(&mut SysRng)?.into_generator())
}

fn person() -> Outcome<(Verified<Account>, DeviceSecret)> {
    let (paper, device) = (RecoveryKey::generate(&mut fresh()?)?, DeviceSecret::generate(&mut fresh()?)?);
    let author = Author { key: paper.signing(), issued_at: NOW, refresh_after: NOW };
    Ok((Verified::<Account>::found(&author, &device)?, device))
}

/// A device's end of the session, and the kept keys beside it. A store would hold both, sealed, and write them together.
struct End {
    ratchet: Ratchet,
    blocks: BTreeMap<BlockId, Vec<u8>>,
    /// The initiator's, until it has heard the other side.
    awaiting: Option<(Awaiting, DeviceSecret)>,
}

impl End {
    fn new(ratchet: Ratchet, awaiting: Option<(Awaiting, DeviceSecret)>) -> Self {
        Self { ratchet, blocks: BTreeMap::new(), awaiting }
    }

    fn seal(&mut self, text: &str) -> Outcome<Vec<u8>> {
        let message = self.ratchet.seal(text.as_bytes(), None, NOW, &mut fresh()?)?.message;
        let initial = self.awaiting.as_ref().map(|(awaiting, _)| awaiting.initial().to_vec());
        Ok(Frame { initial, message }.encode()?)
    }

    fn open(&mut self, frame: &[u8]) -> Outcome<String> {
        let message = Frame::decode(frame)?.message;
        let examined = self.ratchet.examine(&message)?;
        let wants = examined.wants();
        let kept = wants.block.and_then(|id| self.blocks.get(&id));
        let block = kept.map(|bytes| SkippedBlock::decode(bytes)).transpose()?;
        let answer = wants.answer.as_ref().zip(self.awaiting.as_ref());
        let answer = answer.map(|(ct3, (awaiting, device))| awaiting.k3(device, ct3));
        let opened = self.ratchet.open(examined, Given { block, answer }, NOW)?;
        for change in opened.blocks {
            match change {
                BlockChange::Put(block) => self.blocks.insert(block.id(), block.encode()?),
                BlockChange::Delete(id) => self.blocks.remove(&id),
            };
        }
        self.awaiting = None;
        let missing: u32 = opened.gaps.iter().map(|gap| gap.count).sum();
        let late = if opened.is_late { ", late" } else { "" };
        Ok(format!("{:?}, {missing} not seen yet{late}", String::from_utf8(opened.content)?))
    }
}

/// Alice's first message, and Bob's end of the session that it begins with his answer.
fn meet() -> Outcome<(End, End)> {
    let ((alice, alices), (bob, bobs)) = (person()?, person()?);
    let address: Address = "bob@example.org".parse()?;
    let (bundle, secret) = Bundle::generate(&bobs, &bob, 1, Validity::starting(NOW, LONGEST), &mut fresh()?)?;
    let bundle = bundle.sign(bobs.signing())?;
    let kept = OwnBundle::new(&bundle, secret)?;

    let request = ClaimRequest::new(bob.id(), bobs.id(), &mut fresh()?)?;
    let claimed = ClaimAnswer { request: request.request, bundle, one_time: None };
    let prekeys = claimed.verify(&request, &bob, &PrekeysSeen::default(), NOW)?;
    let recipient = Recipient::new(&bob, prekeys, &address, None)?;
    let begun = initiate(&Sender::new(&alice, &alices)?, recipient, Seed::draw(&mut SysRng)?)?;
    let mut at_alice = End::new(Ratchet::begin(begun.session, NOW, &mut fresh()?)?, None);
    at_alice.awaiting = Some((begun.awaiting, alices));
    let frame = at_alice.seal("hello")?;
    println!("Alice writes to Bob, who is offline: {} bytes", frame.len());

    let Frame { initial, message } = Frame::decode(&frame)?;
    let (addresses, manifests) = ([address], [OwnManifest::new(&bob, bobs.id())?]);
    let own = Own { account: bob.id(), device: &bobs, addresses: &addresses, manifests: &manifests };
    let initial = Initial::decode(&initial.ok_or("an Initial")?)?;
    let tentative = initial.screen(&own, None)?.open(Some(&kept), None, NOW)?;
    let (opened, text) = tentative.first_message(|first| open_first(first, &message))?;
    let accepted = opened.accept(&alice, None)?;
    println!("Bob opens {:?}", String::from_utf8(text)?);
    let (mut ratchet, _) = Ratchet::respond(accepted.session, &message, NOW)?;
    let answer = accepted.answering.answer(&alice, &mut fresh()?)?;
    let message = ratchet.seal(b"good to hear", Some(answer), NOW, &mut fresh()?)?.message;
    let frame = Frame { initial: None, message }.encode()?;
    println!("Bob answers: {} bytes; Alice opens {}", frame.len(), at_alice.open(&frame)?);
    println!("Alice knows Bob: {:?}", at_alice.ratchet.standing().authentication());
    Ok((at_alice, End::new(ratchet, None)))
}

/// What a thief of a state makes of a message, if nothing came between.
fn follow(stolen: &[u8], frame: &[u8]) -> Outcome<String> {
    let mut thief = End::new(Ratchet::decode(stolen)?, None);
    Ok(thief.open(frame).unwrap_or_else(|refused| refused.to_string()))
}

fn main() -> Outcome<()> {
    let (mut alice, mut bob) = meet()?;
    let frames = ["one", "two", "three"].map(|text| alice.seal(text));
    let [one, two, three] = frames;
    let (one, two, three) = (one?, two?, three?);
    println!("Alice writes three more, {} bytes each; they overtake each other:", one.len());
    println!("  Bob opens {}", bob.open(&three)?);
    println!("  Bob opens {}", bob.open(&one)?);
    println!("  Bob knows Alice: {:?}", bob.ratchet.standing().authentication());
    println!("  the same again: {}", bob.open(&one).err().ok_or("it opened twice")?);
    let mut forged = two.clone();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    println!("  the other one with a bit changed: {}", bob.open(&forged).err().ok_or("it opened")?);
    println!("  Bob opens {}", bob.open(&two)?);

    let stolen = alice.ratchet.encode()?;
    println!("Alice's state is stolen, and they go on:");
    for _ in 0..3 {
        let frame = bob.seal("and you?")?;
        println!("  Alice opens {}; the thief: {}", alice.open(&frame)?, follow(&stolen, &frame)?);
        let frame = alice.seal("well, thank you")?;
        println!("  Bob opens {}; the thief: {}", bob.open(&frame)?, follow(&stolen, &frame)?);
    }
    println!(
        "a session at rest: {} bytes at Alice, {} at Bob",
        alice.ratchet.encode()?.len(),
        bob.ratchet.encode()?.len()
    );
    Ok(())
}
