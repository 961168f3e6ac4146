//! Vectors of the messages that a server keeps.

use sottovoce::crypto::label;
use sottovoce::identity::chain::Subject as _;
use sottovoce::wire::Wire as _;

use crate::fixtures::{NOW, account, genesis, hybrid_key, manifest, month, online_key, sign};
use crate::make::{File, counting};
use crate::make_identity_wire::shapes;
use crate::make_server_wire::{
    answer, gap, lookup, mailbox_item, own_rules, request_item, status, verdict_runs,
};
use crate::make_stream::{accepted, inbound};
use crate::make_wire::{bytes, number};

fn id(first: u8) -> Vec<u8> {
    counting(first, 16)
}

fn hash(first: u8) -> Vec<u8> {
    counting(first, 32)
}

fn seen() -> Vec<u8> {
    [number(1, 1), number(2, 300), bytes(3, &hash(4))].concat()
}

fn budget() -> Vec<u8> {
    [number(1, 5_000_000), number(2, NOW)].concat()
}

fn budgets(fields: &[u64]) -> Vec<u8> {
    fields.iter().flat_map(|field| bytes(*field, &budget())).collect()
}

fn times() -> Vec<u8> {
    [number(1, NOW + 1), number(2, NOW)].concat()
}

fn flags(fields: &[u64]) -> Vec<u8> {
    fields.iter().flat_map(|field| number(*field, 1)).collect()
}

fn mark(place: u64, through: u64) -> Vec<u8> {
    bytes(2, &[number(1, place), bytes(2, &hash(1)), number(3, through)].concat())
}

fn outbound(epoch: u64, marks: &[Vec<u8>], acked: u64) -> Vec<u8> {
    [number(1, epoch), marks.concat(), number(3, acked), bytes(4, &id(1)), number(5, 3), number(6, NOW)]
        .concat()
}

fn position(next: u64, first: u64, runs: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let place = [number(1, 1), number(2, next), bytes(3, &hash(1)), number(4, first)].concat();
    [place, verdict_runs(5, runs)].concat()
}

fn peer(domain: &[u8]) -> Vec<u8> {
    let (_, key) = online_key(month());
    let endpoint = [bytes(1, b"chat.example.org"), number(2, 443)].concat();
    let found = [bytes(1, domain), bytes(2, &seen()), bytes(3, &key.encode().unwrap()), bytes(4, &endpoint)];
    [found.concat(), bytes(5, &seen()), bytes(6, &id(1)), bytes(7, &id(2)), number(8, NOW)].concat()
}

fn link(domain: &[u8], mode: u64, until: Option<u64>, owed: u64) -> Vec<u8> {
    let until = until.map_or_else(Vec::new, |until| number(4, until));
    let state = [bytes(1, domain), bytes(2, &hash(1)), number(3, mode), until, number(5, 2), number(6, NOW)];
    let queue = [number(7, 1), number(8, 3), bytes(9, &hash(2)), number(10, 64), number(11, 1 << 18)];
    let frame = [bytes(12, &id(3)), bytes(13, &times()), number(14, 9), number(15, 8)];
    let chunk = [number(1, 7), number(2, NOW), number(3, 900)].concat();
    let rest = [
        bytes(16, &chunk),
        bytes(17, &id(4)),
        bytes(18, &number(1, owed)),
        bytes(19, &id(5)),
        number(20, NOW),
    ];
    [state.concat(), queue.concat(), frame.concat(), rest.concat(), budgets(&[21, 22, 23])].concat()
}

fn outbox_entry() -> Vec<u8> {
    let ids = [bytes(1, &id(1)), bytes(2, &hash(1)), bytes(3, &id(2)), bytes(4, &id(3)), bytes(5, &id(4))];
    [ids.concat(), number(6, NOW), number(7, 2), bytes(8, b"an item")].concat()
}

fn parked(domain: &[u8]) -> Vec<u8> {
    [bytes(1, domain), bytes(2, &id(1)), bytes(3, &times())].concat()
}

fn question(domain: &[u8], address: &[u8]) -> Vec<u8> {
    let head = [bytes(1, domain), bytes(2, &id(1)), bytes(3, &times()), bytes(4, &answer())].concat();
    [head, bytes(5, &lookup(address))].concat()
}

fn alarm(domain: &[u8], kind: u64) -> Vec<u8> {
    [bytes(1, domain), number(2, kind)].concat()
}

fn period(since: u64, until: u64) -> Vec<u8> {
    [number(1, since), number(2, until)].concat()
}

