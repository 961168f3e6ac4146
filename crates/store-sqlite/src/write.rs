//! Carries out writes, inside a transaction that is begun and ended elsewhere.

use rusqlite::{Connection, params};
use sottovoce::storage::{Append, Expect, Key, Outcome, Put, Trim, Write};

use crate::Hook;
use crate::error::SqliteError;
use crate::read::{self, Log, signed};

const VERSION: &str = "SELECT version FROM sottovoce_record WHERE space = ?1 AND name = ?2";
const DELETE: &str = "DELETE FROM sottovoce_record WHERE space = ?1 AND name = ?2";
const PUT: &str = "INSERT INTO sottovoce_record (space, name, version, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (space, name) DO UPDATE SET version = excluded.version, body = excluded.body";

const ADD_LOG: &str = "INSERT INTO sottovoce_log (space, name, trimmed) VALUES (?1, ?2, 0) RETURNING id";
const LAST: &str = "SELECT max(id) FROM sottovoce_entry WHERE id > ?1 AND id <= ?2";
const SET_TRIMMED: &str = "UPDATE sottovoce_log SET trimmed = ?2 WHERE id = ?1";
const TRIM: &str = "DELETE FROM sottovoce_entry WHERE id > ?1 AND id <= ?2";
const APPEND: &str = "INSERT INTO sottovoce_entry (id, log, item, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (log, item) DO NOTHING";

const EVENT: &str = "INSERT INTO sottovoce_event (number, body) VALUES (1 + max(
    (SELECT forgotten FROM sottovoce_meta WHERE id = 0),
    coalesce((SELECT max(number) FROM sottovoce_event), 0)), ?1)";
const REMEMBER_EVENT: &str = "UPDATE sottovoce_meta SET unflushed = 1, forgotten = max(forgotten,
    coalesce((SELECT max(number) FROM sottovoce_event WHERE number <= ?1), 0)) WHERE id = 0";
const FORGET: &str = "DELETE FROM sottovoce_event WHERE number <= ?1";

const META: &str = "SELECT version, unflushed FROM sottovoce_meta WHERE id = 0";
const SET_META: &str = "UPDATE sottovoce_meta SET version = ?1, unflushed = ?2 WHERE id = 0";

/// The row of numbers that a write may change.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Meta {
    version: i64,
    unflushed: bool,
}

/// Versions are reserved in the file so many at a time, since the row of numbers lies in a page of its own.
const BLOCK: i64 = 1_000;

/// Versions that this handle may give.
pub(crate) struct Versions {
    /// The one that was given last.
    last: i64,
    reserved: i64,
}

/// How a write ends.
pub(crate) struct Durability {
    /// Whether the transaction will be synced.
    pub(crate) flush: bool,
    /// Whether the file's word can be taken that nothing is left to flush.
    pub(crate) sure: bool,
}

pub(crate) fn apply(
    connection: &Connection,
    write: &Write<'_>,
    durability: &Durability,
    versions: &mut Versions,
    hook: Option<&mut Hook>,
) -> Result<Outcome, SqliteError> {
    let Write { expect, delete, put, trim, append, events, flush: _ } = write;
    if !all_hold(connection, expect)? {
        return Ok(Outcome::Conflict);
    }
    let before = meta(connection)?;
    remove(connection, delete)?;
    let version = versions.reserve(put.len(), before.version)?;
    put_all(connection, put, versions)?;
    trim.iter().try_for_each(|trim| shorten(connection, trim))?;
    append.iter().try_for_each(|append| lengthen(connection, append))?;
    tell(connection, events, hook)?;

    let idle =
        delete.is_empty() && put.is_empty() && trim.is_empty() && append.is_empty() && events.is_empty();
    let after = if durability.flush {
        // A transaction that changes no page is not synced. A version that nobody gets changes one.
        let forced = u8::from(before.unflushed || !durability.sure);
        Meta { version: version.saturating_add(forced.into()), unflushed: false }
    } else {
        Meta { version, unflushed: before.unflushed || !idle }
    };
    if after != before {
        connection.prepare_cached(SET_META)?.execute(params![after.version, after.unflushed])?;
    }
    Ok(Outcome::Committed)
}

