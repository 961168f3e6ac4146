//! What contents could be abused for: B, P, D-12 and R-22 as far as they are about contents.

mod consent;
mod receipts;
mod received;
mod streams;

use sottovoce::content::{
    Act, AttachmentInfo, Body, Consent, ContactConsent, ContactSync, Content, ContentId, Conversation,
    ConversationId, Delete, DeliveryToken, Edit, Heard, Own, Preview, Profile, Reaction, ReadMarker, Receipt,
    ReceiptState, Sender, Text, Timer, TokenGrant, Typing, Version,
};
use sottovoce::crypto::attachment::AttachmentPointer;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Generator;
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::address::Domain;
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

use crate::support::generator;

pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

pub fn account(first: u8) -> AccountId {
    AccountId::from_bytes([first; 32])
}

pub fn device(first: u8) -> DeviceId {
    DeviceId::from_bytes([first; 16])
}

pub fn home() -> Domain {
    "example.org".parse().unwrap()
}

pub fn grant(first: u8) -> TokenGrant {
    let mut token = [first; 16];
    token[0] = !first;
    TokenGrant { token: DeliveryToken::new(Secret::new(token)), domain: home() }
}

/// Account 2 with devices 20 and 21.
pub fn own() -> Own {
    Own { account: account(2), devices: [device(20), device(21)].into() }
}

/// Device 10 of account 1.
pub const fn peer() -> Sender {
    Sender {
        account: AccountId::from_bytes([1; 32]),
        device: DeviceId::from_bytes([10; 16]),
        is_proven: true,
    }
}

/// The other device of account 2.
pub const fn sibling() -> Sender {
    Sender {
        account: AccountId::from_bytes([2; 32]),
        device: DeviceId::from_bytes([21; 16]),
        is_proven: true,
    }
}

/// Of a content that was sent so many milliseconds later than `NOW`.
pub fn version(later: u64) -> Version {
    Version { sent_at: Timestamp::from_millis(NOW.as_millis() + later), id: target() }
}

pub fn accepted() -> ContactConsent {
    let mut contact = ContactConsent::new();
    contact.act(Act::Request, &home(), NOW, &mut generator(1)).unwrap();
    assert!(contact.hear(Heard::Token(&grant(3)), version(1)));
    contact
}

pub fn picture() -> AttachmentInfo {
    AttachmentInfo {
        blob: [7; 32],
        pointer: AttachmentPointer::new(Secret::new([8; 32]), Hash::of(b""), 71_680).unwrap(),
        size: 70_000,
        media_type: "image/webp".to_owned(),
        name: "a.webp".to_owned(),
        caption: Some("a caption".to_owned()),
    }
}

pub fn text(said: &str) -> Text {
    let url = "https://example.org/".to_owned();
    let preview = Preview { url: url.clone(), title: "Title".to_owned(), image: Some(picture()) };
    Text {
        text: format!("{said} {url}"),
        attachments: vec![picture()],
        preview: Some(preview),
        ..Text::default()
    }
}

/// One body of each kind, all about this target.
pub fn bodies(target: ContentId) -> Vec<Body> {
    vec![
        Body::Text(Text { reply_to: Some(target), ..text("said") }),
        Body::Edit(Edit { target, text: text("edited") }),
        Body::Delete(Delete { target }),
        Body::Reaction(Reaction { target, emoji: Some("👍".to_owned()) }),
        Body::Receipt(Receipt { state: ReceiptState::Read, ids: [target].into() }),
        Body::Timer(Timer { lifetime: Some(60) }),
        Body::Profile(Profile { name: "Eve".to_owned(), avatar: Some(picture()) }),
        Body::Token(grant(4)),
        Body::Consent(Consent::Request(grant(5))),
        Body::Consent(Consent::Accept(grant(5))),
        Body::Consent(Consent::Decline),
        Body::Consent(Consent::Revoke),
        Body::Typing(Typing::Started),
        Body::ReadMarker(ReadMarker {
            conversation: ConversationId::direct(account(1), account(2)),
            id: target,
        }),
        Body::Contact(ContactSync { account: account(1), contact: accepted() }),
    ]
}

pub fn content(body: &Body, with: AccountId, rng: &mut Generator) -> Vec<u8> {
    Content::new(Conversation::Direct { with }, body, NOW, rng).unwrap().encode().unwrap()
}

pub fn target() -> ContentId {
    ContentId::from_bytes([6; 16])
}
