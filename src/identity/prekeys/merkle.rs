//! The hash tree over a stock. `docs/PROTOCOL.md` §4.11.

use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::label;

fn node(left: &Hash, right: &Hash) -> Hash {
    Hasher::new(label::hash::NODE).array(left.as_bytes()).array(right.as_bytes()).finish()
}

/// All nodes of a tree over 2^k leaves: the leaves first, the root last.
pub(super) struct Tree(Vec<Vec<Hash>>);

impl Tree {
    /// The tree over these leaves, of which there are a power of two. `None` if there is none.
    pub(super) fn new(leaves: Vec<Hash>) -> Option<Self> {
        let mut levels = Vec::new();
        let mut level = leaves;
        while level.len() > 1 {
            let above = level.as_chunks::<2>().0.iter().map(|[left, right]| node(left, right)).collect();
            levels.push(core::mem::replace(&mut level, above));
        }
        levels.push(level);
        levels.last().is_some_and(|top| !top.is_empty()).then_some(Self(levels))
    }

    pub(super) fn root(&self) -> Option<Hash> {
        self.0.last().and_then(|top| top.first()).copied()
    }

    /// The siblings on the way from leaf `index` to the root.
    pub(super) fn proof(&self, index: usize) -> Vec<Hash> {
        let below = self.0.iter().take(self.0.len().saturating_sub(1));
        let mut at = index;
        let sibling = below.filter_map(|level| {
            let sibling = level.get(at ^ 1).copied();
            at >>= 1;
            sibling
        });
        sibling.collect()
    }
}

/// The root that a leaf leads to. Bits of `index` say on which side it stands, from the leaf upwards.
pub(super) fn root_of(leaf: Hash, index: u32, proof: &[Hash]) -> Hash {
    let mut at = index;
    proof.iter().fold(leaf, |below, sibling| {
        let is_left = at & 1 == 0;
        at >>= 1;
        if is_left { node(&below, sibling) } else { node(sibling, &below) }
    })
}
