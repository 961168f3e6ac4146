//! Wakes the machine: at its start, when it has asked for it, and now and then.

use core::time::Duration;
use std::sync::Arc;

use sottovoce::time::Timestamp;
use tokio::sync::watch;

use crate::clock;
use crate::site::Site;
use crate::writer::Writer;
use sottovoce::server::Input;

/// The longest without a wake: the clock may have been changed, or an alarm lost with a crash.
const PERIOD: Duration = Duration::from_mins(1);
/// Between two wakes, so that a timer that is always due does not keep everything else from the store.
const PAUSE: Duration = Duration::from_millis(2);

/// When to wake next.
#[derive(Clone, Debug)]
pub(crate) struct Alarm(Arc<watch::Sender<Option<Timestamp>>>);

impl Alarm {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Not later than at `at`.
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.send_if_modified(|next| {
            let sooner = next.is_none_or(|next| at < next);
            if sooner {
                *next = Some(at);
            }
            sooner
        });
    }

    /// Wakes for ever.
    pub(crate) async fn run<M: Site + Send + 'static>(self, writer: Writer<M>)
    where
        M::Refused: core::fmt::Display,
    {
        let mut changes = self.0.subscribe();
        loop {
            self.0.send_replace(None);
            changes.mark_unchanged();
            // An error is logged where it occurs, and sets the alarm.
            let _ = writer.run(Input::Wake).await;
            tokio::time::sleep(PAUSE).await;
            let end = tokio::time::Instant::now().checked_add(PERIOD);
            while let Some(left) = self.left(end) {
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = changes.changed() => {}
                }
            }
        }
    }

    /// How long until the next wake; `None` if it is due.
    fn left(&self, end: Option<tokio::time::Instant>) -> Option<Duration> {
        let period = end.map_or(PERIOD, |end| end.saturating_duration_since(tokio::time::Instant::now()));
        let asked = *self.0.borrow();
        let left =
            asked.map_or(period, |at| Duration::from_millis(at.since(clock::now()).as_millis()).min(period));
        (!left.is_zero()).then_some(left)
    }
}
