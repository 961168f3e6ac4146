//! Layer 6: what people and their devices say to each other. `docs/PROTOCOL.md` §10.
//!
//! - [`Content`] and [`Body`]: what is sent. [`receive`] makes a [`Received`] of bytes and of the sender that the session names.
//! - [`ContactConsent`]: whether two accounts want to hear of each other, and what of each other reaches them.
//! - [`Version`]: which of several things counts that replace each other.
//! - [`ReceiptBatch`]: when a contact hears that something was delivered or read.
//! - [`Received::resolve`]: what may be edited, withdrawn, reacted to. [`stream`]: attachments in pieces of any size.
//!
//! All of it is pure. Nothing here sends, fetches or opens anything because of what was received (attacks P-02, B-09): what goes out are
//! the values of [`Acted`], which come from what the account itself does, and the receipts of [`ReceiptBatch::emit`], which come from
//! contents of accepted contacts.
//!
//! ```
//! use sottovoce::content::{Body, ContactConsent, Content, Conversation, Own, Sender, Text, receive};
//! # use sottovoce::content::{Act, ContentError, ContentId, Heard, Version};
//! use sottovoce::identity::ids::{AccountId, DeviceId};
//! use sottovoce::wire::Wire as _;
//! # use sottovoce::{crypto::random::Seed, time::Timestamp};
//!
//! # fn main() -> Result<(), ContentError> {
//! # let mut rng = Seed::from_bytes(*b"thirty-two bytes of randomness..")?.into_generator();
//! # let now = Timestamp::from_millis(1_795_000_000_000);
//! # let (alice, bob) = (AccountId::from_bytes([1; 32]), AccountId::from_bytes([2; 32]));
//! # let home = "example.org".parse().expect("a domain");
//! # let (mut at_alice, mut at_bob) = (ContactConsent::new(), ContactConsent::new());
//! # let Some(Body::Consent(request)) = at_alice.act(Act::Request, &home, now, &mut rng)?.send else { panic!() };
//! # let version = Version { sent_at: now, id: ContentId::from_bytes([9; 16]) };
//! # at_bob.hear(Heard::Consent(&request), version);
//! # let Some(Body::Consent(accept)) = at_bob.act(Act::Accept, &home, now, &mut rng)?.send else { panic!() };
//! # at_alice.hear(Heard::Consent(&accept), version);
//! // Alice says something to Bob. The bytes go into a session.
//! let text = Body::Text(Text { text: "under the voice".to_owned(), ..Text::default() });
//! let content = Content::new(Conversation::Direct { with: bob }, &text, now, &mut rng)?;
//! let bytes = content.encode()?;
//!
//! // Bob's session says from whom they came.
//! let sender = Sender { account: alice, device: DeviceId::from_bytes([3; 16]), is_proven: true };
//! let own = Own { account: bob, devices: [DeviceId::from_bytes([4; 16])].into() };
//! let received = receive(&bytes, sender, &own, |_| Some(&at_bob))?;
//! assert_eq!(received.id(), content.id(alice)?);
//! assert!(received.receivable(&at_bob, now).is_some());
//! # Ok(())
//! # }
//! ```

pub mod stream;

mod body;
mod consent;
mod contact;
mod contact_merge;
mod contact_record;
#[allow(clippy::module_inception, reason = "named as the object of the protocol")]
mod content;
mod conversation;
mod error;
mod file;
mod kind;
mod padding;
mod reaction;
mod receipt;
mod receipts;
mod receive;
mod reference;
mod state;
mod strict;
mod sync;
mod text;
mod token;
mod version;

pub use body::{Body, Unsupported};
pub use consent::Consent;
pub use contact::{Act, Acted, ConsentState, ContactConsent, Heard};
pub use content::Content;
pub use conversation::{ContentId, Conversation, ConversationId};
pub use error::ContentError;
pub use file::AttachmentInfo;
pub use kind::{Class, Kind};
pub use padding::padded;
pub use reaction::{Delete, Reaction};
pub use receipt::{Receipt, ReceiptState};
pub use receipts::{Rank, ReceiptBatch, Receivable};
pub use receive::{Own, Received, Sender, receive};
pub use reference::{Known, Resolution};
pub use state::{Profile, Timer, Typing};
pub use sync::{ContactSync, ReadMarker};
pub use text::{Edit, Mention, Preview, Text};
pub use token::{DeliveryToken, TokenAction, TokenGrant};
pub use version::Version;
