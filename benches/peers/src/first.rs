//! First flights, beside the sum of their primitives.

use crate::ours::{Randomness, accept, begin};
use crate::primitives::Primitives;
use crate::scene::Scene;
use crate::table::{Row, Table, Target, time};

/// How many make a batch.
const COUNT: u32 = 16;
/// What the handshake may cost beyond its primitives.
const MOST: f64 = 1.25;

pub fn run(table: &mut Table, scene: &Scene) {
    let primitives = Primitives::new(scene);
    let (mut randomness, mut others) = (Randomness::new(), Randomness::new());
    let row = Row {
        name: "initiator: handshake, session, first message of 32 B",
        beside: "primitives",
        count: COUNT,
        target: Target::Ratio(MOST),
    };
    table.times(
        &row,
        |count| {
            let prekeys = (0..count).map(|_| scene.prekeys(true)).collect();
            time(prekeys, |prekeys| begin(scene, prekeys, &mut randomness))
        },
        |count| time(vec![(); count as usize], |()| primitives.initiator(&mut others)),
    );

    let frame = begin(scene, scene.prekeys(true), &mut randomness).frame;
    let row = Row {
        name: "responder: screened, opened, accepted, session",
        beside: "primitives",
        count: COUNT,
        target: Target::Ratio(MOST),
    };
    table.times(
        &row,
        |count| {
            let pairs = (0..count).map(|_| scene.pair_secret()).collect();
            time(pairs, |pair| accept(scene, &frame, pair))
        },
        |count| time(vec![(); count as usize], |()| primitives.responder()),
    );
}
