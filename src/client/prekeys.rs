//! What this device publishes to be written to. `docs/PROTOCOL.md` §11.3.

use super::context::Context;
use super::errand;
use super::error::{Stopped, refuse};
use crate::handshake::OwnBundle;
use crate::identity::prekeys::{Bundle, Stock};
use crate::identity::validity::{LONGEST, Validity};
use crate::server::directory::NewPrekeys;
use crate::server::service::Operation;
use crate::session::{SessionError, keep_bundle, keep_stock};
use crate::time::Span;

/// After how long they are renewed: by the clock, and not by how many are claimed, which a server can invent.
const RENEWED: Span = Span::from_days(7);
/// log2 of the pairs of a stock.
const DEPTH: u32 = 6;

/// Makes new prekeys if the last are old, and publishes them.
pub(super) fn tend(ctx: &mut Context<'_, '_>) -> Result<(), Stopped> {
    let is_due = ctx.state.prekeys_at.is_none_or(|at| at > ctx.now || ctx.now.since(at) >= RENEWED);
    if !is_due {
        return Ok(());
    }
    let number = ctx.state.prekeys.saturating_add(1);
    let validity = Validity::starting(ctx.now, LONGEST);
    let (secret, account) = (&ctx.me.kept.secret, &ctx.me.account);
    let (bundle, private) =
        Bundle::generate(secret, account, number, validity, ctx.tx.rng()).map_err(refuse)?;
    let owner = (account.id(), secret.id());
    let (stock, pairs, privates) =
        Stock::generate(owner, number, DEPTH, validity, ctx.tx.rng()).map_err(refuse)?;
    let bundle = bundle.sign(secret.signing()).map_err(refuse)?;
    let stock = stock.sign(secret.signing()).map_err(refuse)?;
    let own = OwnBundle::new(&bundle, private).map_err(SessionError::from).map_err(refuse)?;
    // They are kept before anybody can use them: in the write without which nothing is sent.
    keep_bundle(ctx.tx, &own, ctx.now)?;
    keep_stock(ctx.tx, &privates, ctx.now)?;
    (ctx.state.prekeys, ctx.state.prekeys_at) = (number, Some(ctx.now));
    let new = NewPrekeys { bundle: Some(bundle), stock: Some(stock), pairs };
    errand::start(ctx, false, |_| Operation::PutPrekeys(Box::new(new)))
}
