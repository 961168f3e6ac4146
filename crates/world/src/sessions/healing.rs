//! How many messages and bytes lie between two mixings of a lane secret, in conversations of several kinds.

use sottovoce::ratchet::hazmat;
use sottovoce::time::Span;

use super::pair::Pair;
use crate::dice::Dice;

/// What a session adds to a text: references to manifests, acknowledgements, the kind of message. An assumption of this table.
pub(super) const AROUND_TEXT: usize = 70;
/// Mixings that are counted per cell.
const MIXINGS: u32 = 6;
/// Messages after which a cell is given up: such texts leave no room.
const PATIENCE: u32 = 2_000;

/// Who speaks.
#[derive(Clone, Copy)]
struct Habit {
    name: &'static str,
    /// Messages of A, then of B, in one round.
    turns: [u64; 2],
    /// Whether B's are receipts, of no text.
    receipts: bool,
    /// Of a hundred messages so many are lost.
    loss: u64,
}

const HABITS: [Habit; 7] = [
    Habit { name: "ping-pong", turns: [1, 1], receipts: false, loss: 0 },
    Habit { name: "3 : 1", turns: [3, 1], receipts: false, loss: 0 },
    Habit { name: "1 : 3", turns: [1, 3], receipts: false, loss: 0 },
    Habit { name: "A writes, B sends a receipt for each", turns: [1, 1], receipts: true, loss: 0 },
    Habit { name: "A writes, B sends a receipt for every 5", turns: [5, 1], receipts: true, loss: 0 },
    Habit { name: "ping-pong, 10 % lost", turns: [1, 1], receipts: false, loss: 10 },
    Habit { name: "ping-pong, 25 % lost", turns: [1, 1], receipts: false, loss: 25 },
];

/// Text of so many bytes; the last one draws a length for each message, all orders of magnitude alike.
const TEXTS: [(&str, u64); 5] = [("10", 10), ("32", 32), ("100", 100), ("1,000", 1_000), ("10 to 1,000", 0)];

pub(super) fn text(dice: &mut Dice, given: u64) -> usize {
    // Steps of a quarter octave from 10 to 1,000.
    const LENGTHS: [usize; 27] = [
        10, 12, 14, 17, 20, 24, 28, 34, 40, 48, 57, 67, 80, 95, 113, 135, 160, 190, 226, 269, 320, 381, 453,
        538, 640, 761, 905,
    ];
    if given > 0 {
        usize::try_from(given).unwrap()
    } else {
        LENGTHS[usize::try_from(dice.below(27)).unwrap()]
    }
}

/// Messages of both sides, and bytes, per mixing; `None` if there is none. With `overdue` the last healing is always 8 days past, so
/// that messages take the larger bucket when there is something to send.
fn measure(habit: Habit, length: u64, overdue: bool) -> Option<(f64, f64)> {
    let (mut pair, mut dice) = (Pair::new(1), Dice::new(1));
    let (mut messages, mut bytes) = (0_u32, 0_usize);
    let epoch = |pair: &Pair| hazmat::lane(&pair.a.ratchet()).1;
    let mut start = (0, 0);
    while epoch(&pair) < 2 + MIXINGS {
        if epoch(&pair) < 2 {
            start = (messages, bytes);
        }
        let mut sum = (0, 0);
        round(&mut pair, &mut dice, (habit, length, overdue), &mut sum);
        messages += sum.0;
        bytes += sum.1;
        if messages > PATIENCE {
            return None;
        }
    }
    let (messages, bytes) = (messages - start.0, bytes - start.1);
    let per_mixing = |count: u32| f64::from(count) / f64::from(MIXINGS);
    Some((per_mixing(messages), per_mixing(u32::try_from(bytes).unwrap())))
}

fn round(
    pair: &mut Pair,
    dice: &mut Dice,
    (habit, length, overdue): (Habit, u64, bool),
    sum: &mut (u32, usize),
) {
    for (from_a, count) in [(true, habit.turns[0]), (false, habit.turns[1])] {
        for _ in 0..count {
            let text = if habit.receipts && !from_a { 0 } else { text(dice, length) };
            let content = vec![7; text + AROUND_TEXT];
            if overdue {
                let sender = if from_a { &pair.a } else { &pair.b };
                pair.now = sender.ratchet().healing().post_quantum.plus(Span::from_days(8));
            }
            let message = if from_a { pair.seal_a(&content) } else { pair.seal_b(&content) };
            *sum = (sum.0 + 1, sum.1 + message.len());
            if dice.below(100) >= habit.loss {
                let receiver = if from_a { &mut pair.b } else { &mut pair.a };
                drop(receiver.open(&message, pair.now).unwrap());
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "the result")]
pub(super) fn print() {
    println!(
        "| who speaks | text, bytes | messages of both per mixing | bytes per mixing | when overdue: messages | bytes |"
    );
    println!("|---|---|---|---|---|---|");
    for habit in HABITS {
        for (name, length) in TEXTS {
            let cell = |measured: Option<(f64, f64)>| match measured {
                Some((messages, bytes)) => format!("{messages:.0} | {:.1} KB", bytes / 1_000.0),
                None => "no room | –".to_owned(),
            };
            let (usual, overdue) = (measure(habit, length, false), measure(habit, length, true));
            println!("| {} | {name} | {} | {} |", habit.name, cell(usual), cell(overdue));
        }
    }
}
