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

use rand_core::CryptoRng;

use super::token::{DeliveryToken, GRACE, TokenAction, TokenGrant};
use super::version::Version;
use super::{Body, Class, Consent, ContentError, Kind};
use crate::identity::address::Domain;
use crate::time::{Span, Timestamp};

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
    /// Without `theirs` a contact is none, and no request either: see [`Self::state`].
    pub(super) state: ConsentState,
    pub(super) ours: Option<DeliveryToken>,
    /// What was `ours` before, and may still serve.
    pub(super) previous: Option<DeliveryToken>,
    pub(super) theirs: Option<TokenGrant>,
    pub(super) told: bool,
    pub(super) acted: Timestamp,
    pub(super) decided: Timestamp,
    pub(super) made: Timestamp,
    pub(super) blocked: Timestamp,
    pub(super) revoked: Timestamp,
    pub(super) heard: Version,
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
    /// When: the `sent_at` of what is sent, so that the other keeps the order of what was done, whatever becomes of this device's clock.
    pub at: Timestamp,
    /// Goes to the other account.
    pub send: Option<Body>,
    /// Goes to the own server, in this order and before what is sent. One that the server does not know any more is done.
    pub tokens: Vec<TokenAction>,
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

    /// The state. Who is accepted, or has asked, and of whom another own device heard that this is over, is a stranger.
    pub const fn state(&self) -> ConsentState {
        match self.state {
            ConsentState::Accepted | ConsentState::RequestReceived if self.theirs.is_none() => {
                ConsentState::None
            }
            state => state,
        }
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
        match self.state() {
            ConsentState::Accepted => kind.class() != Class::Own,
            ConsentState::Blocked => false,
            _ => kind == Kind::CONSENT,
        }
    }

    /// Whether contents of a kind are taken from the other.
    pub fn may_receive(&self, kind: Kind) -> bool {
        match self.state() {
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
        let mut next = self.duplicate();
        next.begin(now);
        let (send, tokens) = match (act, self.state()) {
            (Act::Request, State::RequestSent) => (next.request(home), Vec::new()),
            (Act::Request, State::None | State::Declined) => {
                let tokens = next.have_token(rng)?;
                next.decide(State::RequestSent);
                (next.request(home), tokens)
            }
            (Act::Accept, State::RequestReceived) => {
                let tokens = next.have_token(rng)?;
                next.decide(State::Accepted);
                (next.tell(home).map(Consent::Accept).map(Body::Consent), tokens)
            }
            (Act::Decline, State::RequestReceived) => {
                next.decide(State::Declined);
                (Some(Body::Consent(Consent::Decline)), Vec::new())
            }
            (Act::Revoke, State::RequestSent | State::Accepted) => {
                let tokens = next.rotate(rng)?;
                let was_accepted = self.state() == State::Accepted;
                next.decide(if was_accepted { State::Declined } else { State::None });
                next.revoked = next.decided;
                (Some(Body::Consent(Consent::Revoke)), tokens)
            }
            (Act::Rotate, State::Accepted) => {
                let tokens = next.rotate(rng)?;
                (next.tell(home).map(Body::Token), tokens)
            }
            (Act::Block, state) if state != State::Blocked => (None, next.block()),
            (Act::Unblock, State::Blocked) => {
                next.decide(State::None);
                (None, Vec::new())
            }
            _ => return Err(ContentError::NotPossible),
        };
        *self = next;
        Ok(Acted { at: self.acted, send, tokens })
    }

    /// Each act is later than the one before, also on a clock that was put back.
    fn begin(&mut self, now: Timestamp) {
        self.acted = now.max(self.acted.plus(Span::from_millis(1)));
    }

    fn decide(&mut self, state: ConsentState) {
        (self.state, self.decided) = (state, self.acted);
    }

    /// Makes a token if there is none.
    fn have_token(&mut self, rng: &mut impl CryptoRng) -> Result<Vec<TokenAction>, ContentError> {
        if self.ours.is_some() {
            return Ok(Vec::new());
        }
        let token = DeliveryToken::generate(rng)?;
        (self.ours, self.made) = (Some(token.duplicate()), self.acted);
        Ok(vec![TokenAction::Add(token)])
    }

    fn request(&mut self, home: &Domain) -> Option<Body> {
        self.tell(home).map(Consent::Request).map(Body::Consent)
    }

    /// The own token, which the contact has from now on.
    fn tell(&mut self, home: &Domain) -> Option<TokenGrant> {
        let token = self.ours.as_ref()?.duplicate();
        self.told = true;
        Some(TokenGrant { token, domain: home.clone() })
    }

    /// The contact keeps nothing that lasts. Of two tokens in their time of grace only one is remembered; the other ends at once.
    fn rotate(&mut self, rng: &mut impl CryptoRng) -> Result<Vec<TokenAction>, ContentError> {
        let new = DeliveryToken::generate(rng)?;
        let old = self.ours.take().ok_or(ContentError::NotPossible)?;
        let serves = self.previous_serves(self.acted);
        let mut tokens: Vec<_> =
            self.previous.take().filter(|_| serves).map(TokenAction::Sink).into_iter().collect();
        (self.ours, self.previous, self.made) = (Some(new.duplicate()), Some(old.duplicate()), self.acted);
        self.told = false;
        tokens.push(TokenAction::Rotate { old, new });
        Ok(tokens)
    }

    /// Whether `previous` may still reach this account: `ours` took its place when that was made.
    pub(super) fn previous_serves(&self, now: Timestamp) -> bool {
        now < self.made.plus(GRACE)
    }

    fn block(&mut self) -> Vec<TokenAction> {
        let serves = self.previous_serves(self.acted);
        let previous = self.previous.take().filter(|_| serves);
        let tokens = self.ours.take().into_iter().chain(previous).map(TokenAction::Sink).collect();
        (self.theirs, self.told, self.made) = (None, false, Timestamp::default());
        self.decide(ConsentState::Blocked);
        self.blocked = self.decided;
        tokens
    }

    /// The token that the contact has to get before the next content that a person sends; it is told from then on. `None` if it was, or
    /// is not accepted.
    pub fn owed(&mut self, home: &Domain, now: Timestamp) -> Option<Acted> {
        if self.state() != ConsentState::Accepted || self.told {
            return None;
        }
        self.begin(now);
        let send = self.tell(home).map(Body::Token);
        Some(Acted { at: self.acted, send, tokens: Vec::new() })
    }

    /// Takes what the other says. Whether it changed anything; nothing is sent because of it. What is not later than all that has counted
    /// changes nothing, in whatever order it came.
    pub fn hear(&mut self, heard: Heard<'_>, version: Version) -> bool {
        use ConsentState as State;
        if version <= self.heard {
            return false;
        }
        let (state, theirs) = match (heard, self.state()) {
            (Heard::Consent(Consent::Request(grant)), State::None | State::RequestReceived) => {
                (State::RequestReceived, Some(grant))
            }
            (Heard::Consent(Consent::Request(grant)), State::RequestSent | State::Accepted) => {
                // Who asks does not know that it is accepted, or has lost what it was given.
                self.told = false;
                (State::Accepted, Some(grant))
            }
            (
                Heard::Consent(Consent::Accept(grant)) | Heard::Token(grant),
                State::RequestSent | State::Accepted,
            ) => (State::Accepted, Some(grant)),
            (Heard::Consent(Consent::Decline), State::RequestSent)
            | (
                Heard::Consent(Consent::Revoke),
                State::RequestSent | State::RequestReceived | State::Accepted,
            ) => (State::None, None),
            _ => return false,
        };
        (self.state, self.theirs, self.heard) = (state, theirs.map(TokenGrant::duplicate), version);
        true
    }

    pub(super) fn duplicate(&self) -> Self {
        Self {
            ours: self.ours.as_ref().map(DeliveryToken::duplicate),
            previous: self.previous.as_ref().map(DeliveryToken::duplicate),
            theirs: self.theirs.as_ref().map(TokenGrant::duplicate),
            ..*self
        }
    }
}
