//! Targets of contents: their messages, whole ones from anybody, consent in any order, attachments in any pieces.

use sottovoce::content::stream::{OpenStream, SealStream};
use sottovoce::content::{
    Act, AttachmentInfo, Body, Class, Consent, ConsentState, ContactConsent, ContactSync, Content, ContentId,
    Conversation, Delete, Edit, Heard, Kind, Known, Mention, Own, Preview, Profile, Rank, Reaction,
    ReadMarker, Receipt, ReceiptBatch, ReceiptState, Resolution, Sender, Text, Timer, TokenGrant, Typing,
    Version, padded, receive,
};
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use super::{rng, wire};

pub(super) fn wire_content(data: &[u8]) {
    wire::<Content>(data);
    wire::<Text>(data);
    wire::<Mention>(data);
    wire::<AttachmentInfo>(data);
    wire::<Preview>(data);
    wire::<Edit>(data);
    wire::<Delete>(data);
    wire::<Reaction>(data);
    wire::<Receipt>(data);
    wire::<Timer>(data);
    wire::<Profile>(data);
    wire::<TokenGrant>(data);
    wire::<Consent>(data);
    wire::<Typing>(data);
    wire::<ReadMarker>(data);
    wire::<ContactSync>(data);
    wire::<ContactConsent>(data);
    wire::<ReceiptBatch>(data);
}

fn version(millis: u64) -> Version {
    Version { sent_at: Timestamp::from_millis(millis), id: ContentId::from_bytes([1; 16]) }
}

fn accepted() -> ContactConsent {
    let (mut contact, mut rng) = (ContactConsent::new(), rng(1));
    let home = "example.org".parse().expect("a domain");
    let now = Timestamp::from_millis(1);
    contact.act(Act::Request, &home, now, &mut rng).expect("a stranger is asked");
    let token = sottovoce::content::DeliveryToken::generate(&mut rng).expect("random");
    contact.hear(Heard::Token(&TokenGrant { token, domain: home }), version(1));
    assert_eq!(contact.state(), ConsentState::Accepted);
    contact
}

/// A whole content from a contact, a stranger, an own device, and one that is not listed.
pub(super) fn content_receive(data: &[u8]) {
    let with = Content::decode(data).map_or(AccountId::from_bytes([2; 32]), |content| {
        let Conversation::Direct { with } = content.conversation();
        with
    });
    let device = DeviceId::from_bytes([4; 16]);
    let own = Own { account: with, devices: [device].into() };
    let contact = accepted();
    let stranger = AccountId::from_bytes([0x11; 32]);
    for account in [stranger, with] {
        let sender = Sender { account, device, is_proven: true };
        let unproven = receive(data, Sender { is_proven: false, ..sender }, &own, |_| Some(&contact));
        assert!(unproven.is_err() || unproven.is_ok_and(|received| received.kind().class() == Class::Stored));
        let Ok(received) = receive(data, sender, &own, |_| Some(&contact)) else { continue };
        let arrived = received.sent_at();
        assert_eq!(received.version(arrived), Version { sent_at: arrived, id: received.id() });
        let again = Content::decode(data).expect("it was received");
        assert_eq!(again.encode().expect("it was decoded"), data);
        assert_eq!(again.id(account).expect("it was decoded"), received.id());
        assert_eq!(received.is_copy(), account == with);
        let is_known = !matches!(received.body(), Body::Unsupported { .. });
        let is_shown = is_known && received.kind().class() == Class::Stored;
        assert_eq!(received.receivable(&contact, arrived).is_some(), is_shown && account != with);
        assert!(received.receivable(&ContactConsent::new(), arrived).is_none());
        let other = Known {
            by: AccountId::from_bytes([0x22; 32]),
            conversation: received.conversation(),
            kind: Kind::TEXT,
        };
        if matches!(received.body(), Body::Edit(_) | Body::Delete(_)) {
            assert_eq!(received.resolve(Some(&other)), Resolution::Refused);
        }
        if received.kind() != Kind::CONSENT && account != with {
            assert!(receive(data, sender, &own, |_| None).is_err(), "a stranger only asks");
        }
        let unlisted = Sender { account: with, device: DeviceId::from_bytes([5; 16]), is_proven: true };
        assert!(receive(data, unlisted, &own, |_| None).is_err());
    }
}