fn all_hold(connection: &Connection, expect: &[Expect]) -> Result<bool, SqliteError> {
    let mut statement = connection.prepare_cached(VERSION)?;
    for Expect { key, version } in expect {
        let mut rows = statement.query(params![key.table().number(), key.name()])?;
        let found = rows.next()?.map(|row| read::unsigned(row, 0)).transpose()?;
        if found != version.map(|version| version.0) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn meta(connection: &Connection) -> Result<Meta, SqliteError> {
    let row = |row: &rusqlite::Row<'_>| Ok(Meta { version: row.get(0)?, unflushed: row.get(1)? });
    Ok(connection.prepare_cached(META)?.query_row([], row)?)
}

fn remove(connection: &Connection, keys: &[Key]) -> Result<(), SqliteError> {
    let mut statement = connection.prepare_cached(DELETE)?;
    for key in keys {
        statement.execute(params![key.table().number(), key.name()])?;
    }
    Ok(())
}

fn put_all(connection: &Connection, put: &[Put], versions: &mut Versions) -> Result<(), SqliteError> {
    let mut statement = connection.prepare_cached(PUT)?;
    for (Put { key, body }, version) in put.iter().zip(versions) {
        statement.execute(params![key.table().number(), key.name(), version, body])?;
    }
    Ok(())
}

impl Versions {
    /// After a transaction that was not carried out, or perhaps not, nothing is reserved.
    pub(crate) const NONE: Self = Self { last: 0, reserved: 0 };

    /// Reserves versions after the last that anybody has reserved, which is given, if there are too few. Gives what is reserved then.
    fn reserve(&mut self, count: usize, before: i64) -> Result<i64, SqliteError> {
        let count = i64::try_from(count).map_err(|_| SqliteError::bad_row())?;
        if self.last.checked_add(count).is_some_and(|last| last <= self.reserved) {
            return Ok(before);
        }
        let reserved = before.checked_add(count.max(BLOCK)).ok_or_else(SqliteError::bad_row)?;
        *self = Self { last: before, reserved };
        Ok(reserved)
    }
}

impl Iterator for Versions {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        let next = self.last.checked_add(1).filter(|next| *next <= self.reserved)?;
        self.last = next;
        Some(next)
    }
}

fn shorten(connection: &Connection, trim: &Trim) -> Result<(), SqliteError> {
    let Some(log) = read::log(connection, &trim.log)? else { return Ok(()) };
    let last = last(connection, log)?;
    if last <= trim.through {
        // Entries that are left have larger numbers than the deleted. If none is left, the last number has to be remembered.
        connection.prepare_cached(SET_TRIMMED)?.execute(params![log.id, signed(last)])?;
    }
    connection.prepare_cached(TRIM)?.execute(params![log.entry(0), log.entry(trim.through)])?;
    Ok(())
}

fn lengthen(connection: &Connection, append: &Append) -> Result<(), SqliteError> {
    let Append { log, id, body } = append;
    let log = read::log(connection, log)?.map_or_else(|| add_log(connection, log), Ok)?;
    let last = last(connection, log)?;
    let entry = log.entry(last.saturating_add(1));
    if log.number(entry) == last {
        return Err(SqliteError::bad_row());
    }
    connection.prepare_cached(APPEND)?.execute(params![entry, log.id, id.as_bytes(), body])?;
    Ok(())
}

fn add_log(connection: &Connection, key: &Key) -> Result<Log, SqliteError> {
    let mut statement = connection.prepare_cached(ADD_LOG)?;
    let id = statement.query_row(params![key.table().number(), key.name()], |row| row.get(0))?;
    if id > Log::LARGEST { Err(SqliteError::bad_row()) } else { Ok(Log { id, trimmed: 0 }) }
}

/// The number that was given last.
fn last(connection: &Connection, log: Log) -> Result<u64, SqliteError> {
    let mut statement = connection.prepare_cached(LAST)?;
    let last: Option<i64> =
        statement.query_row(params![log.entry(0), log.entry(u64::MAX)], |row| row.get(0))?;
    Ok(last.map_or(log.trimmed, |entry| log.number(entry)))
}

fn tell(connection: &Connection, events: &[Vec<u8>], hook: Option<&mut Hook>) -> Result<(), SqliteError> {
    if events.is_empty() {
        return Ok(());
    }
    let Some(hook) = hook else {
        let mut statement = connection.prepare_cached(EVENT)?;
        return events.iter().try_for_each(|event| Ok(statement.execute(params![event]).map(|_| ())?));
    };
    hook(connection, events).map_err(SqliteError::of_hook)?;
    if connection.is_autocommit() {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISUSE);
        let why = "the hook has ended the transaction that it was called in".to_owned();
        return Err(SqliteError::Hook(rusqlite::Error::SqliteFailure(code, Some(why))));
    }
    Ok(())
}

/// Deletes events, whose numbers are not given again.
pub(crate) fn forget(connection: &Connection, through: u64) -> Result<(), SqliteError> {
    let through = signed(through);
    connection.prepare_cached(REMEMBER_EVENT)?.execute(params![through])?;
    connection.prepare_cached(FORGET)?.execute(params![through])?;
    Ok(())
}
