//! Keeps the state of Sottovoce in SQLite: a [`Store`] over one file.
//!
//! ```
//! use sottovoce::storage::{ItemId, Key, Put, Append, Outcome, Store, Table, Tail, Want, Write};
//! use sottovoce_store_sqlite::SqliteStore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("state.sqlite");
//! // Any number of handles, in any number of processes: an application and its push extension.
//! let mut store = SqliteStore::open(&path)?;
//! let mut other = SqliteStore::open(&path)?;
//!
//! // The library makes such writes: `sottovoce::storage::run`.
//! let (record, log) = (Key::new(Table::SPECIMENS, [1; 24]), Key::new(Table::SPECIMENS, [2; 24]));
//! let write = Write {
//!     expect: &[],
//!     delete: &[],
//!     put: &[Put { key: record, body: b"sealed".to_vec() }],
//!     trim: &[],
//!     append: &[Append { log, id: ItemId::new([3; 16]), body: b"sealed too".to_vec() }],
//!     events: &[b"for the application".to_vec()],
//!     flush: true,
//! };
//! assert_eq!(store.apply(&write)?, Outcome::Committed);
//!
//! let tail = Tail::new(log, 0, 10);
//! let loaded = other.load(&[Want::Record(record), Want::Log(tail)])?;
//! assert_eq!(loaded.tail(&tail).ok_or("loaded")?.len(), 1);
//!
//! // Events wait in the file until the application has dealt with them.
//! for (number, event) in other.events(0, 100)? {
//!     assert_eq!(event, b"for the application");
//!     other.forget_events(number)?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Events in the application's own tables
//!
//! [`SqliteStore::open_with`] takes a function that gets the events of a write inside of its transaction. What it writes there is
//! committed with the library's rows or not at all, so a crash neither loses a message nor shows it twice. The application's tables
//! lie in the same file, under names that do not begin with `sottovoce_`; it opens connections of its own to read them.
//!
//! # What a write survives
//!
//! | | a killed process | a power cut |
//! |---|---|---|
//! | a write with `flush`, and all before it | yes | yes: the log is synced before [`apply`](Store::apply) returns |
//! | a write without | yes | perhaps, but never without those before it, and never in part |
//!
//! This holds as far as the disk tells the truth. Network file systems do not: SQLite's log needs a local one.
//!
//! # What is deleted
//!
//! Forward secrecy ends where deleted state can be read from the disk. Deleted and overwritten content is erased from the
//! database file (`secure_delete`), but the log beside it keeps older pages until it is written over;
//! [`SqliteStore::checkpoint`] empties it, and so does closing the last handle. Flash memory and file systems that copy on write
//! keep what they like: that is why everything in here is sealed under a key that lies elsewhere.
//!
//! # Files
//!
//! A new file can be read by its owner only. Beside it lie `-wal` and `-shm`; the three belong together, so copy a store with
//! [`SqliteStore::backup`]. `application_id` and `user_version` are ours: [`SqliteError::NotOurs`],
//! [`SqliteError::NewerSchema`].

#![deny(unreachable_pub)]

/// Keeps the application in the guide for embedding compiling.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/EMBEDDING.md")]
struct EmbeddingGuide;

mod error;
mod read;
mod schema;
mod write;

use core::fmt;
use core::time::Duration;
use std::path::Path;

pub use error::SqliteError;
/// The version that this crate uses, for [`SqliteStore::open_with`].
pub use rusqlite;
use rusqlite::Connection;
use sottovoce::storage::{Loaded, Outcome, Store, Want, Write};

use crate::read::Reader;
use crate::write::{Durability, Versions};

type Hook = Box<dyn FnMut(&Connection, &[Vec<u8>]) -> rusqlite::Result<()> + Send>;

/// One handle on a database file.
pub struct SqliteStore {
    connection: Connection,
    hook: Option<Hook>,
    /// Whether the connection syncs its commits.
    syncs: bool,
    /// Whether the open transaction is that of a lock.
    is_locked: bool,
    /// Whether this handle has flushed. Before that it does not believe the file that nothing is left to flush: a process that was
    /// killed while it flushed may have written that and not synced it.
    sure: bool,
    versions: Versions,
}

