//! How it stands with another account. `docs/PROTOCOL.md` §10.6. Above the arrows: what this account does; *they*: what the other says.
//!
//! ```text
//!            request             they accept, request, token
//!   ┌────┐ ──────────▶ RequestSent ─────────────────────────▶ ┌──────────┐ ─┐ rotate
//!   │None│ ◀────────── revoke, they decline, they revoke      │ Accepted │ ◀┘
//!   └────┘ ◀───────────────── they revoke ─────────────────── └──────────┘
//!    │ ▲                                  accept                ▲     │
//!    │ └─ they revoke ─ RequestReceived ────────────────────────┘     │ revoke
//!    └── they request ──▶    │                                        ▼
//!                            └─────────── decline ────────────────▶ Declined ── request ─▶ RequestSent
//!
//!   any ── block ─▶ Blocked ── unblock ─▶ None
//! ```
//!
//! Nothing that the other says makes anything be sent (attacks P-02, P-09).

use core::cmp::Ordering;
use core::mem;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::token::{DeliveryToken, TokenAction, TokenGrant};
use super::{Body, Class, Consent, ContentError, Kind};
use crate::identity::address::Domain;
use crate::time::{Span, Timestamp};
use crate::wire::Wire as _;

/// Whether two accounts want to hear of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConsentState {
    /// Strangers.
    #[default]
    None,
    /// This account has asked.
    RequestSent,
    /// The other has asked.
    RequestReceived,
    /// Both want to.
    Accepted,
    /// This account does not want to, and was asked or had been willing.
    Declined,
    /// This account does not want to, and the other is not to notice.
    Blocked,
}

/// How it stands with another account. A record of its own, in the partition of the other account. `Debug` prints no token.
#[derive(Debug, Default)]
pub struct ContactConsent {
    pub(super) state: ConsentState,
    pub(super) ours: Option<DeliveryToken>,
    pub(super) theirs: Option<TokenGrant>,
    pub(super) told: bool,
    pub(super) acted: Timestamp,
    pub(super) heard: Timestamp,
}

/// What this account does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Asks for contact.
    Request,
    /// Grants it.
    Accept,
    /// Declines.
    Decline,
    /// Takes back a request, or ends a contact. The other is told.
    Revoke,
    /// Gives the contact another token.
    Rotate,
    /// Ends everything; the other is not told.
    Block,
    /// Ends a block. Nothing else is restored.
    Unblock,
}

/// What an act demands of the layer above: in one write with the [`ContactConsent`].
#[derive(Debug)]
pub struct Acted {
    /// Goes to the other account.
    pub send: Option<Body>,
    /// Goes to the own server, before what is sent.
    pub tokens: Option<TokenAction>,
}

