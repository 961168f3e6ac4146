//! What a content says of an attachment. `docs/PROTOCOL.md` §10.8.

use core::fmt;

use super::padding::padded;
use super::strict::{is_file_name, is_media_type, require};
use crate::crypto::attachment::AttachmentPointer;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// Where sealed bytes are, what opens them, and what they are said to be. `Debug` prints neither name nor key.
pub struct AttachmentInfo {
    /// The name of the blob at the sender's server. No host is named here: contents lead nowhere else (attack B-09).
    pub blob: [u8; 32],
    /// What opens it, padding included.
    pub pointer: AttachmentPointer,
    /// Bytes of the file, without padding.
    pub size: u64,
    /// Such as `image/webp`. It says what the sender says, not what the bytes are.
    pub media_type: String,
    /// A name that leads to no other directory.
    pub name: String,
    /// What the sender says about it, at most 256 bytes.
    pub caption: Option<String>,
}

impl fmt::Debug for AttachmentInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttachmentInfo({} bytes)", self.size)
    }
}

impl Message for AttachmentInfo {
    type Proto = proto::AttachmentInfo;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let info = Self {
            blob: required_array(proto.blob)?,
            pointer: Message::from_proto(required(proto.pointer)?)?,
            size: required(proto.size)?,
            media_type: required(proto.media_type)?,
            name: required(proto.name)?,
            caption: proto.caption,
        };
        require(is_media_type(&info.media_type) && is_file_name(&info.name))?;
        require(info.pointer.size() == padded(info.size))?;
        Ok(info)
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AttachmentInfo {
            blob: Some(self.blob.to_vec()),
            pointer: Some(self.pointer.to_proto()),
            size: Some(self.size),
            media_type: Some(self.media_type.clone()),
            name: Some(self.name.clone()),
            caption: self.caption.clone(),
        }
    }
}
