//! Users: what they submitted, what they were told, what they got.

use std::collections::BTreeMap;

use sottovoce::identity::ids::RequestId;
use sottovoce::server::hazmat::Input;
use sottovoce::server::mailbox::{Drained, MailboxCursor, What};
use sottovoce::server::{Item, ItemId, Reason, Status};

use super::cast::{self, domain, submitter};
use super::plan::Kind;

/// An item that was submitted.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) kind: Kind,
    pub(super) from: u8,
    pub(super) to: u8,
    /// Whether the server said that it has taken it.
    pub(super) is_taken: bool,
    pub(super) status: Option<Status>,
    /// How often a device got it.
    pub(super) got: u32,
}

/// A device's view of its mailbox.
#[derive(Clone, Copy, Debug, Default)]
struct Reader {
    cursor: MailboxCursor,
}

/// All users, and everything that they sent.
#[derive(Default)]
pub(super) struct Users {
    /// By the number that is its id.
    pub(super) sent: Vec<Sent>,
    readers: BTreeMap<(u8, u8), Reader>,
    /// What each device got, in order.
    pub(super) got: BTreeMap<(u8, u8), Vec<u32>>,
    /// A payload that was announced, for items that need one.
    pub(super) statuses: u64,
}

impl Sent {
    /// Whether this may be the end of it, where nothing was late.
    fn may_be(&self, status: Status) -> bool {
        match self.kind {
            Kind::Good | Kind::New | Kind::Sink => status == Status::Delivered,
            // A payload that nothing names lives for a day.
            Kind::Payload => matches!(status, Status::Delivered),
            Kind::Unknown => status == Status::Refused(Reason::Unknown),
            Kind::Gone => status == Status::Gone,
            Kind::Missing => status == Status::Refused(Reason::NoPayload),
        }
    }

    /// Whether a device has to get it.
    pub(super) const fn has_to_arrive(&self) -> bool {
        matches!(self.kind, Kind::Good | Kind::New | Kind::Payload)
    }
}

/// What a submission is made of.
pub(super) fn submission(sent: &Sent, number: u32) -> Vec<Input> {
    let mut items: Vec<Item> = Vec::new();
    if sent.kind == Kind::Payload {
        items.push(cast::payload_item(sent.from, number));
    }
    items.push(cast::item(sent.kind, sent.from, sent.to, number));
    let mut request = [0x5b; 16];
    request[..4].copy_from_slice(&number.to_be_bytes());
    let input = |item| Input::Submit {
        by: submitter(sent.from),
        request: RequestId::from_bytes(request),
        to: domain(sent.to),
        item,
    };
    items.into_iter().map(input).collect()
}

/// The number in an id; `None` for the payloads and the items before the seed.
fn number(id: ItemId) -> Option<u32> {
    let bytes = *id.as_bytes();
    let [a, b, c, d, ..] = bytes;
    let number = u32::from_be_bytes([a, b, c, d]);
    (bytes[15] != 0xff && number != u32::MAX).then_some(number)
}

impl Users {
    pub(super) fn cursor(&self, at: u8, device: u8) -> MailboxCursor {
        self.readers.get(&(at, device)).copied().unwrap_or_default().cursor
    }

    /// What a device finds. Gives whether there is anything.
    pub(super) fn read(&mut self, (at, device): (u8, u8), drained: Drained) -> Result<bool, String> {
        self.readers.entry((at, device)).or_default().cursor = drained.next;
        let is_empty = drained.entries.is_empty();
        for entry in drained.entries {
            match entry.what {
                What::Item(item) => self.get((at, device), item.id)?,
                What::Status(status) => self.tell(at, status.id, status.status)?,
            }
        }
        Ok(!is_empty)
    }

    fn get(&mut self, (at, device): (u8, u8), id: ItemId) -> Result<(), String> {
        let number = number(id).ok_or("an item that nobody sent")?;
        let sent = self.sent.get_mut(usize::try_from(number).unwrap()).ok_or("an item that nobody sent")?;
        if sent.to != at || !sent.has_to_arrive() || (sent.kind == Kind::New) != (device == cast::NEW) {
            return Err(format!("item {number} {sent:?} arrives at device {device} of {at}"));
        }
        sent.got += 1;
        self.got.entry((at, device)).or_default().push(number);
        Ok(())
    }

    fn tell(&mut self, at: u8, id: ItemId, status: Status) -> Result<(), String> {
        self.statuses += 1;
        let Some(number) = number(id) else { return Ok(()) };
        let sent = self.sent.get_mut(usize::try_from(number).unwrap()).ok_or("a status of nothing")?;
        if sent.from != at {
            return Err(format!("{at} is told about item {number} {sent:?}"));
        }
        if matches!(status, Status::Waiting(_)) {
            return Ok(());
        }
        if !sent.may_be(status) {
            return Err(format!("item {number} {sent:?} is reported as {status:?}"));
        }
        if sent.status.is_some_and(|before| before != status) {
            return Err(format!("item {number} {sent:?} is then reported as {status:?}"));
        }
        sent.status = Some(status);
        Ok(())
    }
}
