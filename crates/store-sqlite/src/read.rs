//! Answers to wants.

use rusqlite::{CachedStatement, Connection, Row, params};
use sottovoce::storage::{Entry, ItemId, Key, Loaded, Range, Stored, Tail, Version, Want, limits};

use crate::error::SqliteError;

const RECORD: &str = "SELECT version, body FROM sottovoce_record WHERE space = ?1 AND name = ?2";
const FIRST: &str = "SELECT version, body, name FROM sottovoce_record
    WHERE space = ?1 AND name BETWEEN ?2 AND ?3 ORDER BY name LIMIT ?4";
const LOG: &str = "SELECT id, trimmed FROM sottovoce_log WHERE space = ?1 AND name = ?2";
const TAIL: &str =
    "SELECT id, body, item FROM sottovoce_entry WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
const EVENTS: &str = "SELECT number, body FROM sottovoce_event WHERE number > ?1 ORDER BY number LIMIT ?2";

/// Statements are looked up once for all wants.
pub(crate) struct Reader<'a> {
    connection: &'a Connection,
    record: Option<CachedStatement<'a>>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(connection: &'a Connection) -> Self {
        Self { connection, record: None }
    }

    pub(crate) fn load(&mut self, wants: &[Want]) -> Result<Loaded, SqliteError> {
        let mut loaded = Loaded::new();
        for want in wants {
            match want {
                Want::Record(key) => loaded.insert_record(*key, self.record(key)?),
                Want::First(range) => loaded.insert_range(*range, self.first(range)?),
                Want::Log(tail) => loaded.insert_tail(*tail, self.tail(tail)?),
            }
        }
        Ok(loaded)
    }

    fn record(&mut self, key: &Key) -> Result<Option<Stored>, SqliteError> {
        let statement = match &mut self.record {
            Some(statement) => statement,
            none => none.insert(self.connection.prepare_cached(RECORD)?),
        };
        let mut rows = statement.query(params![key.table().number(), key.name()])?;
        rows.next()?.map(stored).transpose()
    }

    fn first(&self, range: &Range) -> Result<Vec<(Key, Stored)>, SqliteError> {
        let mut statement = self.connection.prepare_cached(FIRST)?;
        let rows =
            statement.query(params![range.table().number(), range.from(), range.to(), range.limit()])?;
        let record = |row: &Row<'_>| Ok((Key::new(range.table(), array(row, 2)?), stored(row)?));
        limited(rows, record, |(_, stored)| stored.body.len())
    }

    fn tail(&self, tail: &Tail) -> Result<Vec<Entry>, SqliteError> {
        let Some(log) = log(self.connection, tail.log())? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(TAIL)?;
        let rows = statement.query(params![log.entry(tail.after()), log.entry(u64::MAX), tail.limit()])?;
        let entry = |row: &Row<'_>| {
            let number = log.number(row.get(0)?);
            Ok(Entry { number, id: ItemId::new(array(row, 2)?), body: body(row)? })
        };
        limited(rows, entry, |entry| entry.body.len())
    }
}

/// A log in the database.
#[derive(Clone, Copy)]
pub(crate) struct Log {
    pub(crate) id: i64,
    /// No entry gets this number or a lower one.
    pub(crate) trimmed: u64,
}

/// Entries of one log have ids from a multiple of this. Room for a thousand entries a second for 35 years, and for eight million
/// logs.
const SPAN: i64 = 1 << 40;

impl Log {
    /// As many logs fit.
    pub(crate) const LARGEST: i64 = i64::MAX / SPAN - 1;

    /// The id of the entry with this number, or with the largest that there can be.
    pub(crate) fn entry(self, number: u64) -> i64 {
        self.id.saturating_mul(SPAN).saturating_add(signed(number).min(SPAN - 1))
    }

    /// The number of an entry.
    pub(crate) fn number(self, entry: i64) -> u64 {
        u64::try_from(entry.saturating_sub(self.entry(0))).unwrap_or(0)
    }
}

/// A log, if anything was ever appended to it.
pub(crate) fn log(connection: &Connection, log: &Key) -> Result<Option<Log>, SqliteError> {
    let mut statement = connection.prepare_cached(LOG)?;
    let mut rows = statement.query(params![log.table().number(), log.name()])?;
    rows.next()?.map(|row| Ok(Log { id: row.get(0)?, trimmed: unsigned(row, 1)? })).transpose()
}

/// Events after a number, at most `max`, and none after [`limits::SCAN_BYTES`].
pub(crate) fn events(
    connection: &Connection,
    after: u64,
    max: u16,
) -> Result<Vec<(u64, Vec<u8>)>, SqliteError> {
    let mut statement = connection.prepare_cached(EVENTS)?;
    let rows = statement.query(params![signed(after), max])?;
    limited(rows, |row| Ok((unsigned(row, 0)?, body(row)?)), |(_, body)| body.len())
}

/// Rows until they are [`limits::SCAN_BYTES`].
fn limited<T>(
    mut rows: rusqlite::Rows<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, SqliteError>,
    size: impl Fn(&T) -> usize,
) -> Result<Vec<T>, SqliteError> {
    let mut bytes: usize = 0;
    let mut found = Vec::new();
    while bytes < limits::SCAN_BYTES {
        let Some(row) = rows.next()? else { break };
        let row = read(row)?;
        bytes = bytes.saturating_add(size(&row));
        found.push(row);
    }
    Ok(found)
}

fn stored(row: &Row<'_>) -> Result<Stored, SqliteError> {
    Ok(Stored { version: Version(unsigned(row, 0)?), body: body(row)? })
}

/// Column 1 of every query here.
fn body(row: &Row<'_>) -> Result<Vec<u8>, SqliteError> {
    let bytes = row.get_ref(1)?.as_blob().map_err(|_| SqliteError::bad_row())?;
    Ok(bytes.to_vec())
}

fn array<const N: usize>(row: &Row<'_>, column: usize) -> Result<[u8; N], SqliteError> {
    let bytes = row.get_ref(column)?.as_blob().map_err(|_| SqliteError::bad_row())?;
    bytes.try_into().map_err(|_| SqliteError::bad_row())
}

pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, SqliteError> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| SqliteError::bad_row())
}

/// A number for SQLite, which knows none above this. Nothing that is counted comes that far.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
