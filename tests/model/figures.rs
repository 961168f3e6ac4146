//! What a run met, and that it met everything.

use core::fmt;
use std::collections::BTreeMap;

type Counts = BTreeMap<&'static str, usize>;

#[derive(Default)]
pub struct Figures {
    pub histories: usize,
    /// By who made them.
    pub accepted: Counts,
    /// By error class.
    pub refused: Counts,
    pub orders: usize,
    /// Of orders.
    pub ends: Counts,
    /// What the library said to each arrival.
    pub answers: Counts,
    /// Verdicts on pairs of manifests as evidence of a fork.
    pub evidence: Counts,
}

impl Figures {
    fn groups(&self) -> [(&'static str, &Counts, &[&str]); 5] {
        const ROLES: &[&str] = &[
            "genesis",
            "owner",
            "stale signer",
            "thief",
            "twin",
            "recovery",
            "stale recovery",
            "old recovery key",
            "other chain",
            "spoiled",
        ];
        const CLASSES: &[&str] = &[
            "bad-value",
            "wrong-kind",
            "bad-path",
            "unauthorised",
            "invalid-signature",
            "bad-body",
            "missing",
            "no-possession",
        ];
        const ENDS: &[&str] = &["newest", "twins", "contradiction"];
        const ANSWERS: &[&str] = &["newer", "known", "forked", "rollback", "other-chain"];
        const EVIDENCE: &[&str] = &["fork", "no-fork", "other-chain"];
        [
            ("manifests accepted", &self.accepted, ROLES),
            ("manifests refused", &self.refused, CLASSES),
            ("ends of orders", &self.ends, ENDS),
            ("answers to arrivals", &self.answers, ANSWERS),
            ("pairs as evidence", &self.evidence, EVIDENCE),
        ]
    }

    pub fn everything_occurred(&self) {
        for (group, counts, wanted) in self.groups() {
            for name in wanted {
                assert!(counts.contains_key(name), "{group}: no {name}");
            }
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "histories {}, orders {}", self.histories, self.orders)?;
        for (group, counts, _) in self.groups() {
            let list: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(f, "{group} {}: {}", counts.values().sum::<usize>(), list.join(", "))?;
        }
        Ok(())
    }
}
