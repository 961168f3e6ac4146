//! How both sides of a stream are kept. `docs/PROTOCOL.md` §7.4.

use crate::crypto::hash::Hash;
use crate::identity::ids::RequestId;
use crate::storage::{Format, Record, Table};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::{Inbound, Mark, Outbound, Retained, Verdicts};

impl Message for Inbound {
    type Proto = proto::InboundStream;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let (next, last_first) = (required(proto.next)?, required(proto.last_first)?);
        let verdicts = Verdicts::from_proto(proto.verdicts)?;
        if last_first == 0 || last_first.checked_add(verdicts.len()) != Some(next) {
            return Err(Rule::BadValue);
        }
        let hash = Hash::from_bytes(required_array(proto.hash)?);
        Ok(Self { epoch: required(proto.epoch)?, next, hash, last_first, verdicts })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::InboundStream {
            epoch: Some(self.epoch),
            next: Some(self.next),
            hash: Some(self.hash.as_bytes().to_vec()),
            last_first: Some(self.last_first),
            verdicts: self.verdicts.to_proto(),
        }
    }
}

impl Message for Mark {
    type Proto = proto::StreamMark;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            number: required(proto.number)?,
            hash: Hash::from_bytes(required_array(proto.hash)?),
            through: required(proto.through)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::StreamMark {
            number: Some(self.number),
            hash: Some(self.hash.as_bytes().to_vec()),
            through: Some(self.through),
        }
    }
}

impl Message for Outbound {
    type Proto = proto::OutboundStream;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let marks: Vec<_> = proto.marks.into_iter().map(Mark::from_proto).collect::<Result<_, _>>()?;
        let (epoch, acked) = (required(proto.epoch)?, required(proto.acked)?);
        let ascend = |pair: &[Mark]| matches!(pair, [first, second] if first.number < second.number && first.through < second.through);
        let is_known = marks.iter().any(|mark| mark.number == acked);
        if epoch == 0 || !is_known || !marks.windows(2).all(ascend) {
            return Err(Rule::BadValue);
        }
        let outstanding = proto.outstanding.map(|bytes| required_array(Some(bytes))).transpose()?;
        let retained = Retained {
            after: required(proto.retained_after)?,
            since: Timestamp::from_millis(required(proto.retained_since)?),
        };
        Ok(Self { epoch, marks, acked, outstanding: outstanding.map(RequestId::from_bytes), retained })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::OutboundStream {
            epoch: Some(self.epoch),
            marks: self.marks.iter().map(Message::to_proto).collect(),
            acked: Some(self.acked),
            outstanding: self.outstanding.map(|request| request.as_bytes().to_vec()),
            retained_after: Some(self.retained.after),
            retained_since: Some(self.retained.since.as_millis()),
        }
    }
}

impl Format for Inbound {
    const FORMAT: u8 = 1;
}

impl Record for Inbound {
    const TABLE: Table = Table::INBOUND_STREAMS;
}

impl Format for Outbound {
    const FORMAT: u8 = 1;
}

impl Record for Outbound {
    const TABLE: Table = Table::OUTBOUND_STREAMS;
}
