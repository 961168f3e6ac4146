//! The lane, `docs/PROTOCOL.md` §6.8.

use std::collections::BTreeMap;

use super::Class;
use super::primitives::{Key, array, decapsulate, encapsulate, expand, hash, kem_key, mac};

pub(crate) type Symbol = [u8; 32];

/// How many symbols a key and an answer have.
pub(crate) const KEY: usize = 37;
pub(crate) const ANSWER: usize = 35;

#[derive(Clone, Debug)]
pub(crate) enum Phase {
    Offering { seed: [u8; 64], made: u64 },
    Ready { secret: Key, made: u64 },
    Collecting,
    Holding { key: Vec<u8> },
    Answering { secret: Key, made: u64 },
    Closed,
}

#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) epoch: u32,
    pub(crate) phase: Phase,
    /// One's own key or answer; nothing once all of it is acknowledged.
    out: Vec<Symbol>,
    acknowledged: u64,
    cursor: usize,
    held: BTreeMap<usize, Symbol>,
}

/// The secret of an epoch, and its confirmation.
pub(crate) fn secret(z: &Key, epoch: u32, key: &[u8], ciphertext: &[u8]) -> (Key, [u8; 16]) {
    let parts: [&[u8]; 4] = [&[1], &epoch.to_be_bytes(), &hash(&[key]), &hash(&[ciphertext])];
    let both: [u8; 48] = expand(&mac(&[0; 32], &[z]), "lane", &parts);
    (array(&both[..32]), array(&both[32..]))
}

/// The bits of so many symbols.
const fn all(symbols: usize) -> u64 {
    (1 << symbols) - 1
}

impl Lane {
    fn new(epoch: u32, phase: Phase, out: &[u8]) -> Self {
        let out = out.chunks(32).map(array).collect();
        Self { epoch, phase, out, acknowledged: 0, cursor: 0, held: BTreeMap::new() }
    }

    pub(crate) fn offering(epoch: u32, seed: [u8; 64], made: u64) -> Self {
        Self::new(epoch, Phase::Offering { seed, made }, &kem_key(&seed))
    }

    pub(crate) fn collecting(epoch: u32) -> Self {
        Self::new(epoch, Phase::Collecting, &[])
    }

    pub(crate) const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    pub(crate) fn closed(&self) -> Self {
        Self::new(self.epoch, Phase::Closed, &[])
    }

    /// Answers the key that is held.
    pub(crate) fn answer(&mut self, coins: &Key, made: u64) {
        let Phase::Holding { key } = &self.phase else { return };
        let (ciphertext, z) = encapsulate(key, coins).expect("only a key is held");
        let (secret, confirm) = secret(&z, self.epoch, key, &ciphertext);
        let answer = [&ciphertext[..], &confirm, &[0; 16]].concat();
        *self = Self::new(self.epoch, Phase::Answering { secret, made }, &answer);
    }

    /// `lane epoch` and `received` of a body.
    pub(crate) fn fields(&self) -> (u32, u64) {
        match self.phase {
            Phase::Closed => (0, 0),
            Phase::Offering { .. } | Phase::Collecting => {
                (self.epoch, self.held.keys().map(|i| 1 << i).sum())
            }
            Phase::Ready { .. } => (self.epoch, all(ANSWER)),
            Phase::Holding { .. } | Phase::Answering { .. } => (self.epoch, all(KEY)),
        }
    }

    /// The symbols that wait, in the order in which they are sent.
    fn waiting(&self) -> impl Iterator<Item = usize> {
        let count = self.out.len();
        (0..count).map(move |i| (self.cursor + i) % count).filter(|i| self.acknowledged >> i & 1 == 0)
    }

    pub(crate) fn waits(&self) -> bool {
        self.waiting().next().is_some()
    }

    /// The next symbols, at most so many.
    pub(crate) fn take(&mut self, limit: usize) -> BTreeMap<usize, Symbol> {
        let next: Vec<_> = self.waiting().take(limit).collect();
        if let Some(last) = next.last() {
            self.cursor = (last + 1) % self.out.len();
        }
        next.iter().map(|i| (*i, self.out[*i])).collect()
    }

    /// Of one's own, and what is held of the other side's.
    pub(crate) fn symbols(
        &self,
    ) -> (impl Iterator<Item = (usize, Symbol)>, impl Iterator<Item = (usize, Symbol)>) {
        (self.out.iter().copied().enumerate(), self.held.iter().map(|(i, symbol)| (*i, *symbol)))
    }

    /// Takes the fields of a body.
    pub(crate) fn accept(
        &mut self,
        (epoch, received): (u32, u64),
        symbols: &BTreeMap<usize, Symbol>,
        ignores: bool,
    ) -> Result<(), Class> {
        if ignores {
            return Ok(());
        }
        if epoch == 0 && (received != 0 || !symbols.is_empty()) {
            return Err("bad-lane");
        }
        if epoch != self.epoch || self.is_closed() {
            return Ok(());
        }
        self.acknowledged |= received;
        if !self.out.is_empty() && self.acknowledged == all(self.out.len()) {
            self.out.clear();
        }
        let expected = match self.phase {
            Phase::Offering { .. } => ANSWER,
            Phase::Collecting => KEY,
            _ => return Ok(()),
        };
        for (i, symbol) in symbols {
            let pads = *i == 34 && expected == ANSWER;
            if pads && symbol[16..] != [0; 16]
                || self.held.insert(*i, *symbol).is_some_and(|it| it != *symbol)
            {
                return Err("bad-lane");
            }
        }
        if self.held.len() == expected {
            *self = self.completed(&self.held.values().copied().collect::<Vec<_>>().concat());
        }
        Ok(())
    }

    /// What follows when all symbols have come.
    fn completed(&self, bytes: &[u8]) -> Self {
        match &self.phase {
            Phase::Offering { seed, made } => {
                let (ciphertext, confirm) = (&bytes[..1088], &bytes[1088..1104]);
                let z = decapsulate(seed, ciphertext);
                match secret(&z, self.epoch, &kem_key(seed), ciphertext) {
                    (secret, right) if right == confirm => {
                        Self::new(self.epoch, Phase::Ready { secret, made: *made }, &[])
                    }
                    _ => self.closed(),
                }
            }
            _ if encapsulate(bytes, &[0; 32]).is_some() => {
                Self::new(self.epoch, Phase::Holding { key: bytes.to_vec() }, &[])
            }
            _ => self.closed(),
        }
    }
}
