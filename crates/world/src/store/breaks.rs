//! Ways to do it wrong. Each has to be found, or the world shows nothing.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use sottovoce::storage::{Loaded, Outcome, Store, Want, Write};
use sottovoce_store_sqlite::rusqlite::{self, Connection};
use sottovoce_store_sqlite::{SqliteError, SqliteStore};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Break {
    /// Commands are acknowledged before they are committed.
    EarlyAcknowledgement,
    /// The store does not look at what a write expects.
    IgnoredExpectations,
    /// The store makes two transactions of a write.
    TornWrites,
    /// The application writes its rows after the transaction.
    LateEvents,
    /// A command that is run again is not recognised.
    ForgottenCommands,
}

/// What the breaks that need a kill at one moment make of that moment.
const GAP: Duration = Duration::from_millis(2);

/// A store that counts conflicts, and does wrong what it is told to.
pub(super) struct Watched {
    store: SqliteStore,
    path: PathBuf,
    fault: Option<Break>,
    pub(super) conflicts: u64,
}

impl Watched {
    pub(super) fn open(path: &Path, fault: Option<Break>) -> Result<Self, SqliteError> {
        let late = fault == Some(Break::LateEvents);
        let hook = move |connection: &Connection, events: &[Vec<u8>]| {
            if late { Ok(()) } else { insert(connection, events) }
        };
        let store = SqliteStore::open_with(path, hook)?;
        Ok(Self { store, path: path.to_owned(), fault, conflicts: 0 })
    }

    fn apply_torn(&mut self, write: &Write<'_>) -> Result<Outcome, SqliteError> {
        let first = Write { append: &[], trim: &[], events: &[], ..*write };
        let second = Write { expect: &[], delete: &[], put: &[], ..*write };
        if self.store.apply(&first)? == Outcome::Conflict {
            return Ok(Outcome::Conflict);
        }
        sleep(GAP);
        self.store.apply(&second)
    }

    fn apply_late(&mut self, write: &Write<'_>) -> Result<Outcome, SqliteError> {
        let outcome = self.store.apply(write)?;
        if outcome == Outcome::Committed && !write.events.is_empty() {
            sleep(GAP);
            insert(&application(&self.path)?, write.events)?;
        }
        Ok(outcome)
    }
}

/// The application's own connection to the file.
pub(super) fn application(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, body BLOB)")?;
    Ok(connection)
}

fn insert(connection: &Connection, events: &[Vec<u8>]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO message (body) VALUES (?1)")?;
    events.iter().try_for_each(|event| statement.execute([event]).map(|_| ()))
}

impl Store for Watched {
    type Error = SqliteError;

    fn load(&mut self, wants: &[Want]) -> Result<Loaded, SqliteError> {
        self.store.load(wants)
    }

    fn apply(&mut self, write: &Write<'_>) -> Result<Outcome, SqliteError> {
        let outcome = match self.fault {
            Some(Break::IgnoredExpectations) => self.store.apply(&Write { expect: &[], ..*write }),
            Some(Break::TornWrites) => self.apply_torn(write),
            Some(Break::LateEvents) => self.apply_late(write),
            _ => self.store.apply(write),
        }?;
        self.conflicts = self.conflicts.saturating_add((outcome == Outcome::Conflict).into());
        Ok(outcome)
    }

    fn lock(&mut self) -> Result<(), SqliteError> {
        self.store.lock()
    }

    fn unlock(&mut self) {
        self.store.unlock();
    }
}