fn pin(observed: u8) -> Vec<u8> {
    let trust = [bytes(1, &hash(1)), number(2, 0), bytes(3, &hash(observed))].concat();
    [bytes(1, &hash(3)), bytes(2, &trust)].concat()
}

fn hold(reason: u64, server: bool) -> Vec<u8> {
    let server = if server { bytes(3, &hash(2)) } else { Vec::new() };
    [number(1, reason), bytes(2, &period(1, 2)), server].concat()
}

fn domain_state(domain: &[u8], pin: &[u8], bound: &[u8], hold: &[u8]) -> Vec<u8> {
    let some = |field, part: &[u8]| if part.is_empty() { Vec::new() } else { bytes(field, part) };
    let asked = [number(3, NOW), bytes(4, &period(1, 2)), number(5, 3)].concat();
    [bytes(1, domain), some(2, pin), asked, some(6, bound), some(7, hold)].concat()
}

fn account_entry(address: &[u8], state: u64, devices: usize) -> Vec<u8> {
    let head =
        [bytes(1, &hash(1)), bytes(2, address), number(3, 1), number(4, 2), bytes(5, &hash(2))].concat();
    [head, bytes(6, &id(1)).repeat(devices), number(7, state), number(8, 1)].concat()
}

fn device_prekeys() -> Vec<u8> {
    let signing = hybrid_key(3).public_key().encode().unwrap();
    let signature = hybrid_key(3).sign(label::sign::BUNDLE, b"x").encode().unwrap();
    let bundle = [bytes(1, b"not yet decoded"), bytes(2, &signature)].concat();
    [bytes(1, &hash(1)), bytes(2, &signing), bytes(3, &bundle), bytes(5, &[0xff, 0])].concat()
}

fn place(of: u64) -> Vec<u8> {
    [number(1, of), bytes(2, &counting(1, 8))].concat()
}

fn mailbox() -> Vec<u8> {
    let aged = [number(1, 2), number(2, 3), number(3, 4)].concat();
    let places = [bytes(3, &place(5)), bytes(4, &aged), bytes(5, &place(1))].concat();
    [number(1, 3), number(2, 900), places, bytes(6, b"push"), flags(&[7, 8])].concat()
}

fn kept_entry(field: u64, what: &[u8]) -> Vec<u8> {
    [bytes(1, &counting(1, 8)), number(2, NOW), number(3, 90), bytes(field, what), bytes(7, &counting(1, 24))]
        .concat()
}

fn request_state() -> Vec<u8> {
    let slot =
        [bytes(1, &id(1)), bytes(2, &id(2)), bytes(3, &id(3)), number(4, NOW), flags(&[5, 6])].concat();
    let blocked = [bytes(1, &id(1)), bytes(2, &id(2))].concat();
    [bytes(1, &slot), bytes(2, &blocked), number(3, 0)].concat()
}

fn kept_request(domain: &[u8], address: &[u8]) -> Vec<u8> {
    [number(1, NOW), bytes(2, domain), bytes(3, &request_item(address))].concat()
}

fn kept_gap(domain: &[u8]) -> Vec<u8> {
    [bytes(1, &counting(1, 8)), number(2, NOW), bytes(3, &gap(domain))].concat()
}

fn answered() -> Vec<u8> {
    let known = [bytes(1, &id(1)), bytes(2, &hash(1)), bytes(3, b"a response")].concat();
    [bytes(1, &known), budgets(&[2, 3, 4])].concat()
}

const DOMAIN: &[u8] = b"example.net";
const MISSPELT: &[u8] = b"Example.net";
const ADDRESS: &[u8] = b"bob@example.net";

fn samples() -> Vec<(&'static str, Vec<u8>, bool)> {
    let stock_use = [number(1, 7), number(2, 3)].concat();
    let server = manifest(&[&sign(&genesis(&[11]), 10)]).encode().unwrap();
    let mut samples = links(&server);
    samples.extend([
        ("Period", period(1, 2), false),
        ("DomainPin", pin(2), true),
        ("DomainHold", hold(1, true), false),
        ("DomainState", domain_state(DOMAIN, &pin(2), &period(1, 2), &hold(1, true)), false),
        ("DomainState", domain_state(DOMAIN, &[], &[], &[]), false),
        ("DiscoveryGate", budgets(&[1, 2, 3]), false),
        ("AccountEntry", account_entry(ADDRESS, 1, 2), false),
        ("AddressOwner", bytes(1, &hash(1)), true),
        ("RegisteredKey", bytes(1, &hash(1)), true),
        ("DevicePrekeys", device_prekeys(), false),
        ("StockUse", stock_use.clone(), false),
        ("ClaimBudget", [bytes(1, &stock_use), bytes(2, &budget())].concat(), false),
        ("AskBudget", bytes(1, &budget()), false),
        ("Invite", [number(1, NOW), bytes(2, &hash(1))].concat(), false),
        ("Answered", answered(), false),
        (
            "LinkMailbox",
            [bytes(1, &hash(1)), number(2, NOW), number(3, NOW), number(4, 1), number(5, 2)].concat(),
            false,
        ),
        ("LinkMessage", bytes(1, b"a message"), false),
    ]);
    samples.extend(mailboxes());
    samples
}

