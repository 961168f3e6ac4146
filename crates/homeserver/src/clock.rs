//! The one place where time is read.

use sottovoce::time::Timestamp;

/// Now. Before 1970 it is 1970.
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the shell is who tells the library the time"
)]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    let millis = since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    Timestamp::from_millis(millis)
}
