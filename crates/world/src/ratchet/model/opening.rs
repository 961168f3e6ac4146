//! Opening, `docs/PROTOCOL.md` §6.7 and §6.10.

use core::mem;
use std::collections::BTreeSet;

use super::primitives::{Key, aead_open, array, dh, expand, is_public_key, mac, masked};
use super::{Body, Chain, Class, DAY, Gap, LONGEST, Lane, Opened, Phase, Side, Tag, buckets, header_keys};

enum Place {
    Closed(usize),
    Current,
    Next,
}

/// A message key, whether it was kept, and gaps.
type Found = (Key, bool, Vec<Gap>);

/// Why a key is not there.
const fn missing(forgotten: bool) -> Class {
    if forgotten { "too-old" } else { "used" }
}

impl Side {
    /// §6.7. `k3` gives the secret of a ct3.
    pub(crate) fn open(
        &mut self,
        message: &[u8],
        k3: &dyn Fn(&[u8]) -> Key,
        now: u64,
    ) -> Result<Opened, Class> {
        let mut after = self.clone();
        let opened = after.try_open(message, k3, now)?;
        after.tidy(now);
        *self = after;
        Ok(opened)
    }

    fn try_open(&mut self, message: &[u8], k3: &dyn Fn(&[u8]) -> Key, now: u64) -> Result<Opened, Class> {
        let from = 1 - self.role;
        let place = self.place(array(message.get(..8).ok_or("truncated")?))?;
        let (keys, answers) = match &place {
            Place::Closed(i) => (self.closed[*i].header, self.closed[*i].number == 1),
            Place::Current => {
                self.receiving.as_ref().map(|it| (it.header, it.number == 1)).expect("there is one")
            }
            Place::Next => (header_keys(&self.next[usize::from(from)]), self.receiving.is_none()),
        };
        let header = read_header(message, &keys, answers)?;
        let (key, is_late, gaps) = match place {
            Place::Closed(i) => self.key_of_closed(i, header.n, now)?,
            Place::Current => self.key_of_current(&header, now)?,
            Place::Next => self.key_of_next(&header, k3, now)?,
        };
        let end = message.len() - header.sealed;
        let key = expand(&key, "msg", &[&message[8..24]]);
        let aad = [&self.ad(from)[..], &message[..end]].concat();
        let body = Body::read(&aead_open(&key, &message[end..], &aad).ok_or("unauthentic")?, from)?;
        let was_closed = self.lane.is_closed();
        self.lane.accept((body.epoch, body.received), &body.symbols, self.receive_only)?;
        let closed_lane = !was_closed && self.lane.is_closed();
        let (content, chain) = (body.content, array(&message[..8]));
        Ok(Opened { content, chain, number: header.n, is_late, gaps, closed_lane })
    }

    fn place(&self, tag: Tag) -> Result<Place, Class> {
        if self.receiving.as_ref().is_some_and(|chain| chain.tag() == tag) {
            Ok(Place::Current)
        } else if header_keys(&self.next[usize::from(1 - self.role)])[..8] == tag && self.expects_next() {
            Ok(Place::Next)
        } else if let Some(i) = self.closed.iter().position(|chain| chain.tag() == tag) {
            Ok(Place::Closed(i))
        } else {
            let remembered = self.remembered.iter().find(|it| it.1 == tag).ok_or("unknown-tag")?;
            Err(missing(remembered.2))
        }
    }

    /// Before its first message a responder has no session.
    fn expects_next(&self) -> bool {
        self.role == 0 || self.receiving.as_ref().is_some_and(|chain| chain.ratchet_key.is_some())
    }

    fn key_of_closed(&mut self, i: usize, n: u32, now: u64) -> Result<Found, Class> {
        let chain = self.closed[i].clone();
        if n >= chain.next {
            return Err("bad-header");
        }
        Ok((self.take_kept(&chain, n, now)?, true, Vec::new()))
    }

    /// A block that is too old is as good as dropped.
    fn take_kept(&mut self, chain: &Chain, n: u32, now: u64) -> Result<Key, Class> {
        match self.kept_at.get(&(chain.tag(), n / 64)) {
            Some(time) if now.saturating_sub(*time) > 30 * DAY => Err("too-old"),
            _ => self.kept.remove(&(chain.tag(), n)).ok_or_else(|| missing(chain.forgotten)),
        }
    }

    fn key_of_current(&mut self, header: &Header, now: u64) -> Result<Found, Class> {
        let mut chain = self.receiving.take().expect("there is one");
        let is_same = chain.ratchet_key.is_none_or(|key| key == header.key);
        if !is_same || (header.pn, header.epoch) != (chain.previous, chain.epoch) {
            return Err("bad-header");
        }
        chain.ratchet_key = Some(header.key);
        let mut gaps = Vec::new();
        let is_late = header.n < chain.next;
        let key = if is_late {
            self.take_kept(&chain, header.n, now)?
        } else {
            gaps.extend(self.advance(&mut chain, header.n, now));
            chain.step()
        };
        self.receiving = Some(chain);
        Ok((key, is_late, gaps))
    }

