//! Targets of servers: their messages, what is fetched and signed, and a whole server that is given anything.

use std::sync::OnceLock;

use sottovoce::crypto::hash::Hash;
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId, ServerId};
use sottovoce::identity::prekeys::Seen as PrekeysSeen;
use sottovoce::identity::server::OnlineKey;
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::server::Stale;
use sottovoce::server::directory::{
    AccountEntry, AccountState, AddressOwner, AskBudget, Bitmap, ClaimBudget, DevicePrekeys, Export,
    ExportedDevice, Invite, NewPrekeys, PrekeysHeld, RegisteredKey, StockUse,
};
use sottovoce::server::discovery::networks::Network;
use sottovoce::server::discovery::{Discovery, DiscoveryGate, DomainState, Fetch, SignedDiscovery, dns};
use sottovoce::server::frame::{Answer, Arrived, Claim, Frame, Lookup, Part, Seen, SignedFrame};
use sottovoce::server::hazmat::{self, Plain};
use sottovoce::server::link::ServerAlarm;
use sottovoce::server::mailbox::hazmat::Operation;
use sottovoce::server::mailbox::{
    AgedEntries, Drained, Gap, InboxRequest, ItemStatus, Listed, LogPlace, MailboxCursor, MailboxEntry,
    MailboxItem, TokenChange,
};
use sottovoce::server::service::{
    AskBlob, BlobGrant, ClaimDevice, FindAddress, Hello, Limits, MeetDevice, Refused, Register, Request,
    Response, SessionToken, SignedBlobGrant, SignedHello, Submit, SubmitItem, Submitted, Welcome,
    hazmat as services,
};
use sottovoce::server::stream::{Batch, Inbound, Mark, Outbound, Position};
use sottovoce::server::{
    DeviceItem, Input, Instance, Item, Output, RequestItem, Server, Submitter, Token, Verdict,
};
use sottovoce::storage::{MemoryStore, Vault, run};
use sottovoce::time::Span;
use sottovoce::wire::{Rule, Wire};

use super::{Pieces, wire};

#[path = "../../tests/servers/mod.rs"]
mod servers;

use servers::{Identities, START, domain, generator};

pub(super) fn wire_server(data: &[u8]) {
    wire::<Discovery>(data);
    wire::<SignedDiscovery>(data);
    wire::<Seen>(data);
    wire::<Frame>(data);
    wire::<SignedFrame>(data);
    wire::<Part>(data);
    wire::<Batch>(data);
    wire::<Verdict>(data);
    wire::<Stale>(data);
    wire::<Position>(data);
    wire::<Item>(data);
    wire::<DeviceItem>(data);
    wire::<RequestItem>(data);
    wire::<Lookup>(data);
    wire::<Claim>(data);
    wire::<Answer>(data);
}

pub(super) fn wire_mailbox(data: &[u8]) {
    wire::<LogPlace>(data);
    wire::<MailboxCursor>(data);
    wire::<MailboxItem>(data);
    wire::<ItemStatus>(data);
    wire::<MailboxEntry>(data);
    wire::<AgedEntries>(data);
    wire::<Gap>(data);
    wire::<Drained>(data);
    wire::<InboxRequest>(data);
    wire::<Listed>(data);
}

pub(super) fn wire_service(data: &[u8]) {
    wire::<Request>(data);
    wire::<Response>(data);
    wire::<Refused>(data);
    wire::<Hello>(data);
    wire::<SignedHello>(data);
    wire::<Limits>(data);
    wire::<Welcome>(data);
    wire::<Register>(data);
    wire::<Export>(data);
    wire::<ExportedDevice>(data);
    wire::<NewPrekeys>(data);
    wire::<PrekeysHeld>(data);
    wire::<FindAddress>(data);
    wire::<ClaimDevice>(data);
    wire::<Submit>(data);
    wire::<SubmitItem>(data);
    wire::<Submitted>(data);
    wire::<TokenChange>(data);
    wire::<MeetDevice>(data);
    wire::<AskBlob>(data);
    wire::<BlobGrant>(data);
    wire::<SignedBlobGrant>(data);
}

