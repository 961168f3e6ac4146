//! Where what a step releases goes.

use sottovoce::storage::Released;
use tokio::sync::{mpsc, watch};

use crate::alarm::Alarm;
use crate::clock;
use crate::log;
use crate::waiters::Waiters;
use sottovoce::server::Output;

/// Everything but the reply leaves through here.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// To other servers. Not bounded here, because the thread of the store must not wait for the network, which waits for it. The
    /// machine has one frame under way for each stream to another server.
    pub(crate) network: mpsc::UnboundedSender<Output>,
    pub(crate) waiters: Waiters,
    pub(crate) alarm: Alarm,
    pub(crate) health: watch::Sender<bool>,
}

impl Outbox {
    /// Lets go what was released, and gives the reply.
    pub(crate) fn release(&self, released: Released<Output>) -> Vec<u8> {
        let Released { send, events: _, wake_at } = released;
        if let Some(at) = wake_at {
            self.alarm.set(at);
        }
        let mut reply = Vec::new();
        for output in send {
            match output {
                Output::Reply(body) => reply = body,
                Output::Notify(device) => self.waiters.wake(device),
                // No push service is connected yet: the device looks by itself.
                Output::Push { .. } => {}
                post @ (Output::Post { .. } | Output::Fetch(_)) => {
                    // At the end of the process what is not sent is sent again after the next start.
                    let _ = self.network.send(post);
                }
            }
        }
        reply
    }

    pub(crate) fn healthy(&self, is: bool) {
        let changed = self.health.send_if_modified(|health| core::mem::replace(health, is) != is);
        if changed && is {
            log::info("store-works", &[]);
        }
    }

    /// What was due may still be.
    pub(crate) fn wake_soon(&self) {
        self.alarm.set(clock::now().plus(sottovoce::time::Span::from_secs(1)));
    }
}
