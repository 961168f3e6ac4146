//! Encoded messages with single fields exchanged, whatever they are.

use crate::make_wire::{bytes, number};

/// What a field is to be.
#[derive(Clone)]
pub enum To {
    Number(u64),
    Bytes(Vec<u8>),
    /// A repeated field.
    Each(Vec<Vec<u8>>),
    Absent,
}

/// A field on the wire: its number, and its whole encoding.
type Element = (u64, Vec<u8>);

fn varint(rest: &mut &[u8]) -> u64 {
    let end = rest.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let (front, after) = rest.split_at(end + 1);
    *rest = after;
    front.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
}

fn elements(message: &[u8]) -> Vec<Element> {
    let (mut rest, mut found) = (message, Vec::new());
    while !rest.is_empty() {
        let before = rest;
        let tag = varint(&mut rest);
        let value = varint(&mut rest);
        if tag & 7 == 2 {
            rest = &rest[usize::try_from(value).unwrap()..];
        }
        found.push((tag >> 3, before[..before.len() - rest.len()].to_vec()));
    }
    found
}

fn contents(element: &[u8]) -> &[u8] {
    let mut rest = element;
    varint(&mut rest);
    varint(&mut rest);
    rest
}

/// The contents of the field at a path of field numbers, each but the last a message.
pub fn get(message: &[u8], path: &[u64]) -> Option<Vec<u8>> {
    let (first, rest) = path.split_first().unwrap();
    let (_, element) = elements(message).into_iter().find(|(field, _)| field == first)?;
    let found = contents(&element);
    if rest.is_empty() { Some(found.to_vec()) } else { get(found, rest) }
}

/// The number at a path.
pub fn get_number(message: &[u8], path: &[u64]) -> Option<u64> {
    let (last, front) = path.split_last().unwrap();
    let inner = if front.is_empty() { message.to_vec() } else { get(message, front)? };
    let (_, element) = elements(&inner).into_iter().find(|(field, _)| field == last)?;
    let mut rest = element.as_slice();
    varint(&mut rest);
    Some(varint(&mut rest))
}

/// The message with another value at a path.
pub fn set(message: &[u8], path: &[u64], to: To) -> Vec<u8> {
    let (field, rest) = path.split_first().unwrap();
    let field = *field;
    let to = if rest.is_empty() {
        to
    } else {
        To::Bytes(set(&get(message, &[field]).expect("a message on the path"), rest, to))
    };
    let new = match to {
        To::Number(value) => vec![number(field, value)],
        To::Bytes(value) => vec![bytes(field, &value)],
        To::Each(values) => values.iter().map(|value| bytes(field, value)).collect(),
        To::Absent => Vec::new(),
    };
    let (before, after): (Vec<Element>, Vec<Element>) = elements(message)
        .into_iter()
        .filter(|(found, _)| *found != field)
        .partition(|(found, _)| *found < field);
    let [before, after] = [before, after].map(|part| part.into_iter().map(|(_, element)| element));
    before.chain(new).chain(after).flatten().collect()
}
