//! Requests: bodies in, bodies out. What stands in them is the machine's.

use core::fmt::Display;
use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt as _, Limited};
use sottovoce::server::discovery::document::{self, PATH};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::site::Site;
use crate::waiters::Waiters;
use crate::writer::{Failed, Writer};
use sottovoce::server::Input;

pub(crate) const PEER: &str = "/sottovoce/1/peer";
pub(crate) const CLIENT: &str = "/sottovoce/1/client";
/// The type of every other body.
pub(crate) const OCTETS: &str = "application/octet-stream";

/// Bytes of bodies.
pub(crate) mod limits {
    /// A signed frame: 4 MiB and its signature.
    pub(crate) const FRAME: usize = (4 << 20) + 1_024;
    /// A client's request.
    pub(crate) const CLIENT: usize = 8 << 20;
    /// A body that needs no room of its own: as many as there are connections.
    pub(crate) const SMALL: usize = 64 << 10;
    /// All others that are held at once, in KiB.
    pub(crate) const ALL: usize = 256 << 10;
}

/// To find room for a body, and then from its first byte to its last.
const READING: Duration = Duration::from_secs(30);
/// How far a body may be behind one that takes so long evenly: what does not come must not keep its room from others.
const BEHIND: Duration = Duration::from_secs(5);
/// The longest that a request waits for something to fetch.
const WAITING: Duration = Duration::from_secs(55);

/// What handlers share.
pub(crate) struct Shared<M> {
    pub(crate) writer: Writer<M>,
    pub(crate) waiters: Waiters,
    /// The discovery document.
    pub(crate) document: watch::Receiver<Bytes>,
    pub(crate) health: watch::Receiver<bool>,
    /// `true` once the server is about to end.
    pub(crate) ending: watch::Receiver<bool>,
    pub(crate) room: Arc<Semaphore>,
}

pub(crate) fn router<M: Site + Send + Sync + 'static>(shared: Arc<Shared<M>>) -> Router
where
    M::Refused: Display,
{
    Router::new()
        .route(PEER, post(peer::<M>))
        .route(CLIENT, post(client::<M>))
        .route(PATH, get(discovery::<M>))
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready::<M>))
        .with_state(shared)
}

async fn peer<M: Site + Send + Sync + 'static>(
    State(shared): State<Arc<Shared<M>>>,
    request: Request,
) -> Result<Response, Refusal>
where
    M::Refused: Display,
{
    let (body, _room) = shared.body(request, limits::FRAME).await?;
    Ok(octets(shared.writer.run(Input::Peer(body.into())).await?))
}

async fn client<M: Site + Send + Sync + 'static>(
    State(shared): State<Arc<Shared<M>>>,
    request: Request,
) -> Result<Response, Refusal>
where
    M::Refused: Display,
{
    let (body, room) = shared.body(request, limits::CLIENT).await?;
    let Some((device, wait)) = M::waits(&body) else {
        return Ok(octets(shared.writer.run(Input::Client(body)).await?));
    };
    let end = Instant::now().checked_add(wait.min(WAITING)).unwrap_or_else(Instant::now);
    let mut ending = shared.ending.clone();
    let waiter = shared.waiters.listen(device);
    // A request that waits is small, and many wait.
    drop(room);
    loop {
        let next = waiter.next();
        let reply = shared.writer.run(Input::Client(body.clone())).await?;
        if !M::is_empty(&reply) {
            return Ok(octets(reply));
        }
        tokio::select! {
            () = next => {}
            () = sleep_until(end) => return Ok(octets(reply)),
            _ = ending.wait_for(|ending| *ending) => return Ok(octets(reply)),
        }
    }
}

async fn discovery<M>(State(shared): State<Arc<Shared<M>>>) -> Response {
    let body = shared.document.borrow().clone();
    ([(CONTENT_TYPE, document::CONTENT_TYPE)], body).into_response()
}

/// Ready if the store works and the server is not about to end.
async fn ready<M>(State(shared): State<Arc<Shared<M>>>) -> (StatusCode, &'static str) {
    match (*shared.health.borrow(), *shared.ending.borrow()) {
        (true, false) => (StatusCode::OK, "ready\n"),
        (_, true) => (StatusCode::SERVICE_UNAVAILABLE, "ending\n"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "the store fails\n"),
    }
}

fn octets(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, OCTETS)], Body::from(body)).into_response()
}

impl<M> Shared<M> {
    /// Reads a body, as long as it comes fast enough. Room is made for one that is not small, once so much of it has come.
    async fn body(
        &self,
        request: Request,
        limit: usize,
    ) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Refusal> {
        let length = length(request.headers()).unwrap_or(limit);
        if length > limit {
            return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let mut body = Limited::new(request.into_body(), limit);
        let (mut start, mut bytes, mut room) = (Instant::now(), Vec::new(), None);
        loop {
            let due = start.checked_add(allowed(bytes.len(), length)).unwrap_or(start);
            match timeout_at(due, body.frame()).await {
                Err(_) => return Err(Refusal(StatusCode::REQUEST_TIMEOUT)),
                // Too long without having said so, or broken off: the connection is of no use any more.
                Ok(Some(Err(_))) => return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE)),
                Ok(Some(Ok(frame))) => bytes.extend(frame.into_data().unwrap_or_default()),
                Ok(None) => return Ok((bytes, room)),
            }
            if room.is_none() && bytes.len() > limits::SMALL {
                room = Some(self.make_room(length).await?);
                start = Instant::now();
            }
        }
    }

    async fn make_room(&self, length: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let kib = u32::try_from(length.div_ceil(1_024)).unwrap_or(u32::MAX);
        let room = timeout(READING, Arc::clone(&self.room).acquire_many_owned(kib)).await;
        room.ok().and_then(Result::ok).ok_or(Refusal(StatusCode::SERVICE_UNAVAILABLE))
    }
}

/// How long it may take until something follows these bytes of so many.
fn allowed(bytes: usize, length: usize) -> Duration {
    let of = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let evenly = READING.checked_mul(of(bytes)).and_then(|time| time.checked_div(of(length)));
    evenly.unwrap_or_default().saturating_add(BEHIND)
}

/// What a request says of its body's length.
fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A response without a body. The machine's refusals have one, and status 200.
struct Refusal(StatusCode);

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        Self(match failed {
            Failed::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Failed::Refused => StatusCode::INTERNAL_SERVER_ERROR,
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