fn links(server: &[u8]) -> Vec<(&'static str, Vec<u8>, bool)> {
    vec![
        ("InboundStream", inbound(1, 3, 1, &[accepted(), accepted()]), false),
        ("OutboundStream", outbound(1, &[mark(0, 0), mark(2, 5)], 2), false),
        ("Peer", peer(DOMAIN), false),
        ("PeerManifest", bytes(1, server), false),
        ("PeerManifest", [bytes(1, server), bytes(2, server)].concat(), false),
        ("Link", link(DOMAIN, 2, None, 15), false),
        ("OutboxEntry", outbox_entry(), false),
        ("ParkedQueue", parked(DOMAIN), false),
        ("Question", question(DOMAIN, ADDRESS), false),
        ("ServerAlarm", alarm(DOMAIN, 1), false),
        ("ServerAlarm", [alarm(DOMAIN, 4), bytes(3, b"lname")].concat(), false),
    ]
}

fn mailboxes() -> Vec<(&'static str, Vec<u8>, bool)> {
    vec![
        ("PayloadItem", bytes(1, b"payload"), false),
        ("TokenEntry", [bytes(1, &hash(1)), number(2, 0), number(3, NOW), budgets(&[4, 5])].concat(), false),
        ("TokenCount", number(1, 7), false),
        ("MailboxState", mailbox(), false),
        ("KeptEntry", kept_entry(4, &mailbox_item()), false),
        ("KeptEntry", kept_entry(5, &status(6, None, Some(9))), false),
        ("KeptEntry", kept_entry(6, b""), false),
        ("HeldItem", Vec::new(), false),
        ("PayloadState", [number(1, 7), number(2, 1), number(3, NOW), number(4, 0)].concat(), false),
        ("OriginState", [bytes(1, &budget()), number(2, NOW), bytes(3, &budget())].concat(), false),
        ("RequestState", request_state(), false),
        ("KeptRequest", kept_request(DOMAIN, ADDRESS), false),
        ("KeptGap", kept_gap(DOMAIN), false),
        ("GapBudget", bytes(1, &budget()), false),
    ]
}

