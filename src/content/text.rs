//! Messages and what takes their place. `docs/PROTOCOL.md` §10.7, §10.9.

use core::fmt;
use core::ops::Range;

use super::conversation::ContentId;
use super::file::AttachmentInfo;
use super::strict::{is_plain, is_url, lifetime, names_url, require};
use crate::identity::ids::AccountId;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// A message. It is taken and shown byte for byte. `Debug` prints no text.
#[derive(Default)]
pub struct Text {
    /// At most 16 KiB. Empty only with an attachment.
    pub text: String,
    /// Parts of the text that name accounts, at most 32, in order and without overlap.
    pub mentions: Vec<Mention>,
    /// What it answers.
    pub reply_to: Option<ContentId>,
    /// At most 32.
    pub attachments: Vec<AttachmentInfo>,
    /// Of a link in the text, made by the sender.
    pub preview: Option<Preview>,
    /// Seconds after which it is to disappear.
    pub lifetime: Option<u32>,
}

/// A part of a text that names an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The byte of the text at which it begins.
    pub start: u32,
    /// Its bytes.
    pub length: u32,
    /// Whom it names.
    pub account: AccountId,
}

/// What a link leads to, as its sender saw it. Nothing is fetched to show it (attack B-09).
pub struct Preview {
    /// Stands in the text, between white space or its ends.
    pub url: String,
    /// One line, at most 512 bytes.
    pub title: String,
    /// A picture among the sender's blobs.
    pub image: Option<AttachmentInfo>,
}

/// Other text in place of a message's. All of it is exchanged, text, mentions, attachments, but not what it answers.
#[derive(Debug)]
pub struct Edit {
    /// The message.
    pub target: ContentId,
    /// What it says from now on. It has no `reply_to`.
    pub text: Text,
}

impl Mention {
    /// The bytes of the text that it means. Two mentions of a text that was decoded never overlap.
    pub fn range(&self) -> Option<Range<usize>> {
        let end = self.start.checked_add(self.length).filter(|_| self.length > 0)?;
        Some(usize::try_from(self.start).ok()?..usize::try_from(end).ok()?)
    }
}

impl Text {
    fn check(&self) -> Result<(), Rule> {
        require(!self.text.is_empty() || !self.attachments.is_empty())?;
        let mut before = 0;
        for mention in &self.mentions {
            let range = mention.range().ok_or(Rule::BadValue)?;
            require(range.start >= before && self.text.get(range.clone()).is_some())?;
            before = range.end;
        }
        require(self.preview.as_ref().is_none_or(|preview| names_url(&self.text, &preview.url)))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, files) = (self.text.len(), self.attachments.len());
        write!(f, "Text({text} bytes, {files} attachments)")
    }
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Preview(..)")
    }
}

impl Message for Text {
    type Proto = proto::TextBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let text = Self {
            text: required(proto.text)?,
            mentions: proto.mentions.into_iter().map(Message::from_proto).collect::<Result<_, _>>()?,
            reply_to: optional_id(proto.reply_to)?,
            attachments: proto.attachments.into_iter().map(Message::from_proto).collect::<Result<_, _>>()?,
            preview: proto.preview.map(Message::from_proto).transpose()?,
            lifetime: lifetime(proto.lifetime)?,
        };
        text.check()?;
        Ok(text)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::TextBody {
            text: Some(self.text.clone()),
            mentions: self.mentions.iter().map(Message::to_proto).collect(),
            reply_to: self.reply_to.map(|id| id.as_bytes().to_vec()),
            attachments: self.attachments.iter().map(Message::to_proto).collect(),
            preview: self.preview.as_ref().map(Message::to_proto),
            lifetime: self.lifetime,
        }
    }
}

pub(super) fn optional_id(field: Option<Vec<u8>>) -> Result<Option<ContentId>, Rule> {
    field.map(|id| required_array(Some(id)).map(ContentId::from_bytes)).transpose()
}

impl Message for Mention {
    type Proto = proto::Mention;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let account = AccountId::from_bytes(required_array(proto.account)?);
        Ok(Self { start: required(proto.start)?, length: required(proto.length)?, account })
    }

    fn to_proto(&self) -> Self::Proto {
        let account = Some(self.account.as_bytes().to_vec());
        proto::Mention { start: Some(self.start), length: Some(self.length), account }
    }
}

impl Message for Preview {
    type Proto = proto::LinkPreview;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let (url, title) = (required(proto.url)?, required(proto.title)?);
        require(is_url(&url) && is_plain(&title))?;
        Ok(Self { url, title, image: proto.image.map(Message::from_proto).transpose()? })
    }

    fn to_proto(&self) -> Self::Proto {
        let image = self.image.as_ref().map(Message::to_proto);
        proto::LinkPreview { url: Some(self.url.clone()), title: Some(self.title.clone()), image }
    }
}

impl Message for Edit {
    type Proto = proto::EditBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let target = ContentId::from_bytes(required_array(proto.target)?);
        let text = Text::from_proto(required(proto.text)?)?;
        require(text.reply_to.is_none())?;
        Ok(Self { target, text })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::EditBody { target: Some(self.target.as_bytes().to_vec()), text: Some(self.text.to_proto()) }
    }
}
