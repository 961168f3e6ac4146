//! The tables, and how a file gets them.

use core::time::Duration;
use std::fs;
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::SqliteError;

/// "SOTT": what `PRAGMA application_id` says of our files.
const APPLICATION_ID: i32 = 0x534f_5454;
/// What `PRAGMA user_version` says. A release that changes the tables raises it and learns to change older files.
const SCHEMA: i32 = 1;

/// How long a handle waits for another one's transaction.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// Statements that are kept prepared: all of this crate's, and some of the application's.
const STATEMENTS: usize = 64;

/// No table is WITHOUT ROWID. Such a table keeps whole rows in the inner nodes of its tree, of which a page holds four, not
/// four hundred: putting four records of 1 kB dirtied 5.4 pages, with rowids it is 3.
const TABLES: &str = "
    CREATE TABLE sottovoce_meta (
        id          INTEGER PRIMARY KEY,    -- 0: there is one row
        version     INTEGER NOT NULL,       -- no version above this was given
        unflushed   INTEGER NOT NULL,       -- 1 if the last write was not flushed
        forgotten   INTEGER NOT NULL        -- no event gets this number or a lower one
    ) STRICT;
    INSERT INTO sottovoce_meta VALUES (0, 0, 0, 0);
    CREATE TABLE sottovoce_record (
        id          INTEGER PRIMARY KEY,
        space       INTEGER NOT NULL,       -- the table's number
        name        BLOB NOT NULL,
        version     INTEGER NOT NULL,
        body        BLOB NOT NULL,
        UNIQUE (space, name)
    ) STRICT;
    CREATE TABLE sottovoce_log (
        id          INTEGER PRIMARY KEY,    -- below 2^23
        space       INTEGER NOT NULL,
        name        BLOB NOT NULL,
        trimmed     INTEGER NOT NULL,       -- no entry gets this number or a lower one
        UNIQUE (space, name)
    ) STRICT;
    CREATE TABLE sottovoce_entry (
        id          INTEGER PRIMARY KEY,    -- the log's id * 2^40 + the entry's number
        log         INTEGER NOT NULL,
        item        BLOB NOT NULL,
        body        BLOB NOT NULL,
        UNIQUE (log, item)
    ) STRICT;
    CREATE TABLE sottovoce_event (
        number      INTEGER PRIMARY KEY,
        body        BLOB NOT NULL
    ) STRICT;
";

/// What a file turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Empty,
    Ours,
}

/// Opens a file that is ours, or makes it so.
pub(crate) fn open(path: &Path) -> Result<Connection, SqliteError> {
    // Absolute, so that no path means something else to SQLite: "file:…", ":memory:".
    let path = std::path::absolute(path).map_err(|error| cannot_open(&error))?;
    create(&path).map_err(|error| cannot_open(&error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(SqliteError::Open)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    configure(&connection)?;
    let found = identify(&connection)?;
    log_ahead(&connection)?;
    if found == Found::Empty {
        make_tables(&mut connection)?;
    }
    Ok(connection)
}

pub(crate) fn cannot_open(error: &io::Error) -> SqliteError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
    SqliteError::Open(rusqlite::Error::SqliteFailure(code, Some(error.to_string())))
}

/// Creates a missing file so that only its owner can read it. SQLite gives the files beside it the same rights.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Makes a file that SQLite has written without syncing survive a power cut, and its name too.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().write(true).open(path)?.sync_all()?;
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// What holds for a connection and not for the file.
fn configure(connection: &Connection) -> Result<(), SqliteError> {
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA journal_size_limit = 16777216;",
    )?;
    Ok(())
}

/// Refuses what is not ours before anything is changed in it.
fn identify(connection: &Connection) -> Result<Found, SqliteError> {
    let sql = "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), \
         EXISTS (SELECT 1 FROM sqlite_schema)";
    match connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
        (0, 0, false) => Ok(Found::Empty),
        (APPLICATION_ID, SCHEMA, true) => Ok(Found::Ours),
        (APPLICATION_ID, found, true) if found > SCHEMA => {
            Err(SqliteError::NewerSchema { found, known: SCHEMA })
        }
        _ => Err(SqliteError::NotOurs),
    }
}

/// Switches the file to a write-ahead log. SQLite does not wait for other connections here, so this does.
fn log_ahead(connection: &Connection) -> Result<(), SqliteError> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        let result = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match result.map_err(SqliteError::from) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
                let why = format!("no write-ahead log on this file system, but {mode}");
                return Err(SqliteError::Open(rusqlite::Error::SqliteFailure(code, Some(why))));
            }
            Err(SqliteError::Busy(_)) if waited < PATIENCE => {
                std::thread::sleep(PAUSE);
                waited = waited.saturating_add(PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Makes the tables, unless another process was faster.
fn make_tables(connection: &mut Connection) -> Result<(), SqliteError> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if identify(&transaction)? == Found::Empty {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA)?;
    }
    transaction.commit()?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(())
}
