//! What was decided about the items of a batch, in their order. `docs/PROTOCOL.md` §7.4.

use crate::server::Verdict;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// As many as a batch has items.
const MAX_VERDICTS: u64 = 1_000;

/// Verdicts, kept as runs of equal ones: most batches are one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    runs: Vec<(u32, Verdict)>,
}

impl Verdicts {
    /// None.
    pub const fn new() -> Self {
        Self { runs: Vec::new() }
    }

    /// The verdict on the next item.
    pub fn push(&mut self, verdict: Verdict) {
        match self.runs.last_mut() {
            Some((count, last)) if *last == verdict && *count < u32::MAX => *count = count.saturating_add(1),
            _ => self.runs.push((1, verdict)),
        }
    }

    /// On how many items.
    pub fn len(&self) -> u64 {
        self.runs.iter().fold(0, |sum: u64, (count, _)| sum.saturating_add(u64::from(*count)))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// One for each item.
    pub fn iter(&self) -> impl Iterator<Item = Verdict> {
        let each = |&(count, verdict): &(u32, Verdict)| (0..count).map(move |_| verdict);
        self.runs.iter().flat_map(each)
    }

    pub(super) fn from_proto(runs: Vec<proto::VerdictRun>) -> Result<Self, Rule> {
        let mut verdicts = Self::new();
        for run in runs {
            let (count, verdict) = (required(run.count)?, Verdict::from_proto(required(run.verdict)?)?);
            let is_same = verdicts.runs.last().is_some_and(|(_, last)| *last == verdict);
            if count == 0 || is_same {
                return Err(Rule::BadValue);
            }
            verdicts.runs.push((count, verdict));
        }
        // Of one batch. Whoever goes through them one by one must not be made to go through billions.
        if verdicts.len() > MAX_VERDICTS { Err(Rule::BadValue) } else { Ok(verdicts) }
    }

    pub(super) fn to_proto(&self) -> Vec<proto::VerdictRun> {
        let run = |(count, verdict): &(u32, Verdict)| proto::VerdictRun {
            count: Some(*count),
            verdict: Some(verdict.to_proto()),
        };
        self.runs.iter().map(run).collect()
    }
}

impl FromIterator<Verdict> for Verdicts {
    fn from_iter<I: IntoIterator<Item = Verdict>>(iter: I) -> Self {
        let mut verdicts = Self::new();
        iter.into_iter().for_each(|verdict| verdicts.push(verdict));
        verdicts
    }
}