/// Any acts and anything heard, in any order: what is kept can be read again, and nothing that is heard sends anything.
pub(super) fn contact_steps(data: &[u8]) {
    let (mut contact, mut rng) = (ContactConsent::new(), rng(2));
    let home = "example.org".parse().expect("a domain");
    let acts = [Act::Request, Act::Accept, Act::Decline, Act::Revoke, Act::Rotate, Act::Block, Act::Unblock];
    let token = |rng: &mut _| sottovoce::content::DeliveryToken::generate(rng).expect("random");
    for byte in data.iter().take(64) {
        let before = contact.encode().expect("a state that can be kept");
        let state = contact.state();
        let now = Timestamp::from_millis(u64::from(*byte).wrapping_mul(1 << 20));
        let heard = version(u64::from(*byte));
        if let Some(act) = acts.get(usize::from(*byte & 0xf)) {
            if contact.act(*act, &home, now, &mut rng).is_err() {
                assert_eq!(contact.encode().expect("as before"), before);
            }
            assert!(
                state != ConsentState::Blocked || matches!(act, Act::Unblock) || contact.state() == state
            );
        } else {
            let grant = TokenGrant { token: token(&mut rng), domain: home.clone() };
            let said = match *byte & 0xf {
                7 => Consent::Request(grant),
                8 => Consent::Accept(grant),
                9 => Consent::Decline,
                10 => Consent::Revoke,
                11 => {
                    contact.hear(Heard::Token(&grant), heard);
                    continue;
                }
                12 => {
                    // Another device knows nothing of all that, or asks for itself.
                    let mut other = ContactConsent::new();
                    drop(other.act(Act::Request, &home, now, &mut rng));
                    let merged = contact.merge(&other, now);
                    assert!(merged.is_ok() && (state != ConsentState::Blocked || contact.state() == state));
                    continue;
                }
                _ => {
                    contact.owed(&home, now);
                    continue;
                }
            };
            let changed = contact.hear(Heard::Consent(&said), heard);
            assert_eq!(contact.encode().expect("a state") != before, changed);
            assert!(state != ConsentState::Blocked || !changed);
            let accepts = matches!(state, ConsentState::RequestSent | ConsentState::Accepted);
            assert!(contact.state() != ConsentState::Accepted || accepts, "nobody accepts for us");
        }
        ContactConsent::decode(&contact.encode().expect("a state")).expect("it is read again");
    }
}

/// Receipts in any order, by several devices.
pub(super) fn receipt_steps(data: &[u8]) {
    let Ok(mut batch) = ReceiptBatch::decode(data) else { return };
    let rank = Rank::of(DeviceId::from_bytes([1; 16]), &Own { account: batch.with(), devices: [].into() });
    let mut rng = rng(3);
    while let Some(due) = batch.due() {
        let sent = batch.emit(&accepted(), due, rank, &mut rng).expect("random");
        assert!(!sent.is_empty() && sent.len() <= 2);
        for receipt in &sent {
            let state = matches!(receipt.state, ReceiptState::Delivered | ReceiptState::Read);
            assert!(state && receipt.encode().is_ok(), "what is sent is taken");
            batch.cover(receipt);
        }
        ReceiptBatch::decode(&batch.encode().expect("a state")).expect("it is read again");
        if due == Timestamp::from_millis(u64::MAX) {
            break;
        }
    }
}

/// An attachment in pieces of any size, sealed and opened, and opened once more with a bit changed.
pub(super) fn attachment_streams(data: &[u8]) {
    let (cut, file) = data.split_first().map_or((7, data), |(cut, rest)| (usize::from(*cut) + 1, rest));
    let size = u64::try_from(file.len()).expect("it fits");
    let mut sealing = SealStream::new(size, &mut rng(4)).expect("random");
    let mut sealed = Vec::new();
    file.chunks(cut).for_each(|piece| sealing.push(piece, &mut sealed).expect("within the file"));
    assert!(sealing.push(b"more", &mut sealed).is_err());
    while sealing.pad(&mut sealed).expect("after the file") {}
    let pointer = sealing.finish().expect("all of it");
    assert_eq!(pointer.size(), padded(size));
    let mut opening = OpenStream::new(&pointer, size).expect("its size");
    let mut opened = Vec::new();
    sealed.chunks(cut + 2).for_each(|piece| opening.push(piece, &mut opened).expect("as it was sealed"));
    opening.finish().expect("all of it");
    assert_eq!(opened, file);
    let at = file.iter().fold(cut, |sum, byte| (sum * 3 + usize::from(*byte)) & 0xffff) % sealed.len();
    if let Some(byte) = sealed.get_mut(at) {
        *byte ^= 1;
    }
    let mut opening = OpenStream::new(&pointer, size).expect("its size");
    let whole = opening.push(&sealed, &mut Vec::new()).and_then(|()| opening.finish());
    assert!(whole.is_err(), "every bit counts");
}
