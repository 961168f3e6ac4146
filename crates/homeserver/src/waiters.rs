//! Long polls: who waits for which device's mailbox.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sottovoce::identity::ids::DeviceId;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// All who wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiters(Arc<Mutex<BTreeMap<DeviceId, Arc<Notify>>>>);

/// One that waits. It hears of everything from its making on.
#[derive(Debug)]
pub(crate) struct Waiter {
    all: Waiters,
    device: DeviceId,
    notify: Arc<Notify>,
}

impl Waiters {
    /// Begins to listen. Do so before looking, and wait after.
    pub(crate) fn listen(&self, device: DeviceId) -> Waiter {
        let notify = Arc::clone(self.lock().entry(device).or_default());
        Waiter { all: self.clone(), device, notify }
    }

    /// Wakes all who wait for a device.
    pub(crate) fn wake(&self, device: DeviceId) {
        if let Some(notify) = self.lock().get(&device) {
            notify.notify_waiters();
        }
    }

    /// Nothing is left half done by a thread that panics while it holds this.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Ready once the device is notified after this call.
    pub(crate) fn next(&self) -> OwnedNotified {
        Arc::clone(&self.notify).notified_owned()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        // The map's and this one's: nobody else waits.
        if Arc::strong_count(&self.notify) <= 2 {
            all.remove(&self.device);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_remembered_who_has_gone() {
        let waiters = Waiters::default();
        let device = DeviceId::from_bytes([1; 16]);
        let first = waiters.listen(device);
        let second = waiters.listen(device);
        drop(first);
        assert_eq!(waiters.lock().len(), 1);
        drop(second);
        assert!(waiters.lock().is_empty());
    }

    #[tokio::test]
    async fn a_wake_between_looking_and_waiting_is_not_lost() {
        let waiters = Waiters::default();
        let device = DeviceId::from_bytes([1; 16]);
        let waiter = waiters.listen(device);
        let next = waiter.next();
        waiters.wake(device);
        next.await;
        // One before does not count.
        waiters.wake(device);
        let next = waiter.next();
        let soon = core::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, next).await.is_err());
    }
}
