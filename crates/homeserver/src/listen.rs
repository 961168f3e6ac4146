//! Connections.

use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::log;

/// Connections at once. Whoever comes later waits in the queue of the operating system.
const CONNECTIONS: usize = 4_096;
const ALL: u32 = 4_096;
/// For the header of a request, also the next one of a connection.
const HEADER: Duration = Duration::from_secs(30);
/// After a connection could not be accepted: no file descriptor is free.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until the end begins, and those that are there until it is over or `grace` has passed.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    mut ending: watch::Receiver<bool>,
    grace: Duration,
) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accept = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            both = accept => both,
            _ = ending.wait_for(|ending| *ending) => break,
        };
        match (permit, accepted) {
            (Ok(permit), Ok((stream, _))) => {
                tokio::spawn(connection(stream, router.clone(), ending.clone(), permit));
            }
            (_, Err(error)) => {
                log::warn("not-accepted", &[("reason", &error)]);
                tokio::time::sleep(PAUSE).await;
            }
            (Err(_), _) => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(grace, connections.acquire_many(ALL)).await.is_err() {
        log::warn("connections-cut", &[]);
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    mut ending: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
) {
    // If it fails, answers are merely slower.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = core::pin::pin!(connection);
    // How a connection ends is the other side's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ending.wait_for(|ending| *ending) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
