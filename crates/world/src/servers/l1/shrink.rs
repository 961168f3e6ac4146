//! The shortest form of a plan that still breaks something.

use super::plan::Plan;
use super::simulate;

/// Leaves out whatever is not needed. The plan breaks something.
pub fn shrink(plan: Plan, seed: u64) -> Plan {
    let mut best = plan;
    let mut size = best.actions.len() / 2;
    while size > 0 {
        let mut from = 0;
        while from < best.actions.len() {
            let mut shorter = best.clone();
            shorter.actions.drain(from..best.actions.len().min(from + size));
            if simulate(&shorter, seed).is_err() {
                best = shorter;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    best
}
