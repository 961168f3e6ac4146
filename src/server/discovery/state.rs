//! What is known of a domain, and what follows from it. A pure state machine, one record for each domain.
//!
//! ```text
//!             ask            found              ask, once a day
//!   unknown ──────▶ asked ──────────▶ bound ◀──────────────────▶ (asked again, bound meanwhile)
//!      ▲              │                │ ▲
//!      │ rest is over │ missed         │ │ found the pin again, or the new one for 72 h
//!      └─── absent ◀──┘                ▼ │
//!                                     held
//! ```

use super::continuity::{self, Continuity};
use super::document::Bound;
use super::gate::{Cause, DiscoveryGate, Rates};
use crate::identity::address::Domain;
use crate::identity::chain::{Followed, News};
use crate::identity::ids::{Fingerprint, ServerId};
use crate::identity::server::Server;
use crate::identity::trust::{ContactTrust, TrustState};
use crate::identity::{IdentityError, Verified};
use crate::storage::{Key, Table, Vault};
use crate::time::{Span, Timestamp};

/// After which a fetch counts as lost.
const ANSWER_TIME: Span = Span::from_secs(60);

/// How long a domain is held that names another identity.
pub const HOLD: Span = Span::from_days(3);

/// How long a binding is believed that could not be looked at again since it ended: a web host that is down takes nobody's mail away.
const GRACE: Span = Span::from_days(30);

/// Between two looks at a domain that is bound; half of that if the document ends soon.
const LOOK: Span = Span::from_days(1);

/// Between two looks at a domain that is held, and the longest rest.
const REST: Span = Span::from_secs(3_600);

/// The rest after the first failure. It doubles with each.
const FIRST_REST: Span = Span::from_secs(300);

/// What is known of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainState {
    pub(super) domain: Domain,
    pub(super) pin: Option<Pin>,
    pub(super) asked: Option<Timestamp>,
    pub(super) rest: Option<Period>,
    pub(super) failures: u32,
    pub(super) bound: Option<Period>,
    pub(super) hold: Option<Hold>,
}

/// What a domain is pinned to. It outlives everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) server: ServerId,
    pub(super) trust: ContactTrust,
}

/// A time in which something is so. It remembers when that was decided, so that a clock that was put back does not stretch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

/// A domain that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) reason: HoldReason,
    pub(super) period: Period,
}

/// Why neither the pinned server of a domain nor another one is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// The domain names another identity: this chain, or, if it is the pinned one, that chain under other recovery authorities.
    Changed {
        /// The chain.
        server: ServerId,
    },
    /// The pinned chain has forked. A newer manifest, or a recovery, ends that.
    Forked,
}

/// How it stands with a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known.
    Unknown,
    /// It is being fetched.
    Asked,
    /// It has this server.
    Bound(ServerId),
    /// It names no server. It is not asked again before `until`.
    Absent {
        /// When it may be asked again.
        until: Timestamp,
    },
    /// Nothing is sent to it nor taken from it; what waits keeps its deadlines.
    Held {
        /// Why.
        reason: HoldReason,
        /// When another identity is accepted, if the domain names it all the time until then. One that was verified is not replaced by itself.
        until: Timestamp,
    },
}

/// What is to be done for somebody who needs a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// How it stands.
    pub standing: Standing,
    /// Whether the document is to be fetched. Only then have state and gate changed: what is refused leaves no row.
    pub fetch: bool,
    /// When to ask again, if a fetch is due and the budget is spent.
    pub retry: Option<Timestamp>,
}

/// What a finding has changed. What it replaces in what is followed, it has replaced there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The first server of the domain: pinned.
    First,
    /// Nothing.
    Same,
    /// The pinned chain has a newer manifest.
    Newer,
    /// The domain is no longer held: it names the pinned identity, or the fork is over.
    Restored,
    /// The domain names another identity, and is held. The operator is to be told.
    Changed {
        /// What it names.
        observed: Fingerprint,
    },
    /// The chain has forked, and the domain is held. The operator is to be told, and whoever follows the chain.
    Forked,
    /// The domain is held as before.
    StillHeld,
    /// The domain has named another identity for as long as it was held: that one is pinned now. The operator is to be told.
    Accepted {
        /// The chain that it had.
        previous: ServerId,
    },
    /// What was found does not count.
    Refused(IdentityError),
}

impl Period {
    const fn starting(since: Timestamp, length: Span) -> Self {
        Self { since, until: since.plus(length) }
    }

    fn contains(&self, now: Timestamp) -> bool {
        self.since <= now && now < self.until
    }
}

impl DomainState {
    /// Of a domain of which nothing is known.
    pub const fn new(domain: Domain) -> Self {
        Self { domain, pin: None, asked: None, rest: None, failures: 0, bound: None, hold: None }
    }

    /// Where the record of a domain lies.
    pub fn key(vault: &Vault, domain: &Domain) -> Key {
        vault.partition(Table::DOMAINS, domain.as_str().as_bytes()).key(0)
    }