impl SqliteStore {
    /// Opens a store, or creates it. Events are kept in the file: [`SqliteStore::events`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        let connection = schema::open(path.as_ref())?;
        Ok(Self {
            connection,
            hook: None,
            syncs: false,
            is_locked: false,
            sure: false,
            versions: Versions::NONE,
        })
    }

    /// Opens a store, or creates it, and gives the events of each write to `hook`, inside of its transaction, for rows of the
    /// application's own. If the hook fails, the write is not carried out. It must leave the tables of the store alone and must not end the transaction.
    pub fn open_with<H>(path: impl AsRef<Path>, hook: H) -> Result<Self, SqliteError>
    where
        H: FnMut(&Connection, &[Vec<u8>]) -> rusqlite::Result<()> + Send + 'static,
    {
        Ok(Self { hook: Some(Box::new(hook)), ..Self::open(path)? })
    }

    /// How long to wait for other handles before [`SqliteError::Busy`]; at first 5 s.
    pub fn set_busy_timeout(&self, timeout: Duration) -> Result<(), SqliteError> {
        Ok(self.connection.busy_timeout(timeout)?)
    }

    /// The first `max` events with numbers above `after`, and none further after 4 MiB. Numbers ascend in the order of writes and
    /// are never given twice.
    pub fn events(&self, after: u64, max: u16) -> Result<Vec<(u64, Vec<u8>)>, SqliteError> {
        read::events(&self.connection, after, max)
    }

    /// Deletes the events up to a number. Not flushed: after a power cut they may be there again. Ends a [`lock`](Store::lock).
    pub fn forget_events(&mut self, through: u64) -> Result<(), SqliteError> {
        self.set_synchronous(false)?;
        self.in_transaction(|store| write::forget(&store.connection, through))
    }

    /// Moves the log into the database file and empties it, so that nothing deleted is left in either. `false` if another handle is
    /// in the way: try again later.
    pub fn checkpoint(&mut self) -> Result<bool, SqliteError> {
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        Ok(!busy?)
    }

    /// Writes a copy to a new file, while other handles go on. It is complete and synced when this returns; after an error, delete it.
    ///
    /// A store that is put back is a store of the past, with keys that were used since. It is for moving to another disk, and
    /// for the worst case.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), SqliteError> {
        let path = std::path::absolute(path).map_err(|error| schema::cannot_open(&error))?;
        schema::create(&path).map_err(|error| schema::cannot_open(&error))?;
        let name = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.clone()))?;
        self.connection.execute("VACUUM INTO ?1", [name])?;
        schema::sync(&path).map_err(|error| schema::cannot_open(&error))
    }

    /// `synchronous` cannot change inside a transaction.
    fn set_synchronous(&mut self, syncs: bool) -> Result<(), SqliteError> {
        if self.syncs != syncs && self.connection.is_autocommit() {
            let sql = if syncs { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
            self.connection.execute_batch(sql)?;
            self.syncs = syncs;
        }
        Ok(())
    }

    fn execute(&self, sql: &str) -> Result<(), SqliteError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Does something in the transaction of [`Store::lock`], or else in one of its own.
    fn in_transaction<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, SqliteError>,
    ) -> Result<T, SqliteError> {
        if !self.is_locked && !self.connection.is_autocommit() {
            // Left behind by a rollback that failed.
            self.execute("ROLLBACK")?;
        }
        if self.connection.is_autocommit() {
            self.execute("BEGIN IMMEDIATE")?;
        }
        self.is_locked = false;
        let result = run(self).and_then(|value| self.execute("COMMIT").map(|()| value));
        if result.is_err() {
            self.unlock();
        }
        result
    }
}

impl Store for SqliteStore {
    type Error = SqliteError;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, SqliteError> {
        if wants.len() < 2 || !self.connection.is_autocommit() {
            return Reader::new(&self.connection).load(wants);
        }
        // One transaction, because each takes and gives back a lock on the file.
        self.execute("BEGIN")?;
        let loaded = Reader::new(&self.connection).load(wants);
        self.unlock();
        loaded
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, SqliteError> {
        self.set_synchronous(write.flush)?;
        let durability = Durability { flush: self.syncs, sure: self.sure };
        let outcome = self.in_transaction(|store| {
            write::apply(&store.connection, write, &durability, &mut store.versions, store.hook.as_mut())
        });
        if outcome.is_err() {
            self.versions = Versions::NONE;
        }
        let outcome = outcome?;
        self.sure |= durability.flush && outcome == Outcome::Committed;
        Ok(outcome)
    }

    /// Begins a transaction that waits for those of other handles, and keeps them waiting.
    fn lock(&mut self) -> Result<(), SqliteError> {
        if self.connection.is_autocommit() {
            // Nobody knows yet whether the write will ask for it.
            self.set_synchronous(true)?;
            self.execute("BEGIN IMMEDIATE")?;
            self.is_locked = true;
        }
        Ok(())
    }

    fn unlock(&mut self) {
        self.is_locked = false;
        if !self.connection.is_autocommit() {
            // If this fails, the next write tries again.
            let _ = self.execute("ROLLBACK");
        }
    }
}

/// Without content.
impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.connection.path())
            .field("hook", &self.hook.is_some())
            .finish_non_exhaustive()
    }
}
