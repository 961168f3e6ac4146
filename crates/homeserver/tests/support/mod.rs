//! HTTP as bytes on a socket, so that a test can also do what no client would.
#![allow(dead_code, reason = "each test uses its part")]

pub mod process;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The status and the body of a response.
pub type Response = std::io::Result<(u16, Vec<u8>)>;

/// One request on a connection of its own.
pub fn call(to: SocketAddr, method: &str, path: &str, body: &[u8]) -> Response {
    let mut stream = connect(to)?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    response(&mut stream)
}

pub fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(70)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads to the end of the connection. A response that is not whole is an error.
pub fn response(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(broken)?;
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let body = bytes.get(end.saturating_add(4)..).unwrap_or_default().to_vec();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    if length == Some(body.len()) { Ok((status, body)) } else { Err(broken()) }
}
