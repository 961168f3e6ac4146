//! What can go wrong with a database file, by what helps.

use core::fmt;

use rusqlite::ErrorCode;
use rusqlite::ffi::{self, SQLITE_IOERR_SHMSIZE};

/// Why the store failed. After [`apply`](sottovoce::storage::Store::apply) it is open whether the write was carried out, except
/// after [`Busy`](Self::Busy), and after [`Hook`](Self::Hook) unless the hook itself has committed: then nothing has changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SqliteError {
    /// The file cannot be opened or created: a missing directory, missing rights.
    Open(rusqlite::Error),
    /// The file is something else: no database, or another application's. It was left as it is.
    NotOurs,
    /// A newer release has written the file. It was left as it is.
    NewerSchema {
        /// The schema of the file.
        found: i32,
        /// The newest schema that this release knows.
        known: i32,
    },
    /// Another handle has kept the database locked for longer than the busy timeout.
    Busy(rusqlite::Error),
    /// No room is left on the disk.
    Full(rusqlite::Error),
    /// The file is damaged.
    Corrupt(rusqlite::Error),
    /// The application's hook failed, or has ended the transaction that it was called in.
    Hook(rusqlite::Error),
    /// Anything else.
    Other(rusqlite::Error),
}

impl SqliteError {
    /// An error of the hook, unless the cause is the store's.
    pub(crate) fn of_hook(error: rusqlite::Error) -> Self {
        match Self::from(error) {
            Self::Other(error) | Self::Open(error) | Self::Busy(error) => Self::Hook(error),
            other => other,
        }
    }

    /// A row that this crate cannot have written.
    pub(crate) fn bad_row() -> Self {
        let code = ffi::Error::new(ffi::SQLITE_CORRUPT);
        Self::Corrupt(rusqlite::Error::SqliteFailure(code, Some("a row of impossible shape".to_owned())))
    }
}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map(|error| error.extended_code);
        match error.sqlite_error_code() {
            // Room for the shared index of the log, which is made by writing to its file.
            _ if extended == Some(SQLITE_IOERR_SHMSIZE) => Self::Full(error),
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Self::Open(error)
            }
            Some(ErrorCode::NotADatabase) => Self::NotOurs,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error),
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt(error),
            _ => Self::Other(error),
        }
    }
}

impl fmt::Display for SqliteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(_) => f.write_str("cannot open the store: check its directory and its access rights"),
            Self::NotOurs => f.write_str("not a store of Sottovoce: give the store a file of its own"),
            Self::NewerSchema { found, known } => write!(
                f,
                "a newer release has written the store (schema {found}, known up to {known}): update the application"
            ),
            Self::Busy(_) => {
                f.write_str("another process keeps the store locked: try again, or end that process")
            }
            Self::Full(_) => f.write_str("the disk is full: make room and try again"),
            Self::Corrupt(_) => f.write_str("the store is damaged: restore it from a backup"),
            Self::Hook(_) => f.write_str("the application could not write its own rows"),
            Self::Other(_) => f.write_str("the store failed"),
        }
    }
}

impl core::error::Error for SqliteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Open(error)
            | Self::Busy(error)
            | Self::Full(error)
            | Self::Corrupt(error)
            | Self::Hook(error)
            | Self::Other(error) => Some(error),
            Self::NotOurs | Self::NewerSchema { .. } => None,
        }
    }
}