pub(super) fn wire_server_kept(data: &[u8]) {
    wire::<DomainState>(data);
    wire::<DiscoveryGate>(data);
    wire::<Inbound>(data);
    wire::<Outbound>(data);
    wire::<Mark>(data);
    wire::<ServerAlarm>(data);
    wire::<AccountEntry>(data);
    wire::<AddressOwner>(data);
    wire::<RegisteredKey>(data);
    wire::<DevicePrekeys>(data);
    wire::<StockUse>(data);
    wire::<ClaimBudget>(data);
    wire::<AskBudget>(data);
    wire::<Invite>(data);
    for kept in hazmat::kept() {
        match kept.again(data) {
            Ok(again) => assert_eq!(again.expect("a decoded value is within its limits"), data),
            Err(error) => assert_ne!(error.rule, Rule::NotCanonical, "the scan has a gap"),
        }
    }
}

/// Names that are made of bytes keep them.
pub(super) fn server_names(data: &[u8]) {
    let mut pieces = Pieces(data);
    let (id, key) = (pieces.take::<16>(), pieces.secret::<32>());
    let session = SessionToken::from_bytes(Pieces(data).take());
    assert_eq!(session.device().as_bytes(), &session.as_bytes()[32..48]);
    assert_eq!(Token::from_bytes(id).as_bytes(), &id);
    let vault = Vault::new(&key, b"");
    assert_eq!(Invite::key(&vault, &id) == Invite::key(&vault, &[0; 16]), id == [0; 16]);
    let mut bitmap = Bitmap::from_bytes(data.to_vec());
    let index = u32::from_be_bytes(Pieces(data).take());
    bitmap.insert(index);
    let is_within = usize::try_from(index / 8).is_ok_and(|byte| byte < data.len());
    assert_eq!(bitmap.contains(index), is_within);
    assert_ne!(Item::hash(data), Item::hash(&[data, &[0][..]].concat()));
    assert_ne!(Item::hash(data), Hash::of(data));
    let seen = PrekeysSeen::of(7, data);
    assert!(seen.number == 7 && seen.hash == Hash::of(data));
}

/// What is accepted has one spelling.
pub(super) fn discovery_texts(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(record) = text.parse::<dns::ServerRecord>() {
        assert_eq!(record.to_string(), text);
    }
    if let Ok(network) = text.parse::<Network>() {
        assert_eq!(network.to_string(), text);
    }
    let texts: Vec<_> = text.split('\n').map(str::to_owned).collect();
    if let Ok(Some(record)) = dns::among(&texts) {
        assert_eq!(texts.iter().filter(|text| **text == record.to_string()).count(), 1);
    }
    let mut fetch =
        Some(Fetch::of(&domain("example.org"), sottovoce::server::discovery::FetchPolicy::default()));
    let mut redirects = 0;
    for location in texts.iter().cycle().take(8) {
        fetch = fetch.and_then(|fetch| fetch.redirected(location));
        let Some(to) = &fetch else { break };
        redirects += 1;
        assert!(redirects <= 3 && to.host == domain("example.org") && to.port.get() == 443);
        assert!(to.path.starts_with("/.well-known/"));
        assert!(!to.path.split('/').any(|part| part == "." || part == ".."));
    }
}

/// A server, another one that it knows, and a device with a session.
struct Scene {
    id: ServerId,
    server: Server,
    store: MemoryStore,
    peer: Identities,
    session: SessionToken,
}

const DEVICE: Submitter =
    Submitter { account: AccountId::from_bytes([0xa1; 32]), device: DeviceId::from_bytes([0xa2; 16]) };
