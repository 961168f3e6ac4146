//! Records that can be made again if they are lost.

use super::error::StorageError;
use super::key::Key;
use super::record::Record;
use super::transaction::{Interrupt, Seen, Slot, Transaction};

impl Transaction<'_> {
    /// As [`read`](Self::read), but a record that is damaged is taken for lost, as if it were not there: for what can be made again, and must
    /// not hold up what comes.
    pub fn read_or_lost<T: Record>(&mut self, key: Key) -> Result<Slot<T>, Interrupt> {
        match self.read(key) {
            Err(Interrupt::Failed(StorageError::Unreadable)) => {
                let version = self.loaded.record(&key).flatten().map(|stored| stored.version);
                Ok(Slot { key, value: Ok(None), seen: Seen::Stored(version) })
            }
            read => read,
        }
    }
}
