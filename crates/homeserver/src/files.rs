//! Files of the data directory: written as a whole or not at all, and readable by the server's user only.
//!
//! Keys lie in files because a server has to start by itself after a power cut: there is nobody who could type a passphrase, and a
//! key beside the passphrase that opens it is no better protected than the key. Access rights, the disk's encryption and the
//! backup's are the operator's. The database lies beside them and not with them: its copies do not contain what opens it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use rand::rand_core::UnwrapErr;
use sottovoce::crypto::random;
use sottovoce::crypto::secret::Secret;

use crate::Failure;

/// The data directory, locked: two servers on one would be clones of each other.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let named = |error: io::Error| format!("the data directory {}: {error}", path.display());
        create(path).map_err(named)?;
        let lock =
            private().write(true).create(true).truncate(false).open(path.join("lock")).map_err(named)?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => format!("another server runs on {}", path.display()),
            fs::TryLockError::Error(error) => named(error),
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The content of a file, if it is there.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", name, &error)),
        }
    }

    /// Puts a file in place of what is there. A crash leaves the old content or the new.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.put(name, bytes).map_err(|error| self.failed("write", name, &error))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = self.path(&format!("{name}.new"));
        // Nothing of a run that ended in between, which may have had other rights.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().write(true).create_new(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.path(name))?;
        File::open(&self.path)?.sync_all()
    }

    /// The secret in a file, drawn when it is first asked for.
    pub(crate) fn secret<const N: usize>(&self, name: &str) -> Result<Secret<N>, Failure> {
        if let Some(secret) = self.known_secret(name)? {
            return Ok(secret);
        }
        let secret = random::draw::<N>(&mut source())?;
        self.write(name, secret.expose())?;
        Ok(secret)
    }

    /// The secret in a file, if it is there. A file of another length is an error: nobody else writes here.
    pub(crate) fn known_secret<const N: usize>(&self, name: &str) -> Result<Option<Secret<N>>, Failure> {
        let mut file = match File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", name, &error)),
        };
        let mut bytes = [0; N];
        let whole = file.read_exact(&mut bytes).and_then(|()| file.metadata());
        match whole {
            Ok(metadata) if usize::try_from(metadata.len()) == Ok(N) => Ok(Some(Secret::new(bytes))),
            Ok(_) => Err(self.damaged(name)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.damaged(name)),
            Err(error) => Err(self.failed("read", name, &error)),
        }
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        fs::remove_file(self.path(name)).map_err(|error| self.failed("remove", name, &error))
    }

    /// The names of files that begin and end so.
    pub(crate) fn names(&self, start: &str, end: &str) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name().into_string().unwrap_or_default();
            if name.starts_with(start) && name.ends_with(end) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// What to say of a file whose content is not what was written there.
    pub(crate) fn damaged(&self, name: &str) -> Failure {
        format!("{} is damaged: restore it from a backup", self.path(name).display()).into()
    }

    fn failed(&self, verb: &str, name: &str, error: &io::Error) -> Failure {
        format!("cannot {verb} {}: {error}", self.path(name).display()).into()
    }
}

/// The operating system's randomness. Without it a server cannot go on, and must not.
#[expect(clippy::disallowed_types, reason = "the shell is where randomness comes from")]
pub(crate) const fn source() -> UnwrapErr<rand::rngs::SysRng> {
    UnwrapErr(rand::rngs::SysRng)
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
