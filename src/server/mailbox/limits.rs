//! How much, and for how long. `docs/PROTOCOL.md` §7.6.

use crate::server::quota::Rate;
use crate::time::Span;

/// Entries that wait in one mailbox.
pub const ENTRIES: u32 = 10_000;
/// Bytes that wait in one mailbox, with the payloads that its entries name, counted for each.
pub const BYTES: u64 = 64 << 20;
/// What an entry counts for beside its body and its payload.
pub const ENTRY: u64 = 128;
/// Entries of one answer to a device that drains.
pub const PAGE: u16 = 100;
/// Bytes of entries and payloads of one answer; one entry with its payload always fits.
pub const PAGE_BYTES: usize = 960 << 10;
/// Gaps of one answer.
pub const PAGE_GAPS: u16 = 16;
/// Gaps that are kept.
pub const GAPS: u16 = 256;
/// How long entries, requests and gaps are kept.
pub const LIFETIME: Span = Span::from_days(30);
/// How long a token that was rotated still serves.
pub const GRACE: Span = Span::from_days(15);
/// How long a payload is kept that nothing holds.
pub const PAYLOAD: Span = Span::from_days(1);
/// When to come again to a mailbox that is full.
pub const FULL: Span = Span::from_secs(15 * 60);
/// Tokens of one account.
pub const TOKENS: u32 = 8_192;
/// Requests that wait in an inbox.
pub const REQUESTS: usize = 64;
/// Of them from one origin.
pub const REQUESTS_OF_ORIGIN: usize = 16;
/// How long a pseudonym's request keeps it from another.
pub const REQUEST_EVERY: Span = Span::from_days(1);
/// Requests that an inbox remembers.
pub const SLOTS: usize = 256;
/// Of them from one origin, so that it does not take all places of a day when those that it fills are settled.
pub const SLOTS_OF_ORIGIN: usize = 64;
/// Pseudonyms that an account blocks.
pub const BLOCKED: usize = 256;
/// Bytes of the place where a device wants to be woken.
pub const PUSH: usize = 1_024;

/// Items with one token.
pub const TOKEN_ITEMS: Rate = Rate { burst: 2_000, per_hour: 2_000 };
/// Bytes with one token, counted as in the mailbox.
pub const TOKEN_BYTES: Rate = Rate { burst: 32 << 20, per_hour: 32 << 20 };
/// What a payload counts for beside its bytes, to its origin: records and timers of its own.
pub const PAYLOAD_ENTRY: u64 = 1 << 10;
/// Bytes of payloads from one origin.
pub const ORIGIN_PAYLOADS: Rate = Rate { burst: 256 << 20, per_hour: 256 << 20 };
/// Requests from one origin.
pub const ORIGIN_REQUESTS: Rate = Rate { burst: 256, per_hour: 256 };
/// Gaps that one other server tells.
pub const DOMAIN_GAPS: Rate = Rate { burst: 4, per_hour: 1 };
