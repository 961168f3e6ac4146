//! Why a device does not do what it is told. `docs/PROTOCOL.md` §11 and Appendix A.

use core::fmt;

use crate::content::ContentError;
use crate::crypto::CryptoError;
use crate::error::{Blame, Fault};
use crate::identity::IdentityError;
use crate::session::SessionError;
use crate::storage::{Interrupt, Stop, StorageError};
use crate::wire::EncodeError;

/// Why an input is refused: the caller's fault or the store's. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientError {
    /// There is no account in this store; or there is one already, and another was to be created.
    NoAccount,
    /// No such person, contact or content.
    Unknown,
    /// More than may wait for one person.
    TooMuch,
    /// A content, or a state of consent that does not permit it.
    Content(ContentError),
    /// A session.
    Session(SessionError),
    /// An account.
    Identity(IdentityError),
    /// The store, or what it holds.
    Storage(StorageError),
    /// A value that exceeds the limits of its message.
    Encode(EncodeError),
    /// The source of randomness, or a key.
    Crypto(CryptoError),
}

pub(super) type Stopped = Stop<ClientError>;

impl Blame for ClientError {
    fn fault(&self) -> Fault {
        match self {
            Self::NoAccount | Self::Unknown | Self::TooMuch => Fault::Caller,
            Self::Content(error) => error.fault(),
            Self::Session(error) => error.fault(),
            Self::Identity(error) => error.fault(),
            Self::Storage(error) => error.fault(),
            Self::Encode(error) => error.fault(),
            Self::Crypto(error) => error.fault(),
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::NoAccount | Self::Unknown => "not-possible",
            Self::TooMuch => "too-much",
            Self::Content(error) => error.class(),
            Self::Session(error) => error.class(),
            Self::Identity(error) => error.class(),
            Self::Storage(error) => error.class(),
            Self::Encode(error) => error.class(),
            Self::Crypto(error) => error.class(),
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident,)+) => {$(
        impl From<$error> for ClientError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )+};
}

from! {
    ContentError => Content,
    SessionError => Session,
    IdentityError => Identity,
    StorageError => Storage,
    EncodeError => Encode,
    CryptoError => Crypto,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccount => f.write_str("no account in this store, or another one"),
            Self::Unknown => f.write_str("nobody and nothing of that name"),
            Self::TooMuch => f.write_str("too much waits for this person"),
            Self::Content(error) => error.fmt(f),
            Self::Session(error) => error.fmt(f),
            Self::Identity(error) => error.fmt(f),
            Self::Storage(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
            Self::Crypto(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ClientError {}

pub(super) fn refuse<E: Into<ClientError>>(error: E) -> Stopped {
    Stop::Refused(error.into())
}

/// A step of the layer below, as one of this.
pub(super) fn lift<T>(result: Result<T, Stop<SessionError>>) -> Result<T, Stopped> {
    result.map_err(|stop| match stop {
        Stop::Load(wants) => Stop::Load(wants),
        Stop::Refused(SessionError::Storage(error)) => Stop::Refused(ClientError::Storage(error)),
        Stop::Refused(error) => Stop::Refused(ClientError::Session(error)),
    })
}

/// Errors that are not this device's, apart from what stops the step.
pub(super) fn of_peer<T>(
    result: Result<T, Stop<SessionError>>,
) -> Result<Result<T, SessionError>, Interrupt> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Load(wants)) => Err(Interrupt::Load(wants)),
        Err(Stop::Refused(SessionError::Storage(error))) => Err(Interrupt::Failed(error)),
        Err(Stop::Refused(error)) => Ok(Err(error)),
    }
}
