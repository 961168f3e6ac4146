//! The server as its operator meets it: files, faults, signals.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests of what has clocks")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sottovoce::identity::Verified;
use sottovoce::identity::chain::{Manifest, Order, Subject as _};
use sottovoce::identity::server::Server;
use sottovoce::wire::Wire as _;

use support::call;
use support::process::Process;

fn configure(directory: &Path, text: &str) -> std::path::PathBuf {
    let path = directory.join("sottovoce.toml");
    fs::write(&path, format!("listen = '127.0.0.1:0'\n{text}")).unwrap();
    path
}

fn start(config: &Path) -> Process {
    Process::start(Path::new(env!("CARGO_BIN_EXE_sottovoce-homeserver")), config).unwrap()
}

fn fails(config: &Path, words: &[&str]) {
    let error = start_fails(config);
    for word in words {
        assert!(error.contains(word), "{word:?} is not in {error:?}");
    }
}

fn start_fails(config: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_sottovoce-homeserver"));
    // One that runs after all is ended, and the test fails.
    let text = match Process::start(program, config) {
        Ok(_) => panic!("it runs"),
        Err(error) => error.to_string(),
    };
    assert!(text.contains("error: "), "{text}");
    text
}

fn manifest(directory: &Path) -> Verified<Server> {
    Manifest::decode(&fs::read(directory.join("data/manifest")).unwrap()).unwrap().verify().unwrap()
}

/// Names, contents and rights of all files that are keys.
fn keys(directory: &Path) -> BTreeMap<String, (Vec<u8>, u32)> {
    let entries = fs::read_dir(directory.join("data")).unwrap().map(Result::unwrap);
    let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
    let keys = named.filter(|(name, _)| [".key", ".phrase"].iter().any(|end| name.ends_with(end)));
    keys.map(|(name, path)| {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        (name, (fs::read(path).unwrap(), mode))
    })
    .collect()
}

#[test]
fn a_server_founds_itself_once_and_only_its_user_can_read_its_keys() {
    let directory = tempfile::tempdir().unwrap();
    let config = configure(directory.path(), "domain = 'a.test'");
    let mut server = start(&config);
    assert_eq!(call(server.address(), "GET", "/health/live", b"").unwrap().0, 200);
    assert_eq!(call(server.address(), "GET", "/.well-known/sottovoce", b"").unwrap().0, 200);
    assert_eq!(server.terminate().unwrap().code(), Some(0));

    let (first, before) = (manifest(directory.path()), keys(directory.path()));
    assert_eq!(first.domain().as_str(), "a.test");
    assert_eq!(before.len(), 5, "{:?}", before.keys());
    assert!(before.values().all(|(_, mode)| *mode == 0o600));
    let data = fs::metadata(directory.path().join("data")).unwrap().permissions().mode() & 0o777;
    assert_eq!(data, 0o700);
    let words = String::from_utf8(before["recovery.phrase"].0.clone()).unwrap();
    assert_eq!(words.split(' ').count(), 24);

    // Killed, and started again.
    let mut server = start(&config);
    server.kill();
    let mut server = start(&config);
    server.interrupt().unwrap();
    assert_eq!(manifest(directory.path()).chain().hash(), first.chain().hash());
    assert_eq!(keys(directory.path()), before);

    // The phrase may be taken away. What follows is signed by the manager's key: a version, not a term.
    fs::remove_file(directory.path().join("data/recovery.phrase")).unwrap();
    let config = configure(directory.path(), "domain = 'a.test'\nendpoints = ['chat.a.test:8443']");
    drop(start(&config));
    let second = manifest(directory.path());
    assert_eq!(second.id(), first.id());
    assert_eq!(second.chain().order(), Order { term: 0, version: 1 });
    assert_eq!(second.endpoints()[0].host.as_str(), "chat.a.test");
    assert_eq!(keys(directory.path()).keys().filter(|name| name.starts_with("online-")).count(), 2);
    assert!(!directory.path().join("data/recovery.phrase").exists());
}

#[test]
fn faults_are_named_with_their_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    fails(&here.join("absent.toml"), &["cannot read the configuration", "absent.toml"]);
    fails(&configure(here, "domain = 'a.test'\ndomains = 1"), &["sottovoce.toml", "domains", "expected"]);
    fails(&configure(here, "registration = 'open'"), &["domain"]);
    fails(&configure(here, "domain = 'Not A Domain'"), &["lower case"]);

    let config = configure(here, "domain = 'a.test'");
    let server = start(&config);
    fails(&config, &["another server runs on"]);
    let port = server.address().port();
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("taken.toml"), format!("domain = 'b.test'\nlisten = '127.0.0.1:{port}'"))
        .unwrap();
    fails(&other.path().join("taken.toml"), &["cannot listen", &port.to_string()]);
    drop(server);

    fails(&configure(here, "domain = 'b.test'"), &["belongs to a.test"]);
    let config = configure(here, "domain = 'a.test'");
    for name in ["manifest", "vault.key", "session.key"] {
        let path = here.join("data").join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        fails(&config, &[name, "damaged", "backup"]);
        fs::write(&path, whole).unwrap();
    }
    assert!(start(&config).terminate().unwrap().success());
    let whole = fs::read(here.join("data/state.sqlite")).unwrap();
    assert!(!here.join("data/state.sqlite-wal").exists(), "a server that has ended leaves one file");
    fs::write(here.join("data/state.sqlite"), b"this is not a database, whatever it is").unwrap();
    fails(&config, &["state.sqlite", "not a store"]);
    fs::write(here.join("data/state.sqlite"), whole).unwrap();
    drop(start(&config));
}
