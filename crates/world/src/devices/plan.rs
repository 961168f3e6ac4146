//! What a seed has in store.

use crate::dice::Dice;

/// Something that happens to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Its store is an earlier one again.
    SetBack,
    /// Another one has its keys and its store, and both act.
    Copy,
    /// It loses what it holds of another device.
    Lose,
    /// It loses the ratchet of a session with another device.
    LoseRatchet,
    /// It is removed from its account.
    Leave,
    /// Its account gets another one.
    Join,
    /// Its clock jumps.
    Clock,
}

const FAULTS: [Fault; 7] =
    [Fault::SetBack, Fault::Copy, Fault::Lose, Fault::LoseRatchet, Fault::Leave, Fault::Join, Fault::Clock];

#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// How many devices the two people have.
    pub(super) devices: [u64; 2],
    /// Of a hundred frames.
    pub(super) loss: u64,
    /// Of a hundred frames, without their blob.
    pub(super) bare: u64,
    /// Of a hundred frames, twice.
    pub(super) again: u64,
    /// The longest way, in minutes.
    pub(super) delay: u64,
    /// When, in minutes from the beginning.
    pub(super) faults: Vec<(u64, Fault)>,
    /// How long things go wrong, in minutes.
    pub(super) until: u64,
    /// How often a device says something, in minutes.
    pub(super) pause: u64,
    /// Whether whoever is set back or copied also draws the same again.
    pub(super) draws_again: bool,
    /// Whether frames for a device and its copy come to both.
    pub(super) both_hear: bool,
    /// Whether messages for all are sealed by a job.
    pub(super) by_job: bool,
}

impl Plan {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let devices = [[1, 1], [1, 2], [2, 1], [2, 2], [1, 3], [3, 2]];
        let devices = devices[usize::try_from(dice.below(6)).unwrap()];
        let until = 24 * 60 * (2 + dice.below(3));
        let is_good = dice.below(4) == 0;
        let mut faults = Vec::new();
        if dice.below(5) < 3 {
            for fault in FAULTS {
                let count = if dice.below(3) == 0 { 1 + dice.below(2) } else { 0 };
                faults.extend((0..count).map(|_| (60 + dice.below(until - 60), fault)));
            }
            faults.sort_by_key(|(at, _)| *at);
        }
        Self {
            devices,
            loss: if is_good { 0 } else { dice.below(26) },
            bare: if is_good { 0 } else { dice.below(4) },
            again: dice.below(10),
            delay: [2, 20, 90, 600][usize::try_from(dice.below(4)).unwrap()],
            faults,
            until,
            pause: [120, 240, 480][usize::try_from(dice.below(3)).unwrap()],
            draws_again: dice.below(2) == 0,
            both_hear: dice.below(2) == 0,
            by_job: dice.below(2) == 0,
        }
    }

    /// Whether nothing happens after which somebody has to be told.
    pub(super) fn is_harmless(&self) -> bool {
        self.faults.iter().all(|(_, fault)| matches!(fault, Fault::Leave | Fault::Join))
    }
}