const TOKEN: Token = Token::from_bytes([0x70; 16]);

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let mut rng = generator(1);
        let here = Identities::found("here.example", &mut rng);
        let peer = Identities::found("known.example", &mut rng);
        let (server, mut store, bound) = (here.start(1), MemoryStore::new(), peer.bound(START));
        drop(run(&server, &mut store, START, &mut rng, &Input::Wake).expect("starts"));
        let account = AccountEntry {
            account: DEVICE.account,
            address: "alice@here.example".parse().expect("an address"),
            order: Order { term: 0, version: 1 },
            manifest_hash: Hash::of(b"manifest"),
            devices: vec![DEVICE.device],
            state: AccountState::Open,
            findable: true,
        };
        for input in [
            hazmat::Input::Introduce(peer.manifest.domain().clone(), Box::new(bound)),
            hazmat::Input::Mailboxes(Operation::Account(account)),
            hazmat::Input::Mailboxes(Operation::Tokens(DEVICE.account, TokenChange::Add(TOKEN))),
        ] {
            drop(run(&Plain(&server), &mut store, START, &mut rng, &input).expect("runs"));
        }
        let session = services::session_token(&server, DEVICE, START.plus(Span::from_secs(3_600)));
        Scene { id: here.manifest.id(), server, store, peer, session }
    })
}

/// The frame of the input as if the known server had just sent it, if it is one.
fn frame(scene: &Scene, data: &[u8], reply_to: Option<RequestId>) -> Option<Vec<u8>> {
    let frame = Frame::decode(data).ok()?;
    let (from, to) = (scene.peer.manifest.id(), scene.id);
    let (sent_at, expires_at) = (START, START.plus(Span::from_secs(600)));
    let reply_to = reply_to.or(frame.reply_to);
    let instance = Instance::from_bytes([3; 16]);
    let to_instance = Some(Instance::from_bytes([1; 16]));
    let frame = Frame { from, to, sent_at, expires_at, reply_to, instance, to_instance, ..frame };
    let secret = sottovoce::crypto::ed25519::SecretKey::from_seed(&scene.peer.online);
    let validity = Validity::starting(START.minus(Span::from_days(1)), LONGEST);
    frame.sign(&OnlineKey { key: secret.public_key(), validity }, &secret).ok()?.encode().ok()
}

/// A request of the input with the session of the device, if it is one.
fn request(scene: &Scene, data: &[u8]) -> Option<Vec<u8>> {
    let request = Request::decode(data).ok()?;
    Request { session: Some(scene.session), ..request }.encode().ok()
}

/// The next input of a server: a kind, then bytes with their number.
fn input(scene: &Scene, pieces: &mut Pieces<'_>, posts: &[(Domain, RequestId)]) -> Input {
    let ([kind, high, low], rest) = (pieces.take::<3>(), pieces.0);
    let (data, rest) = rest.split_at(rest.len().min(usize::from(u16::from_be_bytes([high, low]))));
    pieces.0 = rest;
    let post = posts.get(usize::from(kind >> 4)).cloned();
    let (to, request_id) =
        post.unwrap_or_else(|| (scene.peer.manifest.domain().clone(), RequestId::from_bytes([kind; 16])));
    match kind & 15 {
        0 => Input::Peer(Arrived::new(data.to_vec())),
        1 | 2 => Input::Peer(Arrived::new(frame(scene, data, None).unwrap_or_default())),
        3 => Input::Client(data.to_vec()),
        4..=6 => Input::Client(request(scene, data).unwrap_or_default()),
        7 => Input::PeerReply { to, request: request_id, reply: Some(Arrived::new(data.to_vec())) },
        8 | 9 => {
            let reply = frame(scene, data, Some(request_id)).map(Arrived::new);
            Input::PeerReply { to, request: request_id, reply }
        }
        10 => Input::PeerReply { to, request: request_id, reply: None },
        11 => Input::Fetched { domain: to, document: Some(data.to_vec()) },
        12 => {
            Input::Fetched { domain: domain("stranger.example"), document: Some(scene.peer.document.clone()) }
        }
        13 => Input::Resume(to),
        14 => Input::Invite(Pieces(data).take(), START.plus(Span::from_days(1))),
        _ => Input::Wake,
    }
}

