//! What other lists of padded lengths would cost in bytes, and how fast the lane would turn.

use sottovoce::crypto::random::Generator;
use sottovoce::ratchet::hazmat::{self, LaneSide};

use super::healing::{AROUND_TEXT, text};
use crate::dice::Dice;

/// Bytes of a body without symbols and content (§6.4).
const FIXED: usize = 16;
const SYMBOL: usize = 32;
const MIXINGS: u32 = 30;

/// A list of lengths: the smallest that holds so many bytes.
struct List {
    name: &'static str,
    fit: fn(usize) -> usize,
}

const LISTS: [List; 9] = [
    List { name: "multiples of 64", fit: |least| least.next_multiple_of(64) },
    List { name: "multiples of 128", fit: |least| least.next_multiple_of(128) },
    List { name: "multiples of 192", fit: |least| least.next_multiple_of(192) },
    List { name: "from 160, each 1.25 times the last", fit: |least| grown(least, 160, 5, 4) },
    List { name: "from 192, each 1.5 times the last", fit: |least| grown(least, 192, 3, 2) },
    List { name: "from 128, doubling", fit: |least| grown(least, 128, 2, 1) },
    List {
        name: "**192, 384, 768, multiples of 1,536**",
        fit: |least| hazmat::bucket(least - FIXED - SYMBOL, false).unwrap().0,
    },
    List { name: "from 256, doubling", fit: |least| grown(least, 256, 2, 1) },
    List { name: "multiples of 1,024", fit: |least| least.next_multiple_of(1_024) },
];

fn grown(least: usize, first: usize, times: usize, by: usize) -> usize {
    let mut length = first;
    while length < least {
        length = (length * times / by).next_multiple_of(16);
    }
    length
}

/// How many lengths messages up to the largest text of the table may have, bytes added to the average text, and messages per mixing.
fn measure(list: &List) -> (usize, f64, f64) {
    let mut lengths: Vec<usize> =
        (10..=1_000).map(|text| (list.fit)(text + AROUND_TEXT + FIXED + SYMBOL)).collect();
    lengths.dedup();
    let mut dice = Dice::new(1);
    let mut rng = dice.generator();
    let mut sides = [LaneSide::offerer(&mut rng).unwrap(), LaneSide::answerer()];
    let (mut messages, mut least, mut padded, mut mixed) = (0_u32, 0_usize, 0_usize, 0);
    while mixed < MIXINGS {
        for way in [0, 1] {
            let content = text(&mut dice, 0) + AROUND_TEXT + FIXED;
            let length = (list.fit)(content + SYMBOL);
            mixed += exchange(&mut sides, way, (length - content) / SYMBOL, &mut rng);
            (messages, least, padded) = (messages + 1, least + content, padded + length);
        }
    }
    let part = |count: usize| f64::from(u32::try_from(count).unwrap());
    (lengths.len(), 100.0 * (part(padded) / part(least) - 1.0), f64::from(messages) / f64::from(mixed))
}

/// One message in turn, with a step before it; whether it mixed.
fn exchange(sides: &mut [LaneSide; 2], way: usize, room: usize, rng: &mut Generator) -> u32 {
    let message = sides[way].send(true, room, rng).unwrap();
    let mixed = sides[1 - way].receive(message.named, &message.fields).unwrap();
    u32::from(mixed.is_some())
}

#[expect(clippy::print_stdout, reason = "the result")]
pub(super) fn print() {
    println!(
        "| lengths of padded bodies | of texts of 10 to 1,000 bytes | bytes added | messages per mixing |"
    );
    println!("|---|---|---|---|");
    for list in LISTS {
        let (lengths, added, messages) = measure(&list);
        println!("| {} | {lengths} | {added:.0} % | {messages:.0} |", list.name);
    }
}