    /// The domain.
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The pinned chain, whether or not it is the one that the domain names now.
    pub fn pinned(&self) -> Option<ServerId> {
        self.pin.map(|pin| pin.server)
    }

    /// What certificates of the domain are verified with.
    pub fn trust(&self) -> Option<&ContactTrust> {
        self.pin.as_ref().map(|pin| &pin.trust)
    }

    /// How it stands.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (self.hold, self.pin, self.bound, self.rest) {
            (Some(hold), ..) => Standing::Held { reason: hold.reason, until: hold.period.until },
            (_, Some(pin), Some(bound), _) if now <= bound.until.plus(GRACE) => Standing::Bound(pin.server),
            _ if self.is_asked(now) => Standing::Asked,
            (.., Some(rest)) if rest.contains(now) => Standing::Absent { until: rest.until },
            _ => Standing::Unknown,
        }
    }

    /// Whether this is the server of the domain, to be served and written to. To be asked before every use of a manifest.
    pub fn permits(&self, server: &Verified<Server>, now: Timestamp) -> Result<(), IdentityError> {
        match (self.standing(now), &self.pin) {
            (Standing::Bound(_), Some(pin)) => pin.trust.permits(server),
            _ => Err(IdentityError::IdentityChanged),
        }
    }

    /// Somebody needs the domain. `cause` counts for one that is not pinned.
    pub fn ask(&mut self, gate: &mut DiscoveryGate, rates: &Rates, cause: Cause, now: Timestamp) -> Next {
        let standing = self.standing(now);
        if !self.is_due(now) {
            return Next { standing, fetch: false, retry: None };
        }
        match gate.pass(rates, self.pin.is_none().then_some(cause), now) {
            Ok(()) => {
                self.asked = Some(now);
                Next { standing: self.standing(now), fetch: true, retry: None }
            }
            Err(wait) => Next { standing, fetch: false, retry: Some(now.plus(wait)) },
        }
    }

    /// Nothing was found: no host, no document, or none that verifies. A pin, a binding and a hold stay.
    pub fn missed(&mut self, now: Timestamp) {
        if self.asked.take().is_some() {
            let doublings = self.failures.min(8);
            let rest =
                FIRST_REST.as_millis().checked_shl(doublings).map_or(REST, Span::from_millis).min(REST);
            self.failures = self.failures.saturating_add(1);
            self.rest = Some(Period::starting(now, rest));
        }
    }

    /// The domain was found to name a server. `held` is what is followed of the pinned chain, to be stored again.
    pub fn found(&mut self, bound: &Bound, held: &mut Option<Followed<Server>>, now: Timestamp) -> Outcome {
        let server = bound.server();
        let Some(pin) = &mut self.pin else {
            let trust = ContactTrust::first_use(server.fingerprint());
            self.pin = Some(Pin { server: server.id(), trust });
            *held = Some(Followed::new(server.clone()));
            self.bind(bound, now);
            return Outcome::First;
        };
        let before = pin.trust.state();
        match weigh(&mut pin.trust, held, bound) {
            Err(error) => {
                self.missed(now);
                Outcome::Refused(error)
            }
            Ok(continuity @ (Continuity::Same | Continuity::Newer)) => {
                let outcome = self.unchanged(continuity);
                self.bind(bound, now);
                outcome
            }
            Ok(Continuity::Forked) => self.hold(HoldReason::Forked, now),
            Ok(Continuity::Changed { observed }) if !was_observed(before, observed) => {
                self.hold = None;
                self.hold(HoldReason::Changed { server: server.id() }, now);
                Outcome::Changed { observed }
            }
            Ok(Continuity::Changed { observed }) => match self.accepted_by_time(&observed, server, now) {
                Some(previous) => {
                    let is_followed = held.as_ref().is_some_and(|held| is_of(held, server));
                    if !is_followed {
                        *held = Some(Followed::new(server.clone()));
                    }
                    self.bind(bound, now);
                    Outcome::Accepted { previous }
                }
                None => self.hold(HoldReason::Changed { server: server.id() }, now),
            },
        }
    }

    /// A manifest of the pinned chain came by another way than discovery, and `followed` has learned it with this result.
    pub fn heard(&mut self, followed: &Followed<Server>, news: News, now: Timestamp) -> Outcome {
        let Some(pin) = &mut self.pin else { return Outcome::Refused(IdentityError::OtherChain) };
        match self.hold {
            // That the old chain goes on does not make the domain name it.
            Some(Hold { reason: HoldReason::Changed { server }, .. }) if server != pin.server => {
                return Outcome::StillHeld;
            }
            _ => {}
        }
        let before = pin.trust.state();
        let server = pin.server;
        match continuity::standing(&mut pin.trust, followed, news) {
            Continuity::Forked => self.hold(HoldReason::Forked, now),
            Continuity::Changed { observed } if !was_observed(before, observed) => {
                self.hold = None;
                self.hold(HoldReason::Changed { server }, now);
                Outcome::Changed { observed }
            }
            Continuity::Changed { .. } => Outcome::StillHeld,
            continuity @ (Continuity::Same | Continuity::Newer) => self.unchanged(continuity),
        }
    }

    /// The operator accepts the identity that was shown, without waiting. The domain is fetched next. Errors as for
    /// [`ContactTrust::accept`].
    pub fn accept(&mut self, shown: &Fingerprint) -> Result<(), IdentityError> {
        let pin = self.pin.as_mut().ok_or(IdentityError::IdentityChanged)?;
        pin.trust.accept(shown)?;
        if let Some(Hold { reason: HoldReason::Changed { server }, .. }) = self.hold.take() {
            pin.server = server;
        }
        (self.bound, self.rest, self.asked) = (None, None, None);
        Ok(())
    }

    /// From when on the record says no more than none would, unless something happens: it is to be deleted then. `None` if it has a pin.
    pub fn forget_at(&self) -> Option<Timestamp> {
        let asked = self.asked.map_or(Timestamp::default(), |asked| asked.plus(ANSWER_TIME));
        let rest = self.rest.map_or(Timestamp::default(), |rest| rest.until);
        self.pin.is_none().then(|| asked.max(rest))
    }

    fn is_asked(&self, now: Timestamp) -> bool {
        self.asked.is_some_and(|asked| Period::starting(asked, ANSWER_TIME).contains(now))
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let rests = self.is_asked(now) || self.rest.is_some_and(|rest| rest.contains(now));
        let is_recent = |bound: Period| {
            let half = LOOK.as_millis().checked_div(2).map_or(LOOK, Span::from_millis);
            let ends_soon = bound.until.since(bound.since) < LOOK.plus(LOOK);
            Period::starting(bound.since, if ends_soon { half } else { LOOK }).contains(now)
        };
        !rests && (self.hold.is_some() || !self.bound.is_some_and(is_recent))
    }

    fn bind(&mut self, bound: &Bound, now: Timestamp) {
        self.bound = Some(Period { since: now, until: bound.validity().not_after().max(now) });
        (self.asked, self.rest, self.failures, self.hold) = (None, None, 0, None);
    }

    /// The pinned identity, as it should be.
    fn unchanged(&mut self, continuity: Continuity) -> Outcome {
        match (self.hold.take(), continuity) {
            (Some(_), _) => Outcome::Restored,
            (None, Continuity::Newer) => Outcome::Newer,
            (None, _) => Outcome::Same,
        }
    }

    /// Holds the domain, or goes on holding it for the same reason.
    fn hold(&mut self, reason: HoldReason, now: Timestamp) -> Outcome {
        (self.asked, self.failures) = (None, 0);
        self.rest = Some(Period::starting(now, REST));
        // A clock that was ahead when it began would hold for as long as it was ahead.
        let goes_on = self.hold.filter(|hold| hold.reason == reason && hold.period.since <= now);
        let is_new = self.hold.is_none_or(|hold| hold.reason != reason);
        self.hold = goes_on.or(Some(Hold { reason, period: Period::starting(now, HOLD) }));
        match reason {
            HoldReason::Forked if is_new => Outcome::Forked,
            _ => Outcome::StillHeld,
        }
    }

    /// Pins the identity that was held, if its time is over. Gives the chain that was pinned.
    fn accepted_by_time(
        &mut self,
        observed: &Fingerprint,
        server: &Verified<Server>,
        now: Timestamp,
    ) -> Option<ServerId> {
        let is_over = self.hold.is_some_and(|hold| {
            matches!(hold.reason, HoldReason::Changed { .. })
                && hold.period.since <= now
                && hold.period.until <= now
        });
        let pin = self.pin.as_mut().filter(|_| is_over)?;
        pin.trust.accept(observed).ok()?;
        Some(core::mem::replace(&mut pin.server, server.id()))
    }
}

/// As [`continuity::weigh`]; what was followed may have been lost, the pin not.
fn weigh(
    trust: &mut ContactTrust,
    held: &mut Option<Followed<Server>>,
    bound: &Bound,
) -> Result<Continuity, IdentityError> {
    if let Some(followed) = held {
        return continuity::weigh(trust, followed, bound);
    }
    let followed = Followed::new(bound.server().clone());
    let continuity = continuity::standing(trust, &followed, News::Newer);
    if continuity == Continuity::Newer {
        *held = Some(followed);
    }
    Ok(continuity)
}

fn was_observed(before: TrustState, now: Fingerprint) -> bool {
    matches!(before, TrustState::Changed { observed, .. } if observed == now)
}

fn is_of(followed: &Followed<Server>, server: &Verified<Server>) -> bool {
    followed.current().is_ok_and(|held| held.id() == server.id())
}
