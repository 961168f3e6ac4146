//! Timers of the layer: whose they are, and the times that their owner keeps to be able to stop them.

use crate::storage::StorageError;
use crate::storage::timer::Timer;
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

use super::Context;

/// When a timer is due, and when it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) due: Timestamp,
    pub(crate) set: Timestamp,
}

impl Times {
    /// Sets the timer of `owner` in place of the one that it had.
    pub(crate) fn start(
        ctx: &mut Context<'_, '_>,
        owner: &[u8],
        before: Option<Self>,
        due: Timestamp,
    ) -> Result<Self, StorageError> {
        let times = Self { due, set: ctx.now };
        let before = before.map(|before| before.timer(owner));
        times.timer(owner).start(before.as_ref(), ctx.tx)?;
        Ok(times)
    }

    /// Stops it.
    pub(crate) fn stop(self, ctx: &mut Context<'_, '_>, owner: &[u8]) {
        self.timer(owner).stop(ctx.tx);
    }

    fn timer(self, owner: &[u8]) -> Timer {
        Timer { owner: owner.to_vec(), due: self.due, set: self.set }
    }
}

impl Message for Times {
    type Proto = proto::TimerTimes;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let due = Timestamp::from_millis(required(proto.due)?);
        Ok(Self { due, set: Timestamp::from_millis(required(proto.set)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::TimerTimes { due: Some(self.due.as_millis()), set: Some(self.set.as_millis()) }
    }
}
