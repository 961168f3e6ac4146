//! The accounts of this server: who they are, and what they publish. `docs/PROTOCOL.md` §7.7, §8.3, §8.4.
//!
//! | file | |
//! |---|---|
//! | `entry`, `record` | what is kept |
//! | `registration`, `closing` | how an account comes and goes |
//! | `manifests`, `keys` | its chain, and that its keys are nobody else's |
//! | `prekeys`, `claims` | what its devices publish, and who gets it |
//! | `lookups` | whose an address is |
//! | `export` | all that is held of an account |

mod claims;
mod closing;
mod entry;
mod export;
mod keys;
mod lookups;
mod manifests;
mod prekeys;
mod record;
mod registration;

pub(crate) use claims::claim;
pub(crate) use closing::{close, due};
pub(crate) use export::export;
pub(crate) use lookups::{certificate, lookup, may_ask};
pub(crate) use manifests::{is_forked, put as put_manifest};
pub(crate) use prekeys::put as put_prekeys;
pub(crate) use registration::{Newcomer, invite, listed, register, set_findable};

pub use entry::{AccountEntry, AccountState, AddressOwner};
pub use export::{Export, ExportedDevice};
pub use prekeys::{NewPrekeys, PrekeysHeld};
pub use record::{AskBudget, Bitmap, ClaimBudget, DevicePrekeys, Invite, RegisteredKey, StockUse};
