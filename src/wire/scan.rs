//! The strict check, in one pass from the left, before anything is allocated. `docs/PROTOCOL.md` §3.2.
//!
//! Comments `(1)` to `(6)` are the numbered rules of that section. Work is linear: every byte is read once, and each
//! message visits its table once. Recursion follows the schemas, which are finite and at most 8 deep, never the input.

use super::error::{DecodeError, Rule};
use super::schema::{Field, Kind, Presence, Schema};

/// Whether `bytes` are the one encoding of a message of type `schema`.
pub(super) fn scan(schema: &Schema, bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.len() > schema.max_bytes {
        return Err(DecodeError { rule: Rule::TooLarge, message: schema.name, field: 0 });
    }
    let mut reader = Reader(bytes);
    let mut seen = Seen::default();
    while !reader.0.is_empty() {
        let tag = reader.varint().map_err(|rule| DecodeError { rule, message: schema.name, field: 0 })?;
        let number = tag >> 3;
        let at = |rule| DecodeError { rule, message: schema.name, field: number };
        let field = schema.fields.iter().find(|field| u64::from(field.number) == number); // (2)
        let field = field.ok_or_else(|| at(Rule::UnknownField))?;
        if tag & 7 != field.kind.wire_type() {
            return Err(at(Rule::WrongWireType)); // (3)
        }
        seen.admit(field).map_err(at)?; // (4)
        let nested = reader.value(&field.kind).map_err(at)?; // (5), (6)
        if let Some((schema, bytes)) = nested {
            scan(schema, bytes)?;
        }
    }
    seen.complete(schema)
}

/// Which fields of one message were read.
#[derive(Default)]
struct Seen {
    /// One bit per field number.
    numbers: u64,
    last: u8,
    /// How often the last field was read.
    count: usize,
}

impl Seen {
    fn admit(&mut self, field: &Field) -> Result<(), Rule> {
        if field.number < self.last {
            return Err(Rule::OutOfOrder);
        }
        let count = if field.number == self.last { self.count.saturating_add(1) } else { 1 };
        match field.presence {
            Presence::Repeated { max } if count > max => return Err(Rule::TooMany),
            Presence::Required | Presence::MayBeAbsent if count > 1 => return Err(Rule::Duplicate),
            Presence::OneOf(group) if self.numbers & group != 0 => return Err(Rule::Duplicate),
            _ => {}
        }
        *self = Self { numbers: self.numbers | bit(field.number), last: field.number, count };
        Ok(())
    }

    fn complete(&self, schema: &Schema) -> Result<(), DecodeError> {
        let missing = schema.fields.iter().find(|field| match field.presence {
            Presence::Required => self.numbers & bit(field.number) == 0,
            Presence::OneOf(group) => self.numbers & group == 0,
            Presence::MayBeAbsent | Presence::Repeated { .. } => false,
        });
        missing.map_or(Ok(()), |field| {
            Err(DecodeError { rule: Rule::Missing, message: schema.name, field: u64::from(field.number) })
        })
    }
}

/// Field numbers are below 64; a number that were not would have no bit.
fn bit(number: u8) -> u64 {
    1_u64.checked_shl(u32::from(number)).unwrap_or(0)
}

/// What is left of the input.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Checks one value; hands back a nested message, which the caller scans.
    fn value(&mut self, kind: &Kind) -> Result<Option<(&'static Schema, &'a [u8])>, Rule> {
        let number = self.varint()?;
        match *kind {
            Kind::Uint32 if number > u64::from(u32::MAX) => Err(Rule::BadValue),
            Kind::Bool if number > 1 => Err(Rule::BadValue),
            Kind::Enum(known) if !known.contains(&number) => Err(Rule::BadValue),
            Kind::Uint32 | Kind::Uint64 | Kind::Bool | Kind::Enum(_) => Ok(None),
            Kind::Bytes { min, max } => self.take(number, min, max, Rule::BadLength).map(|_| None),
            Kind::Text { min, max } => {
                let text = self.take(number, min, max, Rule::BadLength)?;
                core::str::from_utf8(text).map(|_| None).map_err(|_| Rule::BadText)
            }
            Kind::Message(schema) => {
                let bytes = self.take(number, 0, schema.max_bytes, Rule::TooLarge)?;
                Ok(Some((schema, bytes)))
            }
        }
    }

    /// `length` bytes, which must lie in `min..=max`, otherwise `refusal`.
    fn take(&mut self, length: u64, min: usize, max: usize, refusal: Rule) -> Result<&'a [u8], Rule> {
        let length = usize::try_from(length).map_err(|_| refusal)?;
        if length < min || length > max {
            return Err(refusal);
        }
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Rule::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// (1) A minimal varint of at most 64 bits.
    fn varint(&mut self) -> Result<u64, Rule> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(Rule::Truncated)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            let placed = bits << shift;
            if placed >> shift != bits {
                return Err(Rule::BadVarint);
            }
            value |= placed;
            if byte & 0x80 == 0 {
                let superfluous = byte == 0 && shift > 0;
                return if superfluous { Err(Rule::BadVarint) } else { Ok(value) };
            }
        }
        Err(Rule::BadVarint)
    }
}