/// Whatever a server is given, one after the other: it goes on, and says no more than it may.
pub(super) fn server_machine(data: &[u8]) {
    let scene = scene();
    let (mut store, mut rng, mut now) = (scene.store.clone(), generator(3), START);
    let mut posts: Vec<(Domain, RequestId)> = Vec::new();
    let mut pieces = Pieces(data);
    let mut rounds = 0;
    while !pieces.0.is_empty() && rounds < 32 {
        rounds += 1;
        let input = input(scene, &mut pieces, &posts);
        if input == Input::Wake {
            now = now.plus(Span::from_millis(u64::from(pieces.take::<1>()[0]) * 500));
        }
        let released = run(&scene.server, &mut store, now, &mut rng, &input).expect("a store that works");
        check(&released.send, &mut posts);
    }
}

fn check(outputs: &[Output], posts: &mut Vec<(Domain, RequestId)>) {
    assert!(outputs.len() <= 1_024, "{} outputs of one input", outputs.len());
    assert!(outputs.iter().filter(|output| matches!(output, Output::Reply(_))).count() <= 1);
    for output in outputs {
        match output {
            Output::Reply(bytes) => assert!(bytes.len() <= SignedFrame::MAX_BYTES),
            Output::Post { to, request, frame, .. } => {
                assert!(frame.len() <= SignedFrame::MAX_BYTES);
                SignedFrame::decode(frame).expect("a frame").open().expect("a frame");
                if posts.len() < 16 {
                    posts.push((to.clone(), *request));
                }
            }
            _ => {}
        }
    }
}

/// A document that an honest server made, changed by the input: only the unchanged one verifies. So for its frames.
pub(super) fn server_signatures(data: &[u8]) {
    let scene = scene();
    let [high, low, mask]: [u8; 3] = Pieces(data).take();
    let at = usize::from(u16::from_be_bytes([high, low]));
    let changed = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let at = at % bytes.len();
        bytes[at] ^= mask;
        bytes
    };
    let asked = scene.peer.manifest.domain();
    let verified = |bytes: &[u8], now| {
        SignedDiscovery::decode(bytes).is_ok_and(|document| document.verify(asked, now).is_ok())
    };
    assert_eq!(verified(&changed(&scene.peer.document), START), mask == 0);
    assert!(!verified(data, START));
    let secret = sottovoce::crypto::ed25519::SecretKey::from_seed(&scene.peer.online);
    let validity = Validity::starting(START.minus(Span::from_days(1)), LONGEST);
    let key = OnlineKey { key: secret.public_key(), validity };
    let seen = Seen::of(&scene.peer.manifest);
    let to = scene.id;
    let whole = Frame {
        from: scene.peer.manifest.id(),
        to,
        sent_at: START,
        expires_at: START,
        instance: Instance::from_bytes([1; 16]),
        to_instance: Some(Instance::from_bytes([1; 16])),
        request: RequestId::from_bytes([2; 16]),
        reply_to: None,
        mine: seen,
        yours: None,
        manifest: None,
        parts: Vec::new(),
    };
    let whole = whole.sign(&key, &secret).expect("small").encode().expect("small");
    let accepted = |bytes: &[u8]| {
        let frame = SignedFrame::decode(bytes).ok().and_then(|frame| frame.open().ok());
        frame.is_some_and(|frame| frame.verify(&[key], to, START).is_ok())
    };
    assert_eq!(accepted(&changed(&whole)), mask == 0);
    assert!(data == whole || !accepted(data));
}

/// A session that the server has not made does not hold.
pub(super) fn session_tokens(data: &[u8]) {
    let scene = scene();
    let mask: [u8; SessionToken::LENGTH] = Pieces(data).take();
    let mut bytes = *scene.session.as_bytes();
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    let holds =
        |bytes| services::session_of(&scene.server, &SessionToken::from_bytes(bytes), START).is_some();
    assert_eq!(holds(bytes), mask == [0; SessionToken::LENGTH]);
    assert!(!holds(mask) || mask == *scene.session.as_bytes());
    let Ok(grant) = SignedBlobGrant::decode(data) else { return };
    assert!(scene.server.permits(&grant, START).is_none());
}
