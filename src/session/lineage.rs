//! Which session is used with a device. `docs/PROTOCOL.md` §9.4.
//!
//! ```text
//!            begin, accept            a session took its place
//!   ──────────────────────▶ active ──────────────────────────────▶ former ──30 days──▶ deleted
//!                             ▲                                       ▲
//!       a day without an ack  │                                       │ lower th2, withdrawn
//!       of the probe, decided │                                       │
//!   ──────────────────────▶ contested ──ack of the probe, decided──▶ deleted
//!        without proof
//! ```
//!
//! Nothing here reads a store or a key: what was proven comes in as [`Proof`].

use super::body::SessionPrefix;
use crate::crypto::hash::Hash;
use crate::ratchet::Position;
use crate::time::{Span, Timestamp};

/// For how long a session that is not used any more receives.
pub const RECEIVES_FOR: Span = Span::from_days(30);
/// How many of these are kept.
pub const MAX_FORMER: usize = 4;
/// How many there are at most until the surplus is deleted.
const TOO_MANY_FORMER: usize = 8;
/// For how long a contested session waits for an ack of the probe.
pub const CONTEST: Span = Span::from_days(1);
/// How often the other side may put a session in the place of a settled one.
const REPLACEMENT: Span = Span::from_secs(3_600);
/// How many withdrawn sessions of the other side are remembered.
const MAX_WITHDRAWN: usize = 4;

/// A session and how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// th2.
    pub session: Hash,
    /// Whether this device has begun it.
    pub is_begun_here: bool,
    /// Whether the other side has proven that it heard this device in it.
    pub is_settled: bool,
    /// When it is deleted, of a former one.
    pub until: Option<Timestamp>,
    /// Where the other side has ended it.
    pub end: Option<Position>,
}

/// A session without proof that it comes from the device that has the active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contested {
    /// The session.
    pub place: Place,
    /// Since when, or since the probe.
    pub since: Timestamp,
    /// The message of the active session that asks for an ack.
    pub probe: Option<Position>,
}

/// The sessions with one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The one in which messages are sealed.
    pub active: Option<Place>,
    /// Those that only receive, newest first.
    pub former: Vec<Place>,
    /// The one that receives, and is not believed.
    pub contested: Option<Contested>,
    /// What the other side has said that it gave up, newest first.
    pub withdrawn_there: Vec<SessionPrefix>,
    /// What this side gave up for the active one.
    pub withdrawn_here: Option<SessionPrefix>,
    /// When a session last took the place of a settled one.
    pub replaced_at: Option<Timestamp>,
}

/// Of which sessions the other side has proven to hold the state, when it began another one (§5.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The active one.
    pub of_active: bool,
    /// One of the former ones, down to the newest settled one.
    pub of_former: bool,
}

/// What became of a session that the other side began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is active.
    Active,
    /// It only receives.
    Former,
    /// It is contested: the application is told, and a probe is due.
    Contested,
    /// Nothing has changed: too soon after another.
    TooSoon,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Used for sealing.
    Active,
    /// For receiving only.
    Former,
    /// Contested.
    Contested,
}

/// Whether less than `span` has passed. A time in the future comes from a clock that was put back since, and is long past.
pub(super) fn is_within(at: Timestamp, now: Timestamp, span: Span) -> bool {
    at <= now && now.since(at) < span
}

/// Whether a time is less than `span` from now, to either side: for what is lost when it ends, so that a clock which is put back ends nothing.
pub(super) fn is_near(at: Timestamp, now: Timestamp, span: Span) -> bool {
    now.since(at) < span && at.since(now) < span
}

