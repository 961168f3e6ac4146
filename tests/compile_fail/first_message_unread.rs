//! That a message beside an Initial opened is proven by the ratchet alone, and for this Initial alone.
use sottovoce::handshake::{Opened, Tentative};
use sottovoce::pairwise::FirstOpened;

fn nobody_looked(tentative: Tentative) -> Result<(Opened, ()), ()> {
    tentative.first_message(|_| Ok(()))
}

fn kept_from_another(tentative: Tentative, opened: FirstOpened<'static, ()>) -> Result<(Opened, ()), ()> {
    tentative.first_message(|_| Ok(opened))
}

fn main() {}
