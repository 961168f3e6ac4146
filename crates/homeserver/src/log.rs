//! One line on standard error for each thing that an operator may want to know: time, level, event, fields.
//!
//! No line names an account, an address, a device, or who asked for what.

use core::fmt::{Display, Write as _};
use std::io::Write as _;

use crate::clock;

/// How much it concerns the operator.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Info,
    Warn,
    Error,
}

/// A field: its name and its value.
pub(crate) type Field<'a> = (&'a str, &'a dyn Display);

pub(crate) fn info(event: &str, fields: &[Field<'_>]) {
    line(Level::Info, event, fields);
}

pub(crate) fn warn(event: &str, fields: &[Field<'_>]) {
    line(Level::Warn, event, fields);
}

pub(crate) fn error(event: &str, fields: &[Field<'_>]) {
    line(Level::Error, event, fields);
}

fn line(level: Level, event: &str, fields: &[Field<'_>]) {
    let level = match level {
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    let mut text = format!("time={} level={level} event={event}", clock::now().as_millis());
    for (name, value) in fields {
        // Quoted, so that no value can end the line or forge another field.
        let _ = write!(text, " {name}={:?}", value.to_string());
    }
    text.push('\n');
    // If nobody listens any more, there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