impl Place {
    const fn new(session: Hash, is_begun_here: bool) -> Self {
        Self { session, is_begun_here, is_settled: false, until: None, end: None }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl Lineage {
    /// Where a session is, if it is one of these and its time is not over.
    pub fn standing(&self, session: &Hash, now: Timestamp) -> Option<Standing> {
        let is_it = |place: &Place| place.session == *session && !place.is_over(now);
        if self.active.as_ref().is_some_and(is_it) {
            Some(Standing::Active)
        } else if self.contested.as_ref().is_some_and(|contested| is_it(&contested.place)) {
            Some(Standing::Contested)
        } else {
            self.former.iter().any(is_it).then_some(Standing::Former)
        }
    }

    /// The newest settled session.
    pub fn settled(&self) -> Option<&Place> {
        self.active.iter().chain(&self.former).find(|place| place.is_settled)
    }

    /// The former sessions down to the newest settled one: whoever has the state of one of them is who the other side was when it was last
    /// proven.
    pub fn recent(&self) -> impl Iterator<Item = &Place> {
        let settled = self.former.iter().position(|place| place.is_settled);
        self.former.iter().take(settled.map_or(0, |settled| settled.saturating_add(1)))
    }

    /// The sessions whose links are proven when another one is begun, in this order: the active one, the newest settled one, and those that
    /// lie between, of which the other side may have settled any meanwhile.
    pub fn to_link(&self) -> impl Iterator<Item = &Place> {
        let is_open = self.active.is_some_and(|active| !active.is_settled);
        let between = self.former.iter().take_while(move |place| is_open && !place.is_settled);
        self.active.iter().filter(|active| !active.is_settled).chain(self.settled()).chain(between)
    }

    /// The session in place of `place`, to be changed.
    pub fn place_mut(&mut self, session: &Hash) -> Option<&mut Place> {
        let contested = self.contested.as_mut().map(|contested| &mut contested.place);
        let mut places = self.active.iter_mut().chain(contested).chain(&mut self.former);
        places.find(|place| place.session == *session)
    }

    /// This device has begun a session.
    pub fn begin(&mut self, session: Hash, now: Timestamp) {
        self.withdrawn_here = self.unanswered_row();
        self.retire_active(now);
        self.activate(Place::new(session, true));
    }

    /// The store has lost the active session. What the other side gave up for it counts no more: it may have to begin with that rank again.
    pub(super) fn lose(&mut self) {
        self.withdrawn_there.clear();
    }

    /// The rank of the active session, if it was not settled: the name of the first in the row that this device has begun.
    fn unanswered_row(&self) -> Option<SessionPrefix> {
        let active = self.active.filter(|active| !active.is_settled)?;
        self.withdrawn_here.or_else(|| active.is_begun_here.then(|| SessionPrefix::of(&active.session)))
    }

    /// Another session is active. A probe in the one before says nothing any more: there will be one in this.
    fn activate(&mut self, place: Place) {
        self.active = Some(place);
        if let Some(contested) = &mut self.contested {
            contested.probe = None;
        }
    }

    /// The other device has begun a session, and its first message opened. In that it may have named a session that it had begun before, and
    /// given up for this one.
    pub fn accept(
        &mut self,
        session: Hash,
        given_up: Option<SessionPrefix>,
        proof: Proof,
        now: Timestamp,
    ) -> Placed {
        let new = Place::new(session, false);
        let Some(active) = self.active else {
            self.activate(new);
            return Placed::Active;
        };
        if self.former.len() >= TOO_MANY_FORMER {
            return Placed::TooSoon;
        }
        let (name, rank) = (SessionPrefix::of(&session), given_up.unwrap_or(SessionPrefix::of(&session)));
        let is_withdrawn = |name| self.withdrawn_there.contains(&name);
        if is_withdrawn(name) || (!proof.of_active && is_withdrawn(rank)) {
            self.retire(new, now);
            return Placed::Former;
        }
        if proof.of_active {
            return self.replace(active, new, now);
        }
        let has_proof = !active.is_settled && proof.of_former;
        let nothing_to_prove = active.is_begun_here && self.settled().is_none();
        if !has_proof && !nothing_to_prove {
            return self.contest(new, now);
        }
        if active.is_begun_here { self.converge((new, rank), now) } else { self.replace(active, new, now) }
    }

    /// Both have begun, and neither knew of it: the lower rank is the session of both.
    fn converge(&mut self, (new, rank): (Place, SessionPrefix), now: Timestamp) -> Placed {
        let mine = self.unanswered_row();
        if mine.is_some_and(|mine| mine.0 < rank.0) {
            self.retire(new, now);
            return Placed::Former;
        }
        self.retire_active(now);
        self.activate(new);
        self.withdrawn_here = mine;
        Placed::Active
    }

    fn replace(&mut self, active: Place, new: Place, now: Timestamp) -> Placed {
        if active.is_settled {
            let is_too_soon = self.replaced_at.is_some_and(|at| is_within(at, now, REPLACEMENT));
            if is_too_soon {
                return Placed::TooSoon;
            }
            self.replaced_at = Some(now);
        }
        self.withdrawn_here = self.unanswered_row();
        self.retire_active(now);
        self.activate(new);
        Placed::Active
    }

    fn contest(&mut self, place: Place, now: Timestamp) -> Placed {
        if self.contested.is_some_and(|earlier| is_within(earlier.since, now, CONTEST)) {
            return Placed::TooSoon;
        }
        if let Some(earlier) = self.contested.replace(Contested { place, since: now, probe: None }) {
            self.discard(earlier.place);
        }
        Placed::Contested
    }

    fn retire_active(&mut self, now: Timestamp) {
        if let Some(active) = self.active.take() {
            self.retire(active, now);
        }
    }

    fn retire(&mut self, place: Place, now: Timestamp) {
        let until = place.until.or(Some(now.plus(RECEIVES_FOR)));
        self.former.insert(0, Place { until, ..place });
    }

    /// A message of the other side has opened in a session, and its side is authenticated post-quantum.
    pub fn settle(&mut self, session: &Hash) -> bool {
        match self.place_mut(session) {
            Some(place) if !place.is_settled => {
                place.is_settled = true;
                true
            }
            _ => false,
        }
    }

    /// Whether this is a session that this device has begun and given up while no other is settled: what is said in it may be news.
    pub fn is_converging(&self, session: &Hash) -> bool {
        let is_open = self.active.is_some_and(|active| !active.is_settled);
        is_open && self.former.iter().any(|place| place.session == *session && place.is_begun_here)
    }

    /// The other side says that it gave up a session which it had begun.
    pub fn withdraw(&mut self, session: SessionPrefix) {
        if !self.withdrawn_there.contains(&session) {
            self.withdrawn_there.insert(0, session);
            self.withdrawn_there.truncate(MAX_WITHDRAWN);
        }
        let is_it = |contested: &Contested| SessionPrefix::of(&contested.place.session) == session;
        if let Some(honest) = self.contested.take_if(|contested| is_it(contested)) {
            let until = honest.since.plus(RECEIVES_FOR);
            self.former.push(Place { until: Some(until), ..honest.place });
        }
    }

    /// A message has opened in the contested session: whether its time has come, and it is active now.
    pub fn outlast(&mut self, now: Timestamp) -> bool {
        let waited = |contested: &mut Contested| {
            contested.probe.is_some() && !is_within(contested.since, now, CONTEST)
        };
        let Some(contested) = self.contested.take_if(waited) else { return false };
        self.believe(contested.place, now);
        true
    }

    /// A message was sealed that asks for an ack. The first is the probe: the day in which its ack is awaited begins.
    pub fn probe(&mut self, probe: Position, now: Timestamp) {
        if let Some(contested) = self.contested.as_mut().filter(|contested| contested.probe.is_none()) {
            (contested.probe, contested.since) = (Some(probe), now);
        }
    }

    /// Somebody decides that the contested session is the device's, or not. Whether there was one.
    pub fn decide(&mut self, is_believed: bool, now: Timestamp) -> bool {
        let Some(contested) = self.contested.take() else { return false };
        if is_believed {
            self.believe(contested.place, now);
        } else {
            self.discard(contested.place);
        }
        true
    }

    /// A session that is to be deleted.
    fn discard(&mut self, place: Place) {
        self.former.push(Place { until: Some(Timestamp::default()), ..place });
    }

    fn believe(&mut self, place: Place, now: Timestamp) {
        self.retire_active(now);
        self.activate(place);
        self.withdrawn_here = None;
        self.replaced_at = Some(now);
    }

    /// Takes out the sessions that are to be deleted: those whose time is over, and the oldest of too many.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Hash> {
        let (mut over, mut kept): (Vec<_>, Vec<_>) =
            core::mem::take(&mut self.former).into_iter().partition(|place| place.is_over(now));
        if kept.len() > MAX_FORMER {
            over.extend(kept.split_off(MAX_FORMER));
        }
        self.former = kept;
        over.into_iter().map(|place| place.session).collect()
    }

    /// When [`Lineage::expire`] has something to do next.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let at_once = (self.former.len() > MAX_FORMER).then(Timestamp::default);
        at_once.or_else(|| self.former.iter().filter_map(|place| place.until).min())
    }

    /// All sessions.
    pub fn sessions(&self) -> impl Iterator<Item = &Place> {
        let contested = self.contested.as_ref().map(|contested| &contested.place);
        self.active.iter().chain(contested).chain(&self.former)
    }
}
