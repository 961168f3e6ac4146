//! what is lost, late, repeated.

use super::pair::Pair;

#[test]
fn messages_in_order_open() {
    let mut pair = Pair::new(1);
    for round in 0..100_u32 {
        pair.a_says(&round.to_be_bytes());
        pair.b_says(&round.to_be_bytes());
    }
}
