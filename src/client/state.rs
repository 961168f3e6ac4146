//! How far a device is with its server. `docs/PROTOCOL.md` §11.2.

use core::fmt;

use crate::server::mailbox::MailboxCursor;
use crate::server::service::SessionToken;
use crate::storage::{Format, Key, Record, Table, Vault};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// How far a device is, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientState {
    pub(super) next_errand: u64,
    pub(super) session: Option<(SessionToken, Timestamp)>,
    pub(super) greeted_at: Option<Timestamp>,
    pub(super) cursor: MailboxCursor,
    pub(super) inbox_after: Option<[u8; 16]>,
    pub(super) inbox_at: Option<Timestamp>,
    pub(super) prekeys: u64,
    pub(super) prekeys_at: Option<Timestamp>,
}

impl ClientState {
    /// Where it is kept.
    pub(super) fn key(vault: &Vault) -> Key {
        vault.partition(Table::CLIENT_STATE, b"").key(0)
    }

    pub(super) fn new() -> Self {
        Self {
            next_errand: 1,
            session: None,
            greeted_at: None,
            cursor: MailboxCursor::default(),
            inbox_after: None,
            inbox_at: None,
            prekeys: 0,
            prekeys_at: None,
        }
    }
}

impl fmt::Debug for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientState").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

impl Format for ClientState {
    const FORMAT: u8 = 1;
}

impl Record for ClientState {
    const TABLE: Table = Table::CLIENT_STATE;
}

impl Message for ClientState {
    type Proto = proto::ClientState;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let session = match (proto.session.take(), proto.session_until) {
            (Some(bytes), Some(until)) => {
                let token = SessionToken::from_bytes(required_array(Some(bytes))?);
                Some((token, Timestamp::from_millis(until)))
            }
            (None, None) => None,
            _ => return Err(Rule::Missing),
        };
        let next_errand = required(proto.next_errand)?;
        if next_errand == 0 {
            return Err(Rule::BadValue);
        }
        Ok(Self {
            next_errand,
            session,
            greeted_at: proto.greeted_at.map(Timestamp::from_millis),
            cursor: MailboxCursor::from_proto(required(proto.cursor.take())?)?,
            inbox_after: proto.inbox_after.take().map(|handle| required_array(Some(handle))).transpose()?,
            inbox_at: proto.inbox_at.map(Timestamp::from_millis),
            prekeys: required(proto.prekeys)?,
            prekeys_at: proto.prekeys_at.map(Timestamp::from_millis),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let millis = |at: Timestamp| at.as_millis();
        proto::ClientState {
            next_errand: Some(self.next_errand),
            session: self.session.as_ref().map(|(token, _)| token.as_bytes().to_vec()),
            session_until: self.session.as_ref().map(|(_, until)| until.as_millis()),
            greeted_at: self.greeted_at.map(millis),
            cursor: Some(self.cursor.to_proto()),
            inbox_after: self.inbox_after.map(|handle| handle.to_vec()),
            inbox_at: self.inbox_at.map(millis),
            prekeys: Some(self.prekeys),
            prekeys_at: self.prekeys_at.map(millis),
        }
    }
}
