//! Who the server is: its chain, signed by keys in the data directory.
//!
//! | file | |
//! |---|---|
//! | `recovery.phrase` | 24 words. They outrank everything else; whoever moves them to paper and deletes the file is safe from whoever takes the machine |
//! | `manager.key` | signs the next manifest while the server runs |
//! | `online-….key` | signs certificates and frames, at most 30 days |
//! | `manifest` | the newest manifest |
//!
//! These are not in the database: one that is put back to an earlier state must not take the server's identity back with it.

use std::str;

use sottovoce::crypto::{ed25519, hybrid};
use sottovoce::identity::Verified;
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::{Author, Authorities, Manifest, Subject as _};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::server::{Endpoint, OnlineKey, Server, ServerBody};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use crate::Failure;
use crate::files::{Directory, source};

const MANIFEST: &str = "manifest";
const PHRASE: &str = "recovery.phrase";
const MANAGER: &str = "manager.key";
/// Half of the time for which an online key is valid. Certificates that it signs do not outlive it, so one for the other half is always possible.
const HALF: Span = Span::from_millis(LONGEST.as_millis() / 2);

/// The server as it stands: its newest manifest, and the online key that it signs with.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) manifest: Verified<Server>,
    pub(crate) online: ed25519::SecretKey,
    /// Until when that key is valid.
    pub(crate) until: Timestamp,
}

/// An online key of the newest manifest, of which the private half is here.
struct Held {
    secret: ed25519::SecretKey,
    listed: OnlineKey,
    name: String,
}

impl Identity {
    /// The server of this directory: founded if there is none, with a new manifest if it is time for one. `true` if there is a new one.
    pub(crate) fn open(
        directory: &Directory,
        domain: &Domain,
        endpoints: Vec<Endpoint>,
        now: Timestamp,
    ) -> Result<(Self, bool), Failure> {
        let Some(bytes) = directory.read(MANIFEST)? else {
            return Ok((Self::found(directory, domain, endpoints, now)?, true));
        };
        let manifest = Manifest::decode(&bytes).map_err(|_| directory.damaged(MANIFEST))?;
        let manifest: Verified<Server> = manifest.verify().map_err(|_| directory.damaged(MANIFEST))?;
        if manifest.domain() != domain {
            return Err(format!(
                "this data belongs to {}, not to {domain}: choose another data directory",
                manifest.domain()
            )
            .into());
        }
        let mut held = held(directory, &manifest)?;
        if let Some(newest) = held.pop()
            && newest.listed.validity.not_before() <= now
            && now < newest.listed.validity.not_before().plus(HALF)
            && manifest.endpoints() == endpoints
        {
            let until = newest.listed.validity.not_after();
            return Ok((Self { manifest, online: newest.secret, until }, false));
        }
        Ok((Self::succeed(directory, &manifest, endpoints, now)?, true))
    }

    fn found(
        directory: &Directory,
        domain: &Domain,
        endpoints: Vec<Endpoint>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let recovery = recovery(directory)?;
        let manager = manager(directory)?;
        let (online, listed) = online(directory, now)?;
        let body = ServerBody { domain: domain.clone(), endpoints, online_keys: vec![listed] };
        let author = author(recovery.signing(), now);
        let manifest = Verified::<Server>::found(&author, authorities(&recovery, &manager)?, &body)?;
        Self::keep(directory, manifest, online, listed.validity.not_after())
    }

    /// The next manifest, with a new online key beside those that still hold.
    fn succeed(
        directory: &Directory,
        before: &Verified<Server>,
        endpoints: Vec<Endpoint>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let manager = manager(directory)?;
        let held = held(directory, before)?;
        let (online, listed) = online(directory, now)?;
        let mut online_keys = vec![listed];
        for old in held.into_iter().rev() {
            // A manifest lists four at most.
            if old.listed.validity.is_over(now) || online_keys.len() == 4 {
                directory.remove(&old.name)?;
            } else {
                online_keys.push(old.listed);
            }
        }
        let body = ServerBody { domain: before.domain().clone(), endpoints, online_keys };
        let authorities = before.chain().newest().authorities.clone();
        let manifest = before.succeed(&author(&manager, now), authorities, &body)?;
        Self::keep(directory, manifest, online, listed.validity.not_after())
    }

    fn keep(
        directory: &Directory,
        manifest: Verified<Server>,
        online: ed25519::SecretKey,
        until: Timestamp,
    ) -> Result<Self, Failure> {
        directory.write(MANIFEST, &manifest.manifest().encode()?)?;
        Ok(Self { manifest, online, until })
    }
}

fn author(key: &hybrid::SecretKey, now: Timestamp) -> Author<'_> {
    Author { key, issued_at: now, refresh_after: now.plus(LONGEST) }
}

fn authorities(recovery: &RecoveryKey, manager: &hybrid::SecretKey) -> Result<Authorities, Failure> {
    let pairs = (vec![recovery.pair()], vec![*manager.public_key().pair()]);
    Authorities::new(pairs.0, pairs.1).ok_or_else(|| "the recovery key and the manager's are one".into())
}

fn manager(directory: &Directory) -> Result<hybrid::SecretKey, Failure> {
    Ok(hybrid::SecretKey::from_seed(&directory.secret(MANAGER)?))
}

fn recovery(directory: &Directory) -> Result<RecoveryKey, Failure> {
    if let Some(bytes) = directory.read(PHRASE)? {
        let text = str::from_utf8(&bytes).map_err(|_| directory.damaged(PHRASE))?;
        return text.parse().map_err(|_| directory.damaged(PHRASE));
    }
    let key = RecoveryKey::generate(&mut source())?;
    directory.write(PHRASE, key.phrase().as_str().as_bytes())?;
    Ok(key)
}

/// A new online key. It is on the disk before a manifest lists it.
fn online(directory: &Directory, now: Timestamp) -> Result<(ed25519::SecretKey, OnlineKey), Failure> {
    let secret = ed25519::SecretKey::generate(&mut source())?;
    let listed = OnlineKey { key: secret.public_key(), validity: Validity::starting(now, LONGEST) };
    directory.write(&format!("online-{:?}.key", listed.id()), secret.to_seed().expose())?;
    Ok((secret, listed))
}

/// The online keys that a manifest lists and whose private halves are here, the newest last. A file of a key that no manifest came to
/// list is removed.
fn held(directory: &Directory, manifest: &Verified<Server>) -> Result<Vec<Held>, Failure> {
    let mut held = Vec::new();
    for name in directory.names("online-", ".key")? {
        let Some(seed) = directory.known_secret(&name)? else { continue };
        let secret = ed25519::SecretKey::from_seed(&seed);
        let validity = Validity::starting(Timestamp::default(), Span::default());
        let id = OnlineKey { key: secret.public_key(), validity }.id();
        match manifest.online_key(id) {
            Some(listed) => held.push(Held { secret, listed: *listed, name }),
            None => directory.remove(&name)?,
        }
    }
    held.sort_by_key(|key| key.listed.validity.not_before());
    Ok(held)
}