pub fn messages() -> File {
    let mut file = File::new("7.10", "messages that a server keeps");
    shapes(&mut file, samples());
    let (two, run) = ([mark(0, 0), mark(2, 5)], |count: u64| (count, accepted()));
    own_rules(
        &mut file,
        vec![
            ("inbound of nothing", "InboundStream", position(1, 1, &[]), ""),
            ("inbound from 0", "InboundStream", position(0, 0, &[]), "bad-value"),
            ("inbound without a verdict", "InboundStream", position(3, 1, &[run(1)]), "bad-value"),
            ("inbound with two runs alike", "InboundStream", position(3, 1, &[run(1), run(1)]), "bad-value"),
            ("outbound of epoch 0", "OutboundStream", outbound(0, &two, 2), "bad-value"),
            ("outbound without marks", "OutboundStream", outbound(1, &[], 0), "bad-value"),
            ("outbound acknowledged elsewhere", "OutboundStream", outbound(1, &two, 1), "bad-value"),
            (
                "outbound with one number twice",
                "OutboundStream",
                outbound(1, &[mark(0, 0), mark(0, 5)], 0),
                "bad-value",
            ),
            (
                "outbound with one entry twice",
                "OutboundStream",
                outbound(1, &[mark(0, 5), mark(2, 5)], 0),
                "bad-value",
            ),
            (
                "outbound with numbers that fall",
                "OutboundStream",
                outbound(1, &[mark(2, 0), mark(0, 5)], 0),
                "bad-value",
            ),
            (
                "outbound with entries that fall",
                "OutboundStream",
                outbound(1, &[mark(0, 6), mark(2, 5)], 0),
                "bad-value",
            ),
            ("peer of a misspelt domain", "Peer", peer(MISSPELT), "bad-value"),
            ("link finding", "Link", link(DOMAIN, 1, None, 0), ""),
            ("link open until", "Link", link(DOMAIN, 2, Some(1), 0), "bad-value"),
            ("link waiting", "Link", link(DOMAIN, 3, Some(1), 0), ""),
            ("link waiting for ever", "Link", link(DOMAIN, 3, None, 0), "bad-value"),
            ("link paused", "Link", link(DOMAIN, 4, Some(1), 0), ""),
            ("link paused for ever", "Link", link(DOMAIN, 4, None, 0), "bad-value"),
            ("link held", "Link", link(DOMAIN, 5, None, 0), ""),
            ("link held until", "Link", link(DOMAIN, 6, Some(1), 0), "bad-value"),
            ("link in mode 8", "Link", link(DOMAIN, 8, None, 0), "bad-value"),
            ("link to a misspelt domain", "Link", link(MISSPELT, 2, None, 0), "bad-value"),
            ("link that owes stream 16", "Link", link(DOMAIN, 2, None, 16), "bad-value"),
            ("parked for a misspelt domain", "ParkedQueue", parked(MISSPELT), "bad-value"),
            ("question to a misspelt domain", "Question", question(MISSPELT, ADDRESS), "bad-value"),
            ("question about a misspelt address", "Question", question(DOMAIN, b"bob"), "bad-value"),
            ("alarm 0", "ServerAlarm", alarm(DOMAIN, 0), "bad-value"),
            ("alarm 3", "ServerAlarm", alarm(DOMAIN, 3), ""),
            ("alarm 5", "ServerAlarm", alarm(DOMAIN, 5), "bad-value"),
            ("alarm of damage to nothing", "ServerAlarm", alarm(DOMAIN, 4), "bad-value"),
            (
                "alarm of a clone and a timer",
                "ServerAlarm",
                [alarm(DOMAIN, 2), bytes(3, b"t")].concat(),
                "bad-value",
            ),
            ("alarm about a misspelt domain", "ServerAlarm", alarm(MISSPELT, 1), "bad-value"),
            ("period of a moment", "Period", period(5, 5), ""),
            ("period reversed", "Period", period(6, 5), "bad-value"),
            ("pin that observes itself", "DomainPin", pin(1), "bad-value"),
            ("hold of a change without a server", "DomainHold", hold(1, false), "bad-value"),
            ("hold of a fork", "DomainHold", hold(2, false), ""),
            ("hold of a fork with a server", "DomainHold", hold(2, true), "bad-value"),
            ("hold for no reason", "DomainHold", hold(0, false), "bad-value"),
            (
                "bound without a pin",
                "DomainState",
                domain_state(DOMAIN, &[], &period(1, 2), &[]),
                "bad-value",
            ),
            (
                "held without a pin",
                "DomainState",
                domain_state(DOMAIN, &[], &[], &hold(2, false)),
                "bad-value",
            ),
            ("pinned alone", "DomainState", domain_state(DOMAIN, &pin(2), &[], &[]), ""),
            ("state of a misspelt domain", "DomainState", domain_state(MISSPELT, &[], &[], &[]), "bad-value"),
            ("account that is closed", "AccountEntry", account_entry(ADDRESS, 2, 0), ""),
            ("account in state 0", "AccountEntry", account_entry(ADDRESS, 0, 0), "bad-value"),
            ("account in state 3", "AccountEntry", account_entry(ADDRESS, 3, 0), "bad-value"),
            ("account of a misspelt address", "AccountEntry", account_entry(b"bob", 1, 0), "bad-value"),
            ("account of 17 devices", "AccountEntry", account_entry(ADDRESS, 1, 17), "too-many"),
            ("request of a misspelt domain", "KeptRequest", kept_request(MISSPELT, ADDRESS), "bad-value"),
            ("request to a misspelt address", "KeptRequest", kept_request(DOMAIN, b"bob"), "bad-value"),
            ("gap of a misspelt domain", "KeptGap", kept_gap(MISSPELT), "bad-value"),
            (
                "entry of nothing",
                "KeptEntry",
                [bytes(1, &counting(1, 8)), number(2, 1), number(3, 1)].concat(),
                "missing",
            ),
        ],
    );
    let of_account = bytes(1, &account().manifest().encode().unwrap());
    own_rules(&mut file, vec![("a peer's manifest is not judged here", "PeerManifest", of_account, "")]);
    file
}
