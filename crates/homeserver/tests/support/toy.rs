//! A machine that is small enough to see what the shell does with it.

use std::time::Duration;

use sottovoce::crypto::random::Seed;
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::ids::{DeviceId, RequestId};
use sottovoce::server::discovery::{Fetch, FetchPolicy};
use sottovoce::server::{Input, Output};
use sottovoce::storage::timer::{self, Timer};
use sottovoce::storage::{self, Loaded, Machine, Step, Stop, StorageError, Table, Transaction, Vault};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::specimen::Part;
use sottovoce_homeserver::Site;

/// It counts, in one record.
pub struct Toy {
    vault: Vault,
    /// Added to each count, to tell one machine from another.
    pub base: u32,
}

/// Whose mailbox the count is.
pub const DEVICE: DeviceId = DeviceId::from_bytes([7; 16]);

/// Requests: `+` counts; `=` tells the count; `?` waits for one that is not 0, and takes it; `t` counts after 300 ms; `p` calls b.test, and
/// counts if it answers; `f` fetches from it, and counts; `x` is refused.
impl Toy {
    pub fn new(base: u32) -> Self {
        Self { vault: Vault::new(&Secret::new([0x5a; 32]), b"toy"), base }
    }

    fn count(
        &self,
        transaction: &mut Transaction<'_>,
        set: impl Fn(u32) -> u32,
    ) -> Result<u32, Stop<StorageError>> {
        let key = self.vault.partition(Table::SPECIMENS, b"count").key(0);
        let slot = transaction.read::<Part>(key)?;
        let before = slot.value().map_or(0, |part| part.number);
        let after = set(before);
        if after != before {
            transaction.put(slot, &Part { number: after, mark: None })?;
            transaction.flush();
        }
        Ok(before)
    }

    fn client(
        &self,
        transaction: &mut Transaction<'_>,
        now: Timestamp,
        request: &[u8],
    ) -> Result<Vec<Output>, Stop<StorageError>> {
        let more = |count: u32| count + 1;
        let (to, request_id) = ("b.test".parse().unwrap(), RequestId::from_bytes([9; 16]));
        let reply = |text: String| Output::Reply(text.into_bytes());
        Ok(match request.first() {
            Some(b'+') => vec![
                reply((self.count(transaction, more)? + 1 + self.base).to_string()),
                Output::Notify(DEVICE),
            ],
            Some(b'=') => vec![reply((self.count(transaction, |count| count)? + self.base).to_string())],
            Some(b'?') => match self.count(transaction, |_| 0)? {
                0 => vec![Output::Reply(Vec::new())],
                count => vec![reply(count.to_string())],
            },
            Some(b't') => {
                Timer { owner: vec![9], due: now.plus(Span::from_millis(300)), set: now }
                    .start(None, transaction)?;
                vec![reply("set".to_owned())]
            }
            Some(b'p') => {
                vec![
                    reply("called".to_owned()),
                    Output::Post {
                        to,
                        endpoints: Vec::new(),
                        policy: sottovoce::server::discovery::FetchPolicy::default(),
                        request: request_id,
                        frame: b"+".to_vec(),
                    },
                ]
            }
            Some(b'f') => {
                vec![reply("called".to_owned()), Output::Fetch(Fetch::of(&to, FetchPolicy::default()))]
            }
            Some(b'x') => return Err(Stop::Refused(StorageError::Unreadable)),
            _ => vec![reply("what?".to_owned())],
        })
    }
}

impl Machine for Toy {
    type Input = Input;
    type Output = Output;
    type Refused = StorageError;

    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Input,
    ) -> Result<Step<Output>, StorageError> {
        let more = |count: u32| count + 1;
        storage::step(&self.vault, loaded, seed, |transaction| match input {
            Input::Client(request) => self.client(transaction, now, request),
            Input::Peer(frame) => self.client(transaction, now, frame.as_bytes()),
            Input::PeerReply { reply: Some(_), .. } | Input::Fetched { document: Some(_), .. } => {
                self.count(transaction, more)?;
                Ok(vec![Output::Notify(DEVICE)])
            }
            Input::PeerReply { .. } | Input::Fetched { .. } => {
                self.count(transaction, |count| count + 100)?;
                Ok(vec![Output::Notify(DEVICE)])
            }
            Input::Resume(_) | Input::Invite(..) => Ok(Vec::new()),
            Input::Wake => {
                if timer::take_due(transaction, now, 10)?.timers.is_empty() {
                    return Ok(Vec::new());
                }
                self.count(transaction, more)?;
                Ok(vec![Output::Notify(DEVICE)])
            }
        })
    }
}

impl Site for Toy {
    fn waits(request: &[u8]) -> Option<(DeviceId, Duration)> {
        (request.first() == Some(&b'?'))
            .then_some((DEVICE, Duration::from_secs(u64::from(request.get(1).copied().unwrap_or(60)))))
    }

    fn is_empty(reply: &[u8]) -> bool {
        reply.is_empty()
    }
}