    fn key_of_next(&mut self, header: &Header, k3: &dyn Fn(&[u8]) -> Key, now: u64) -> Result<Found, Class> {
        let open = self.sending.take().filter(|chain| chain.next > 0).ok_or("ahead")?;
        let reached = self.receiving.as_ref().map_or(0..1, |chain| chain.next..LONGEST + 1);
        let (mixed, made) = match &self.lane.phase {
            Phase::Answering { secret, made } if self.lane.epoch == header.epoch => (Some(*secret), *made),
            _ => (Some([0; 32]).filter(|_| header.epoch == 0), 0),
        };
        let is_same = self.receiving.as_ref().is_some_and(|chain| chain.ratchet_key == Some(header.key));
        let mixed = mixed.filter(|_| reached.contains(&header.pn) && !is_same).ok_or("bad-header")?;
        let mixed = if header.ct3.is_empty() { mixed } else { k3(&header.ct3) };
        let mut gaps = Vec::new();
        if let Some(mut chain) = self.receiving.take() {
            gaps.extend(self.advance(&mut chain, header.pn, now));
            chain.key = [0; 32];
            self.closed.push(chain);
        }
        let (secret, own) = (open.ratchet_secret.expect("one's own"), open.ratchet_key.expect("one's own"));
        let pair = [&header.key, &own];
        let dh = dh(&secret, &header.key);
        let mut chain = self.root_step(1 - self.role, &dh, (header.epoch, mixed), pair);
        if header.epoch != 0 {
            self.post_quantum = made;
            self.lane = header.epoch.checked_add(1).map_or_else(|| self.lane.closed(), Lane::collecting);
        }
        self.previous = open.next;
        chain.previous = header.pn;
        gaps.extend(self.advance(&mut chain, header.n, now));
        let found = (chain.step(), false, gaps);
        self.receiving = Some(chain);
        Ok(found)
    }

    /// Passes numbers. The keys of the highest 1,000 are kept.
    fn advance(&mut self, chain: &mut Chain, to: u32, now: u64) -> Option<Gap> {
        let passed = chain.next..to;
        while chain.next < to {
            let (n, key) = (chain.next, chain.step());
            if n + 1_000 >= to {
                let (tag, block) = (chain.tag(), n / 64);
                let time = self.kept_at.insert((tag, block), now).unwrap_or(now);
                if now.saturating_sub(time) > 30 * DAY {
                    self.kept.retain(|(it, n), _| (*it, n / 64) != (tag, block));
                    chain.forgotten = true;
                }
                self.kept.insert((tag, n), key);
            } else {
                chain.forgotten = true;
            }
        }
        Some((chain.tag(), passed)).filter(|(_, passed)| !passed.is_empty())
    }

    /// The tags under which a message may come.
    pub(crate) fn tags(&self) -> BTreeSet<Tag> {
        let chains = self.closed.iter().chain(&self.receiving).map(Chain::tag);
        let next = header_keys(&self.next[usize::from(1 - self.role)]);
        chains.chain(self.remembered.iter().map(|it| it.1)).chain([array(&next[..8])]).collect()
    }

    /// §6.10
    pub(crate) fn tidy(&mut self, now: u64) {
        self.kept_at.values_mut().for_each(|time| *time = now.min(*time));
        loop {
            self.kept_at
                .retain(|(tag, i), _| (i * 64..i * 64 + 64).any(|n| self.kept.contains_key(&(*tag, n))));
            let has_blocks = |chain: &Chain| self.kept_at.keys().any(|(tag, _)| *tag == chain.tag());
            let (closed, others) = mem::take(&mut self.closed).into_iter().partition(has_blocks);
            self.closed = closed;
            self.remembered.extend(others.iter().map(|chain| (chain.number, chain.tag(), chain.forgotten)));
            let age = |tag| self.closed.iter().position(|chain| chain.tag() == tag).unwrap_or(usize::MAX);
            let block = if self.closed.len() > 16 {
                self.kept_at.keys().find(|(tag, _)| age(*tag) == 0)
            } else {
                let is_late = |time| self.kept_at.len() > 64 || now - time > 30 * DAY;
                let oldest = self.kept_at.iter().min_by_key(|((tag, i), time)| (**time, age(*tag), *i));
                oldest.filter(|(_, time)| is_late(**time)).map(|(block, _)| block)
            };
            let Some((tag, i)) = block.copied() else { break };
            self.kept.retain(|(it, n), _| (*it, n / 64) != (tag, i));
            let mut chains = self.closed.iter_mut().chain(&mut self.receiving);
            chains.find(|chain| chain.tag() == tag).expect("of a chain that is there").forgotten = true;
        }
        let many = self.remembered.len().saturating_sub(8);
        self.remembered.drain(..many);
    }
}

/// An authentic header, and how long what follows it is.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) key: Key,
    pub(crate) n: u32,
    pub(crate) pn: u32,
    pub(crate) epoch: u32,
    pub(crate) ct3: Vec<u8>,
    pub(crate) sealed: usize,
}

/// §6.7, up to step 3. Keys are those of the chain; `answers`: whether it is B's first.
pub(crate) fn read_header(message: &[u8], keys: &[u8; 72], answers: bool) -> Result<Header, Class> {
    let end = if answers { 24 + 1_136 } else { 24 + 48 };
    let sealed = message.len().checked_sub(end + 8).ok_or("bad-length")?;
    if !buckets().any(|bucket| bucket + 16 == sealed) {
        return Err("bad-length");
    }
    let (salt, eh, hm) = (&message[8..24], &message[24..end], &message[end..end + 8]);
    if mac(&array(&keys[40..]), &[salt, eh])[..8] != *hm {
        return Err("unauthentic");
    }
    let header = masked(&array(&keys[8..40]), &salt[..12], eh);
    let [n, pn, epoch] = [33, 37, 41].map(|i| u32::from_be_bytes(array(&header[i..i + 4])));
    if header[0] != 0 || header[45..48] != [0; 3] || n >= LONGEST || pn > LONGEST {
        return Err("bad-header");
    }
    let key = array(&header[1..33]);
    if !is_public_key(&key) {
        return Err("invalid-key");
    }
    Ok(Header { key, n, pn, epoch, ct3: header[48..].to_vec(), sealed })
}
