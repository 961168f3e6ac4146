//! Calls to other servers, over plain HTTP to where the configuration says they are.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sottovoce::identity::address::Domain;
use sottovoce::server::discovery::Fetch;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use crate::http::{OCTETS, PEER, limits};
use crate::log;
use crate::site::Site;
use crate::writer::Writer;
use sottovoce::server::{Input, Output};

/// Calls under way at once.
const CALLS: usize = 64;
/// For a call, from the connection to the last byte.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);
/// Shorter than the other side keeps a connection that is not used.
const IDLE: Duration = Duration::from_secs(15);

/// Who makes the calls.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    client: Client<HttpConnector, Full<Bytes>>,
    places: Arc<BTreeMap<String, String>>,
    calls: Arc<Semaphore>,
}

impl Peers {
    pub(crate) fn new(places: BTreeMap<String, String>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { client, places: Arc::new(places), calls: Arc::new(Semaphore::new(CALLS)) }
    }

    /// Makes each call, and brings what comes of it to the machine, until nobody asks for calls any more.
    pub(crate) async fn run<M: Site + Send + 'static>(
        self,
        mut calls: mpsc::UnboundedReceiver<Output>,
        writer: Writer<M>,
    ) where
        M::Refused: fmt::Display,
    {
        while let Some(call) = calls.recv().await {
            let Ok(permit) = Arc::clone(&self.calls).acquire_owned().await else { return };
            let (peers, writer) = (self.clone(), writer.clone());
            tokio::spawn(async move {
                if let Some(input) = peers.call(call).await {
                    drop(permit);
                    // If it is lost, it is as if the network had lost it.
                    let _ = writer.run(input).await;
                }
            });
        }
    }

    async fn call(&self, call: Output) -> Option<Input> {
        match call {
            Output::Post { to, endpoints: _, policy: _, request, frame } => {
                let post = async {
                    let response = self.send(&to, Method::POST, PEER, frame).await?;
                    match response.status() {
                        StatusCode::OK => body(response, limits::FRAME).await,
                        status => Err(Why::Status(status)),
                    }
                };
                let reply = within(PATIENCE, post).await;
                Some(Input::PeerReply { to, request, reply: reply.map(Into::into) })
            }
            Output::Fetch(fetch) => {
                let document =
                    within(Duration::from_millis(Fetch::TIMEOUT.as_millis()), self.fetch(&fetch)).await;
                Some(Input::Fetched { domain: fetch.host, document })
            }
            Output::Reply(_) | Output::Notify(_) | Output::Push { .. } => None,
        }
    }

    /// Fetches a document. The place is the operator's choice, so no policy has anything to say about it, and no redirect is followed.
    async fn fetch(&self, fetch: &Fetch) -> Result<Vec<u8>, Why> {
        let response = self.send(&fetch.host, Method::GET, &fetch.path, Vec::new()).await?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let length = header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if fetch.takes(response.status().as_u16(), header(CONTENT_TYPE), length) {
            body(response, Fetch::MAX_BYTES).await
        } else {
            Err(Why::Status(response.status()))
        }
    }

    async fn send(
        &self,
        to: &Domain,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, Why> {
        let place = self.places.get(to.as_str()).ok_or(Why::NoPlace)?;
        let uri: Uri = format!("http://{place}{path}").parse().map_err(|_| Why::NoPlace)?;
        let request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, OCTETS);
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| Why::NoPlace)?;
        let called = self.client.request(request).await;
        called.map_err(|error| if error.is_connect() { Why::NoConnection } else { Why::Broken })
    }
}

async fn body(response: Response<Incoming>, limit: usize) -> Result<Vec<u8>, Why> {
    let body = Limited::new(response.into_body(), limit).collect().await.map_err(|_| Why::Broken)?;
    Ok(body.to_bytes().into())
}

/// What comes of a call in time. Why nothing does is for the log only: to the machine it is all one.
async fn within(time: Duration, call: impl Future<Output = Result<Vec<u8>, Why>>) -> Option<Vec<u8>> {
    let called = timeout(time, call).await.unwrap_or(Err(Why::TooSlow));
    called.map_err(|why| log::warn("peer-unreachable", &[("reason", &why)])).ok()
}

/// Why a call came to nothing, for the log.
enum Why {
    NoPlace,
    NoConnection,
    TooSlow,
    Broken,
    Status(StatusCode),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPlace => f.write_str("not among the peers of the configuration"),
            Self::NoConnection => f.write_str("no connection"),
            Self::TooSlow => f.write_str("no answer in time"),
            Self::Broken => f.write_str("the connection broke, or the answer was too long"),
            Self::Status(status) => write!(f, "status {}", status.as_u16()),
        }
    }
}
