//! What only several processes at once can show: a counter that all of them count up, through the driver.

use core::fmt;

use rand_core::TryCryptoRng;

use super::Failure;
use crate::crypto::random::Seed;
use crate::crypto::secret::Secret;
use crate::storage::driver::{Machine, RunError, Step, run_async};
use crate::storage::error::StorageError;
use crate::storage::key::{Key, Table};
use crate::storage::loaded::{Loaded, Tail, Want};
use crate::storage::store::AsyncStore;
use crate::storage::transaction::{Interrupt, Item, Stop, Transaction, step};
use crate::storage::vault::Vault;
use crate::time::Timestamp;
use crate::wire::specimen::Part;

/// What the participants have counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The counter that all of them shared.
    pub shared: u32,
    /// How far each participant says it is.
    pub each: Vec<u32>,
    /// Entries of the log that all of them shared.
    pub entries: u32,
}

/// Counts as participant `number`, of at most 256, up to `rounds`, and goes on where it was if it was killed. Participants run in
/// threads and processes of their own, with handles of their own on one store.
pub async fn contend<S: AsyncStore>(
    store: &mut S,
    random: &mut impl TryCryptoRng,
    number: u8,
    rounds: u32,
) -> Result<(), RunError<StorageError, S::Error>> {
    let machine = Counter { vault: vault() };
    for round in 1..=rounds {
        let released =
            run_async(&machine, store, Timestamp::default(), random, &Input::Count { number, round }).await?;
        drop(released);
    }
    Ok(())
}

/// Looks at what `participants` have counted, each up to `rounds`. [`Failure`] unless each step was carried out exactly once
/// and as a whole.
pub async fn settle<S: AsyncStore<Error: fmt::Debug>>(
    store: &mut S,
    random: &mut impl TryCryptoRng,
    participants: u8,
    rounds: u32,
) -> Result<Tally, Failure> {
    let failure = |found| Failure { rule: "contention", found };
    let machine = Counter { vault: vault() };
    let mut tally = Tally { shared: 0, each: Vec::new(), entries: 0 };
    let mut after = 0;
    loop {
        let input = Input::Look { participants, after };
        let seen = run_async(&machine, store, Timestamp::default(), random, &input).await;
        let seen = seen.map_err(|error| failure(format!("{error:?}")))?;
        let Some(Output { shared, each, last, count }) = seen.send.into_iter().next() else { break };
        (tally.shared, tally.each) = (shared, each);
        tally.entries = tally.entries.saturating_add(count);
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    let wanted = rounds.saturating_mul(participants.into());
    let is_right =
        tally.shared == wanted && tally.entries == wanted && tally.each == vec![rounds; participants.into()];
    if is_right { Ok(tally) } else { Err(failure(format!("{tally:?}, not {wanted} of each"))) }
}

struct Counter {
    vault: Vault,
}

enum Input {
    Count { number: u8, round: u32 },
    Look { participants: u8, after: u64 },
}

struct Output {
    shared: u32,
    each: Vec<u32>,
    last: Option<u64>,
    count: u32,
}

fn vault() -> Vault {
    Vault::new(&Secret::new([0x5a; 32]), b"contention")
}

impl Counter {
    fn shared(&self) -> Key {
        self.vault.partition(Table::SPECIMENS, b"shared").key(0)
    }

    fn own(&self, number: u8) -> Key {
        self.vault.partition(Table::SPECIMENS, b"own").key(number.into())
    }

    fn count(&self, transaction: &mut Transaction<'_>, number: u8, round: u32) -> Result<(), Interrupt> {
        transaction.need([self.shared(), self.own(number)].map(Want::Record))?;
        let own = transaction.read::<Part>(self.own(number))?;
        if own.value().map_or(0, |part| part.number) >= round {
            transaction.already_done();
            return Ok(());
        }
        let shared = transaction.read::<Part>(self.shared())?;
        let count = shared.value().map_or(0, |part| part.number).saturating_add(1);
        transaction.put(own, &part(round))?;
        transaction.put(shared, &part(count))?;
        let name = [[number].as_slice(), &round.to_be_bytes()].concat();
        let id = self.vault.item(&self.shared(), &name);
        transaction.append(self.shared(), id, &part(count))?;
        transaction.event(&part(count))?;
        if round.is_multiple_of(3) {
            transaction.flush();
        }
        Ok(())
    }

    fn look(
        &self,
        transaction: &mut Transaction<'_>,
        participants: u8,
        after: u64,
    ) -> Result<Output, Interrupt> {
        let tail = Tail::new(self.shared(), after, 1_000);
        let own: Vec<_> = (0..participants).map(|number| self.own(number)).collect();
        let wants = own.iter().copied().chain([self.shared()]).map(Want::Record);
        transaction.need(wants.chain([Want::Log(tail)]))?;
        let mut number_at = |key| {
            let slot = transaction.read::<Part>(key)?;
            Ok::<_, Interrupt>(slot.value().map_or(0, |part| part.number))
        };
        let shared = number_at(self.shared())?;
        let each = own.into_iter().map(&mut number_at).collect::<Result<_, _>>()?;
        let entries: Vec<Item<Part>> = transaction.tail(tail)?;
        if let Some(error) = entries.iter().find_map(|item| item.value.as_ref().err()) {
            return Err(Interrupt::Failed(*error));
        }
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        Ok(Output { shared, each, last: entries.last().map(|item| item.number), count })
    }
}

impl Machine for Counter {
    type Input = Input;
    type Output = Output;
    type Refused = StorageError;

    fn step(
        &self,
        loaded: &Loaded,
        _now: Timestamp,
        seed: Seed,
        input: &Input,
    ) -> Result<Step<Output>, StorageError> {
        step(&self.vault, loaded, seed, |transaction| {
            Ok(match *input {
                Input::Count { number, round } => {
                    self.count(transaction, number, round).map_err(Stop::from)?;
                    Vec::new()
                }
                Input::Look { participants, after } => vec![self.look(transaction, participants, after)?],
            })
        })
    }
}

const fn part(number: u32) -> Part {
    Part { number, mark: None }
}