/// What the other account says about consent.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// A `ConsentBody`.
    Consent(&'a Consent),
    /// A `TokenGrant`.
    Token(&'a TokenGrant),
}

impl ContactConsent {
    /// A stranger.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state.
    pub const fn state(&self) -> ConsentState {
        self.state
    }

    /// The token by which the other reaches this account.
    pub const fn ours(&self) -> Option<&DeliveryToken> {
        self.ours.as_ref()
    }

    /// What reaches the other.
    pub const fn theirs(&self) -> Option<&TokenGrant> {
        self.theirs.as_ref()
    }

    /// Whether contents of a kind go to the other. Without it nothing does: no receipt, no typing, no profile (attack P-09).
    pub fn may_send(&self, kind: Kind) -> bool {
        match self.state {
            ConsentState::Accepted => kind.class() != Class::Own,
            ConsentState::Blocked => false,
            _ => kind == Kind::CONSENT,
        }
    }

    /// Whether contents of a kind are taken from the other.
    pub fn may_receive(&self, kind: Kind) -> bool {
        match self.state {
            ConsentState::Accepted | ConsentState::RequestSent => kind.class() != Class::Own,
            ConsentState::Blocked => false,
            _ => kind == Kind::CONSENT,
        }
    }

    /// Carries an act out; `home` is the domain of the own server. Draws 16 bytes if it needs a token. [`ContentError::NotPossible`] in a
    /// state that does not have the act; nothing has changed then.
    pub fn act(
        &mut self,
        act: Act,
        home: &Domain,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Acted, ContentError> {
        use ConsentState as State;
        let acted = match (act, self.state) {
            (Act::Request, State::None | State::Declined | State::RequestSent) => {
                self.offer(State::RequestSent, Consent::Request, home, rng)?
            }
            (Act::Accept, State::RequestReceived) => {
                self.offer(State::Accepted, Consent::Accept, home, rng)?
            }
            (Act::Decline, State::RequestReceived) => {
                self.state = State::Declined;
                Acted { send: Some(Body::Consent(Consent::Decline)), tokens: None }
            }
            (Act::Revoke, State::RequestSent | State::Accepted) => {
                let tokens = Some(self.rotate(rng)?);
                let was_accepted = self.state == State::Accepted;
                self.state = if was_accepted { State::Declined } else { State::None };
                Acted { send: Some(Body::Consent(Consent::Revoke)), tokens }
            }
            (Act::Rotate, State::Accepted) => {
                let tokens = Some(self.rotate(rng)?);
                Acted { send: self.owed(home).map(Body::Token), tokens }
            }
            (Act::Block, state) if state != State::Blocked => self.block(),
            (Act::Unblock, State::Blocked) => {
                self.state = State::None;
                Acted { send: None, tokens: None }
            }
            _ => return Err(ContentError::NotPossible),
        };
        self.acted = later(self.acted, now);
        Ok(acted)
    }

    /// Sends the own token, which is made if there is none.
    fn offer(
        &mut self,
        state: ConsentState,
        consent: fn(TokenGrant) -> Consent,
        home: &Domain,
        rng: &mut impl CryptoRng,
    ) -> Result<Acted, ContentError> {
        let known = self.ours.as_ref().map(DeliveryToken::duplicate);
        let is_new = known.is_none();
        let token = match known {
            Some(token) => token,
            None => DeliveryToken::generate(rng)?,
        };
        self.ours = Some(token.duplicate());
        (self.state, self.told) = (state, true);
        let tokens = is_new.then(|| TokenAction::Add(token.duplicate()));
        Ok(Acted { send: Some(Body::Consent(consent(TokenGrant { token, domain: home.clone() }))), tokens })
    }

    /// The contact keeps nothing that lasts.
    fn rotate(&mut self, rng: &mut impl CryptoRng) -> Result<TokenAction, ContentError> {
        let old = self.ours.as_ref().ok_or(ContentError::NotPossible)?.duplicate();
        let new = DeliveryToken::generate(rng)?;
        (self.ours, self.told) = (Some(new.duplicate()), false);
        Ok(TokenAction::Rotate { old, new })
    }

    fn block(&mut self) -> Acted {
        let before = mem::take(self);
        (self.state, self.acted, self.heard) = (ConsentState::Blocked, before.acted, before.heard);
        Acted { send: None, tokens: before.ours.map(TokenAction::Sink) }
    }

    /// The token that the contact has to get before the next content that a person sends; it is told from then on. `None` if it was, or
    /// is not accepted.
    pub fn owed(&mut self, home: &Domain) -> Option<TokenGrant> {
        let is_due = self.state == ConsentState::Accepted && !self.told;
        let token = self.ours.as_ref().filter(|_| is_due)?.duplicate();
        self.told = true;
        Some(TokenGrant { token, domain: home.clone() })
    }

    /// Takes what the other says. Whether it changed anything; nothing is sent because of it.
    pub fn hear(&mut self, heard: Heard<'_>, now: Timestamp) -> bool {
        use ConsentState as State;
        let changed = match (heard, self.state) {
            (Heard::Consent(Consent::Request(grant)), State::None | State::RequestReceived) => {
                self.learn(State::RequestReceived, grant)
            }
            (
                Heard::Consent(Consent::Request(grant) | Consent::Accept(grant)) | Heard::Token(grant),
                State::RequestSent | State::Accepted,
            ) => {
                // Who is accepted and asks has lost what it was given.
                let has_lost = matches!(heard, Heard::Consent(Consent::Request(_)));
                self.told = self.told && !(has_lost && self.state == State::Accepted);
                self.learn(State::Accepted, grant)
            }
            (Heard::Consent(Consent::Decline), State::RequestSent) => {
                self.state = State::None;
                true
            }
            (
                Heard::Consent(Consent::Revoke),
                State::RequestSent | State::RequestReceived | State::Accepted,
            ) => {
                (self.state, self.theirs) = (State::None, None);
                true
            }
            _ => false,
        };
        if changed {
            self.heard = later(self.heard, now);
        }
        changed
    }

    fn learn(&mut self, state: ConsentState, grant: &TokenGrant) -> bool {
        (self.state, self.theirs) = (state, Some(grant.duplicate()));
        true
    }

    /// Which of two states of one contact counts, of one's own devices: the same on all of them, in whatever order they learn of both.
    /// What the account decided last goes before anything that the other said.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if self.order(&other) == Ordering::Less { other } else { self }
    }

    fn order(&self, other: &Self) -> Ordering {
        let bytes = |contact: &Self| Zeroizing::new(contact.encode().unwrap_or_default());
        let times = |contact: &Self| (contact.acted, contact.heard);
        times(self).cmp(&times(other)).then_with(|| bytes(self).as_slice().cmp(bytes(other).as_slice()))
    }
}

/// A clock that was put back makes nothing older than what was before.
fn later(before: Timestamp, now: Timestamp) -> Timestamp {
    now.max(before.plus(Span::from_millis(1)))
}
