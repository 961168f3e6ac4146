//! What a generator that repeats itself does to a state that exists twice.

use super::talk::Talk;
use crate::dice::Dice;
use crate::ratchet::model::Part;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Repeats {
    /// Times that two texts were sealed from one state with the same randomness.
    pub(super) pairs: usize,
    /// Pairs sealed under the same key and nonce.
    pub(super) same_key: usize,
    /// Pairs of which the XOR of the two texts could be read from what was sent.
    pub(super) read: usize,
}

/// Seals two texts from each of many states, each with the same randomness: a clone, or a state that was set back.
pub(super) fn repeats(number: u64, without: Option<Part>, pairs: usize) -> Repeats {
    let mut talk = Talk::new(number, without);
    talk.ping_pong(2);
    let mut dice = Dice::new(number);
    let mut found = Repeats { pairs, ..Repeats::default() };
    for _ in 0..pairs {
        talk.ping_pong(1);
        let from = usize::from(dice.below(2) == 1);
        let seed = dice.below(u64::MAX);
        let texts =
            [(); 2].map(|()| core::array::from_fn::<u8, 100, _>(|_| dice.below(256).to_be_bytes()[7]));
        let [one, other] = texts.map(|text| {
            let mut side = talk.sides[from].clone();
            side.seal(&text, None, &mut Dice::new(seed).generator(), 0).expect("a session in use")
        });
        // Tag and salt are in the clear; chain and number, and so the key, are those of the same state.
        let is_same = one[..24] == other[..24];
        found.same_key += usize::from(is_same);
        let xor = |one: &[u8], other: &[u8]| one.iter().zip(other).map(|(a, b)| a ^ b).collect::<Vec<_>>();
        let meant = xor(&texts[0], &texts[1]);
        let seen = xor(&one, &other);
        found.read += usize::from(seen.windows(meant.len()).any(|part| part == meant));
    }
    found
}
