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
//! # use sottovoce::crypto::random::Seed;
//! # use sottovoce::handshake::{Initial, Own, OwnBundle, OwnManifest, Recipient, Sender, initiate};
//! # use sottovoce::identity::{Verified, account::Account, address::Address, chain::Author, device::DeviceSecret, recovery::RecoveryKey};
//! # use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, ClaimRequest, PrekeysSeen};
//! # use sottovoce::identity::validity::{LONGEST, Validity};
//! # use sottovoce::ratchet::{Given, Ratchet, open_first};
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
//! # let initial = begun.awaiting.initial().to_vec();
//! let mut at_alice = Ratchet::begin(begun.session, now, &mut rng)?;
//! let message = at_alice.seal(b"hello", None, now, &mut rng)?.message;
//!
//! // Bob's device: names first, then keys, then the message, then Alice's manifest. Only then is there something to store.
//! let (addresses, manifests) = ([address.clone()], [OwnManifest::new(&bob, bobs.id())?]);
//! let own = Own { account: bob.id(), device: &bobs, addresses: &addresses, manifests: &manifests };
//! let tentative = Initial::decode(&initial)?.screen(&own, None)?.open(Some(&kept), None, now)?;
//! let (opened, text) = tentative.first_message(|first| open_first(first, &message))?;
//! let accepted = opened.accept(&alice, None)?;
//! assert_eq!((text.as_slice(), accepted.consumed), (b"hello".as_slice(), None));
//!
//! let (mut at_bob, first) = Ratchet::respond(accepted.session, &message, now)?;
//! assert_eq!(first.content, b"hello");
//!
//! // Bob's first answer proves Alice's ML-KEM key: both ends mix k3.
//! let answer = accepted.answering.answer(&alice, &mut rng)?;
//! let message = at_bob.seal(b"good to hear", Some(answer), now, &mut rng)?.message;
//! let examined = at_alice.examine(&message)?;
//! let k3 = examined.wants().answer.as_ref().map(|ct3| begun.awaiting.k3(&alices, ct3));
//! let reply = at_alice.open(examined, Given { answer: k3, block: None }, now)?;
//! assert_eq!(reply.content, b"good to hear");
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
