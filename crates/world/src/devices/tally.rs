//! What seeds came to.

use std::collections::BTreeMap;
use std::fmt;

/// Counts of what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Seeds that were run.
    pub seeds: u64,
    /// Of these, without a fault of a device.
    pub harmless: u64,
    /// Contents that were said.
    pub said: u64,
    /// Messages that were sealed.
    pub sealed: u64,
    /// Messages that opened.
    pub opened: u64,
    /// Of these, late.
    pub late: u64,
    /// Frames that the network lost.
    pub lost: u64,
    /// Sessions that were begun.
    pub begun: u64,
    /// Contents that were sealed again because a device had not received them.
    pub resent: u64,
    /// Faults of devices.
    pub faults: u64,
    /// Contents that a device did not get, and one of both was told.
    pub told: u64,
    /// Pairs of devices that did not use the same session at the end, and one of both was told.
    pub apart: u64,
    /// What applications were told, by kind.
    pub alarms: BTreeMap<&'static str, u64>,
    /// Why nothing was opened or sealed, by class.
    pub refused: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Adds what another seed came to.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.harmless += other.harmless;
        self.said += other.said;
        self.sealed += other.sealed;
        self.opened += other.opened;
        self.late += other.late;
        self.lost += other.lost;
        self.begun += other.begun;
        self.resent += other.resent;
        self.faults += other.faults;
        self.told += other.told;
        self.apart += other.apart;
        for (sum, more) in [(&mut self.alarms, &other.alarms), (&mut self.refused, &other.refused)] {
            for (kind, count) in more {
                *sum.entry(kind).or_default() += count;
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, harmless, said, sealed, opened, late, lost, begun, resent, .. } = self;
        let Self { faults, told, apart, alarms, refused, .. } = self;
        write!(
            f,
            "{seeds} seeds, {harmless} of them harmless; {said} contents, {sealed} messages sealed, {lost} lost, {opened} opened, \
             {late} of them late, {begun} sessions begun, {resent} contents sealed again; {faults} faults of devices; {told} contents \
             not received and {apart} pairs apart, of which somebody was told; told: {alarms:?}; refused: {refused:?}"
        )
    }
}
