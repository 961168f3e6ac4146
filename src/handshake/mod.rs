//! Layer 4: the handshake, by which one device opens a session with another that may be offline. `docs/PROTOCOL.md` §5.
//!
//! ```text
//! A   Sender, Recipient ──initiate──▶ Initiated { awaiting: bytes to send, session }
//!                                                    │ Awaiting::k3 ◀── ct3 in B's first answer
//!
//! B   Initial ──screen──▶ Screened ──open──▶ Tentative ──first_message──▶ Opened ──accept──▶ Accepted: one write
//!     no key is touched      │      who it says it is,      its message       its manifest       │
//!                       wants prekeys   for looking up      opened            agrees       Answering::answer ──▶ ct3, k3
//! ```
//!
//! ```
//! # use sottovoce::crypto::{aead::OneTimeKey, random::Seed};
//! # use sottovoce::handshake::{Initial, Own, OwnBundle, OwnManifest, Recipient, Sender, initiate};
//! # use sottovoce::identity::{Verified, account::Account, address::Address, chain::Author, device::DeviceSecret, recovery::RecoveryKey};
//! # use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, ClaimRequest, PrekeysSeen};
//! # use sottovoce::identity::validity::{LONGEST, Validity};
//! # use sottovoce::pairwise::Direction;
//! # use sottovoce::time::Timestamp;
//! # use sottovoce::wire::Wire as _;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = Timestamp::from_millis(1_795_000_000_000);
//! # let mut rng = Seed::from_bytes(*b"thirty-two bytes of randomness..")?.into_generator();
//! # let mut person = || -> Result<_, Box<dyn std::error::Error>> {
//! #     let (paper, device) = (RecoveryKey::generate(&mut rng)?, DeviceSecret::generate(&mut rng)?);
//! #     let author = Author { key: paper.signing(), issued_at: now, refresh_after: now };
//! #     Ok((Verified::<Account>::found(&author, &device)?, device))
//! # };
//! # let ((alice, alices), (bob, bobs)) = (person()?, person()?);
//! # let address: Address = "bob@example.org".parse()?;
//! // Bob's device publishes a bundle and keeps its private keys.
//! let (bundle, secret) = Bundle::generate(&bobs, &bob, 1, Validity::starting(now, LONGEST), &mut rng)?;
//! let bundle = bundle.sign(bobs.signing())?;
//! let kept = OwnBundle::new(&bundle, secret)?;
//!
//! // Alice's device claims it, verifies it against Bob's manifest, and begins.
//! let request = ClaimRequest::new(bob.id(), bobs.id(), &mut rng)?;
//! let answer = ClaimAnswer { request: request.request, bundle, one_time: None };
//! let prekeys = answer.verify(&request, &bob, &PrekeysSeen::default(), now)?;
//! let recipient = Recipient::new(&bob, prekeys, &address, None)?;
//! let begun = initiate(&Sender::new(&alice, &alices)?, recipient, Seed::draw(&mut rng)?)?;
//! # let ad = begun.session.associated_data(Direction::FromInitiator);
//! # let (initial, keys) = (begun.awaiting.initial().to_vec(), begun.session.into_keys());
//! # let message = OneTimeKey::new(keys.chain.duplicate()).seal(ad.as_bytes(), b"hello")?;
//!
//! // Bob's device: names first, then keys, then the message, then Alice's manifest. Only then is there something to store.
//! let (addresses, manifests) = ([address.clone()], [OwnManifest::new(&bob, bobs.id())?]);
//! let own = Own { account: bob.id(), device: &bobs, addresses: &addresses, manifests: &manifests };
//! let tentative = Initial::decode(&initial)?.screen(&own, None)?.open(Some(&kept), None, now)?;
//! let (opened, text) = tentative.first_message(|first| {
//!     // The ratchet's part; here one call.
//!     OneTimeKey::new(first.chain.duplicate()).open(first.associated_data.as_bytes(), &message)
//! })?;
//! let accepted = opened.accept(&alice, None)?;
//! assert_eq!((text.as_slice(), accepted.consumed), (b"hello".as_slice(), None));
//!
//! // Bob's first answer proves Alice's ML-KEM key: both ends mix k3.
//! let (ct3, k3) = accepted.answering.answer(&alice, &mut rng)?;
//! assert_eq!(begun.awaiting.k3(&alices, &ct3).expose(), k3.expose());
//! # Ok(())
//! # }
//! ```
//!
//! Each state is consumed by the step to the next. A handshake begins with [`Verified`](crate::identity::Verified) prekeys and a
//! verified manifest; nothing here takes a key from anywhere else. What must be kept is a value with an encoding:
//! [`Awaiting`], [`Answering`], [`OwnBundle`], [`OwnManifest`], [`ReplayEntry`], [`Floor`].

mod answer;
mod error;
mod floor;
pub mod hazmat;
mod identity_block;
mod initial;
mod initiator;
mod linked;
mod records;
mod responder;
mod schedule;

pub use answer::{Answering, Awaiting};
pub use error::HandshakeError;
pub use floor::Floor;
pub use identity_block::IdentityBlock;
pub use initial::{Initial, OneTimePlace};
pub use initiator::{Initiated, Recipient, Sender, initiate};
pub use linked::LinkProof;
pub use records::{OwnBundle, OwnManifest, ReplayEntry};
pub use responder::{Accepted, Opened, Own, Screened, Tentative};
