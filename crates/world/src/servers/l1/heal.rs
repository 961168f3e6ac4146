//! Nothing goes wrong any more: what has to hold then.

use sha2::{Digest as _, Sha256};
use sottovoce::server::Status;
use sottovoce::time::Span;

use super::cast::NEW;
use super::plan::Kind;
use super::users::Sent;
use super::world::{End, SimWorld};

/// Wakes within which everything has to be decided.
const WAKES: u64 = 600;
/// … and the time.
const TIME: Span = Span::from_days(2);

impl SimWorld {
    pub(super) fn recover(&mut self) -> Result<End, String> {
        self.calm();
        let servers = u8::try_from(self.hosts.len()).unwrap();
        self.settle()?;
        for at in 0..servers {
            self.resume(at)?;
            self.admit(at)?;
        }
        for at in 0..servers {
            self.drain(at)?;
        }
        self.hand_in_again()?;
        // A server that was set back learns what it has lost from whoever writes to it next.
        for from in 0..servers {
            for to in (0..servers).filter(|to| *to != from) {
                self.submit(Kind::Good, from, to)?;
            }
        }
        let wakes = self.wait(servers)?;
        self.settle()?;
        for at in 0..servers {
            self.drain(at)?;
        }
        self.judge()?;
        Ok(End {
            items: self.users.sent.len() as u64,
            frames: self.frames,
            statuses: self.users.statuses,
            wakes,
            digest: self.digest(),
        })
    }

    /// Everything that is under way arrives.
    fn settle(&mut self) -> Result<(), String> {
        // Each frame that was under way may be answered, and the answer may set off one more.
        for _ in 0..2_000 + 4 * self.flights.len() {
            if self.flights.is_empty() {
                return Ok(());
            }
            let flight = self.flights.remove(0);
            self.arrive(flight, 0)?;
        }
        Err("frames without end".to_owned())
    }

    /// Whoever was told nothing hands in once more, if a server has lost its memory or did not answer.
    fn hand_in_again(&mut self) -> Result<(), String> {
        for number in 0..self.users.sent.len() {
            let sent = &self.users.sent[number];
            let host = &self.hosts[usize::from(sent.from)];
            let is_lost = sent.status.is_none() && (host.was_set_back || host.was_forked);
            if !sent.is_taken || is_lost {
                self.hand_in(u32::try_from(number).unwrap())?;
            }
        }
        Ok(())
    }

    /// Time passes until nobody waits for anything.
    fn wait(&mut self, servers: u8) -> Result<u64, String> {
        let end = self.now.plus(TIME);
        for wakes in 0..WAKES {
            self.settle()?;
            for at in 0..servers {
                self.drain_notified(at)?;
            }
            let Some(number) = self.users.sent.iter().position(|sent| self.waits(sent)) else {
                return Ok(wakes);
            };
            let not_taken = self.users.sent.iter().position(|sent| !sent.is_taken);
            if let Some(number) = not_taken {
                self.hand_in(u32::try_from(number).unwrap())?;
            }
            let next = self.hosts.iter().filter_map(super::host::Host::wake_at).min();
            let Some(due) = next.filter(|due| *due <= end) else {
                let sent = &self.users.sent[number];
                return Err(format!("item {number} {sent:?} waits, and nothing will ever happen"));
            };
            self.pass(due.since(self.now))?;
        }
        let number = self.users.sent.iter().position(|sent| self.waits(sent)).unwrap_or_default();
        Err(format!("after {WAKES} wakes item {number} {:?} still waits", self.users.sent[number]))
    }

    /// Whether something has yet to come about.
    fn waits(&self, sent: &Sent) -> bool {
        if self.is_lied_to(sent) {
            return false;
        }
        let is_due = sent.has_to_arrive() && sent.got == 0 && !self.may_be_lost(sent);
        sent.status.is_none() || is_due
    }

    /// Of what a lying server sends or takes, nothing is promised.
    fn is_lied_to(&self, sent: &Sent) -> bool {
        self.has_liar && (sent.from == 2 || sent.to == 2)
    }

    /// Only if both who had it lost their memory may it be gone; what a second process took is gone with it.
    fn may_be_lost(&self, sent: &Sent) -> bool {
        let (from, to) = (&self.hosts[usize::from(sent.from)], &self.hosts[usize::from(sent.to)]);
        to.was_forked || from.was_forked || (from.was_set_back && to.was_set_back)
    }

    /// Once, in order, and nothing that should not be.
    fn judge(&self) -> Result<(), String> {
        for (number, sent) in self.users.sent.iter().enumerate() {
            if self.waits(sent) {
                return Err(format!("item {number} {sent:?} is not done in the end"));
            }
        }
        let is_whole = |at: u8| {
            let host = &self.hosts[usize::from(at)];
            !host.was_set_back && !host.was_forked
        };
        for (&(at, device), got) in &self.users.got {
            for from in (0..3).filter(|from| usize::from(*from) < self.hosts.len()) {
                let sent = |number: &&u32| &self.users.sent[usize::try_from(**number).unwrap()];
                let mut of_one: Vec<_> = got.iter().filter(|number| sent(number).from == from).collect();
                // What was put off may be overtaken by what was under way already.
                if device == NEW {
                    of_one.sort_unstable();
                }
                let is_excused = of_one.first().is_none_or(|number| self.is_lied_to(sent(number)));
                if is_whole(at) && is_whole(from) && !is_excused && !of_one.is_sorted_by(|a, b| a < b) {
                    return Err(format!("{at} got {of_one:?} of {from}: out of order, or twice"));
                }
            }
        }
        Ok(())
    }

    fn digest(&self) -> u64 {
        let mut hasher = Sha256::new();
        for Sent { status, got, is_taken, .. } in &self.users.sent {
            hasher.update([u8::from(*is_taken), u8::try_from(*got).unwrap_or(u8::MAX)]);
            let said = match status {
                None => 0,
                Some(Status::Delivered) => 1,
                Some(Status::Refused(reason)) => 2 + *reason as u8,
                Some(_) => 9,
            };
            hasher.update([said]);
        }
        for got in self.users.got.values() {
            for number in got {
                hasher.update(number.to_be_bytes());
            }
        }
        for host in &self.hosts {
            hasher.update((host.disk().live.records() as u64).to_be_bytes());
        }
        hasher.update(self.now.as_millis().to_be_bytes());
        hasher.update(self.frames.to_be_bytes());
        u64::from_be_bytes(hasher.finalize()[..8].try_into().unwrap())
    }
}
