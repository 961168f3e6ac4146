//! A message with a field of every shape, and the pattern for all others. `docs/PROTOCOL.md` §3.3, `proto/specimen.proto`.
//!
//! No step of the protocol sends it. It lets vectors and fuzz targets reach every rule of the wire format.

use core::mem;

use super::error::Rule;
use super::generated::messages as proto;
use super::message::{Message, required, required_array, required_secret};

/// One of three values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// 1 on the wire.
    Red,
    /// 2 on the wire.
    Green,
    /// 5 on the wire.
    Blue,
}

/// A field of every shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specimen {
    /// Any 32-bit number.
    pub number: u32,
    /// Any 64-bit number.
    pub big: u64,
    /// A bool.
    pub flag: bool,
    /// An enumeration.
    pub colour: Colour,
    /// Bytes of exact length.
    pub id: [u8; 16],
    /// 1 to 64 bytes.
    pub data: Vec<u8>,
    /// At most 32 bytes of text.
    pub text: String,
    /// A nested message.
    pub part: Part,
    /// At most 8 nested messages.
    pub parts: Vec<Part>,
    /// At most 4 strings of at most 8 bytes.
    pub chunks: Vec<Vec<u8>>,
    /// May be absent.
    pub note: Option<u32>,
    /// One of two.
    pub choice: Choice,
    /// Its tag takes two bytes.
    pub late: bool,
    /// Marked as a secret, so the generated struct erases itself. A real secret would be a `Secret` here.
    pub token: [u8; 8],
    /// Has the highest field number.
    pub last: u32,
}

/// A nested message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Any 32-bit number.
    pub number: u32,
    /// May be absent.
    pub mark: Option<Mark>,
}

/// A message nested in a nested message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// At most 12 words of 1 to 16 bytes.
    pub words: Vec<String>,
}

/// One of two messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The first.
    Left(Part),
    /// The second.
    Right(Mark),
}

impl Message for Specimen {
    type Proto = proto::Specimen;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            number: required(proto.number)?,
            big: required(proto.big)?,
            flag: required(proto.flag)?,
            colour: Colour::from_number(required(proto.colour)?)?,
            id: required_array(proto.id.take())?,
            data: required(proto.data.take())?,
            text: required(proto.text.take())?,
            part: Part::from_proto(required(proto.part.take())?)?,
            parts: mem::take(&mut proto.parts).into_iter().map(Part::from_proto).collect::<Result<_, _>>()?,
            chunks: mem::take(&mut proto.chunks),
            note: proto.note,
            choice: Choice::from_proto(required(proto.choice.take())?)?,
            late: required(proto.late)?,
            token: *required_secret(&mut proto.token)?.expose(),
            last: required(proto.last)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Specimen {
            number: Some(self.number),
            big: Some(self.big),
            flag: Some(self.flag),
            colour: Some(self.colour.number()),
            id: Some(self.id.to_vec()),
            data: Some(self.data.clone()),
            text: Some(self.text.clone()),
            part: Some(self.part.to_proto()),
            parts: self.parts.iter().map(Message::to_proto).collect(),
            chunks: self.chunks.clone(),
            note: self.note,
            choice: Some(self.choice.to_proto()),
            late: Some(self.late),
            token: Some(self.token.to_vec()),
            last: Some(self.last),
        }
    }
}

impl Message for Part {
    type Proto = proto::SpecimenPart;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { number: required(proto.number)?, mark: proto.mark.map(Mark::from_proto).transpose()? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SpecimenPart { number: Some(self.number), mark: self.mark.as_ref().map(Message::to_proto) }
    }
}

impl Message for Mark {
    type Proto = proto::SpecimenMark;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { words: proto.words })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SpecimenMark { words: self.words.clone() }
    }
}

impl Choice {
    fn from_proto(proto: proto::specimen::Choice) -> Result<Self, Rule> {
        match proto {
            proto::specimen::Choice::Left(part) => Part::from_proto(part).map(Self::Left),
            proto::specimen::Choice::Right(mark) => Mark::from_proto(mark).map(Self::Right),
        }
    }

    fn to_proto(&self) -> proto::specimen::Choice {
        match self {
            Self::Left(part) => proto::specimen::Choice::Left(part.to_proto()),
            Self::Right(mark) => proto::specimen::Choice::Right(mark.to_proto()),
        }
    }
}

impl Colour {
    fn from_number(number: i32) -> Result<Self, Rule> {
        match proto::Colour::try_from(number) {
            Ok(proto::Colour::Red) => Ok(Self::Red),
            Ok(proto::Colour::Green) => Ok(Self::Green),
            Ok(proto::Colour::Blue) => Ok(Self::Blue),
            Ok(proto::Colour::Unspecified) | Err(_) => Err(Rule::BadValue),
        }
    }

    fn number(self) -> i32 {
        let colour = match self {
            Self::Red => proto::Colour::Red,
            Self::Green => proto::Colour::Green,
            Self::Blue => proto::Colour::Blue,
        };
        colour.into()
    }
}
