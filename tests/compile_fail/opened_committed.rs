//! Nothing is stored of an Initial before it was compared with its sender's verified account.
use sottovoce::handshake::{Accepted, HandshakeError, Opened};
use sottovoce::identity::chain::Manifest;
use sottovoce::pairwise::SessionSecret;

fn unverified(opened: Opened, manifest: &Manifest) -> Result<Accepted, HandshakeError> {
    opened.accept(manifest, None)
}

fn its_secret(opened: Opened) -> SessionSecret {
    opened.0.session
}

fn main() {}
