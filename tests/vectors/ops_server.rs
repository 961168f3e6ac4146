//! The operations of servers of `test-vectors/README.md`.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::ed25519;
use sottovoce::crypto::hybrid;
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::{Manifest, Subject as _};
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId, ServerId};
use sottovoce::identity::server::{OnlineKey, Server as Identity};
use sottovoce::identity::validity::Validity;
use sottovoce::server::discovery::{Bound, Discovery, FetchPolicy, Rates, SignedDiscovery, dns};
use sottovoce::server::frame::{Frame, SignedFrame};
use sottovoce::server::service::{
    AskBlob, Hello, Refused, SessionToken, SignedBlobGrant, SignedHello, hazmat,
};
use sottovoce::server::stream::{
    Batch, Course, Inbound, Outbound, Position, Route, StreamId, Verdicts, Window,
};
use sottovoce::server::{Config, Instance, Item, Registration, Server, Setup, Submitter, Verdict};
use sottovoce::storage::Vault;
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::fixtures;
use crate::inputs::Inputs;
use crate::ops::{Outcome, class};
use crate::ops_identity::{decoded, encoded, time, verified};

pub fn run(op: &str, i: &Inputs) -> Outcome {
    match op {
        "discovery.sign" => {
            let discovery: Discovery = decoded(i, "discovery")?;
            let manifest: Manifest = decoded(i, "manifest")?;
            let key = ed25519::SecretKey::from_seed(&i.secret("seed"));
            Ok(json!({ "signed": encoded(&discovery.sign(&key, manifest).map_err(class)?) }))
        }
        "discovery.verify" => {
            let document: SignedDiscovery = decoded(i, "document")?;
            let domain: Domain = i.text("domain").parse().map_err(class)?;
            document.verify(&domain, time(i, "now")).map(|found| bound(&found)).map_err(class)
        }
        "discovery.record" => {
            let texts: Vec<_> = list(i, "texts").iter().map(|text| (*text).to_owned()).collect();
            let record = dns::among(&texts).map_err(class)?;
            if let Some(record) = record {
                assert!(texts.contains(&record.to_string()));
            }
            Ok(json!({ "server": record.map_or_else(String::new, |record| hex(record.server.as_bytes())) }))
        }
        "discovery.bind" => {
            let record: dns::ServerRecord = i.text("record").parse().map_err(class)?;
            let domain: Domain = i.text("domain").parse().map_err(class)?;
            let server = verified::<Identity>(&i.bytes("manifest")).map_err(class)?;
            record.binds(&domain, server, time(i, "now")).map(|found| bound(&found)).map_err(class)
        }
        "frame.sign" => {
            let frame: Frame = decoded(i, "frame")?;
            let secret = ed25519::SecretKey::from_seed(&i.secret("seed"));
            let validity = Validity::starting(Timestamp::from_millis(0), sottovoce::time::Span::from_days(1));
            let key = OnlineKey { key: secret.public_key(), validity };
            Ok(json!({ "signed": encoded(&frame.sign(&key, &secret).map_err(class)?) }))
        }
        "frame.verify" => {
            let frame = decoded::<SignedFrame>(i, "signed")?.open().map_err(class)?;
            let keys = list(i, "keys").into_iter().map(|key| OnlineKey::decode(&hex::decode(key).unwrap()));
            let keys = keys.collect::<Result<Vec<_>, _>>().map_err(class)?;
            let to = ServerId::from_bytes(i.array("to"));
            let frame = frame.verify(&keys, to, time(i, "now")).map_err(class)?;
            let (from, request) = (hex(frame.from.as_bytes()), hex(frame.request.as_bytes()));
            Ok(json!({ "from": from, "request": request, "parts": frame.parts.len() }))
        }
        _ if op.starts_with("stream.") => stream(op, i),
        _ => service(op, i),
    }
}

fn list<'a>(i: &Inputs<'a>, name: &str) -> Vec<&'a str> {
    i.0[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn bound(bound: &Bound) -> Value {
    let validity = bound.validity();
    json!({
        "server": hex(bound.server().id().as_bytes()),
        "hash": hex(bound.server().chain().hash().as_bytes()),
        "not_before": validity.not_before().as_millis().to_string(),
        "not_after": validity.not_after().as_millis().to_string(),
    })
}

fn route(i: &Inputs) -> Route {
    let stream = StreamId::new(u32::try_from(i.number("stream")).unwrap()).unwrap();
    let (from, to) = (ServerId::from_bytes(i.array("from")), ServerId::from_bytes(i.array("to")));
    Route { from, to, stream }
}

const WINDOW: Window = Window { max_items: 1_000, max_bytes: 3_145_728, not_before: None };

fn stream(op: &str, i: &Inputs) -> Outcome {
    let route = route(i);
    match op {
        "stream.chain" => Ok(chain(&route, i)),
        "stream.receive" => {
            let state = i.bytes("state");
            let state =
                if state.is_empty() { Inbound::new() } else { Inbound::decode(&state).map_err(class)? };
            let batch: Batch = decoded(i, "batch")?;
            let verdicts =
                list(i, "verdicts").into_iter().map(|one| Verdict::decode(&hex::decode(one).unwrap()));
            let verdicts: Verdicts = verdicts.collect::<Result<_, _>>().map_err(class)?;
            let after = state.admit(&route, &batch).map(|admission| {
                admission.accept(&batch.hashes(), verdicts).expect("a verdict for each item")
            });
            let (is_accepted, state) = (after.is_some(), after.unwrap_or(state));
            let position = encoded(&state.position(&route, WINDOW));
            Ok(json!({ "accepted": is_accepted, "state": encoded(&state), "position": position }))
        }
        "stream.send" => {
            let mut state = outbound(i, &route)?;
            let numbers = list(i, "entries").into_iter().map(|number| number.parse::<u64>().unwrap());
            let items = list(i, "items").into_iter().map(|item| hex::decode(item).unwrap());
            let entries =
                numbers.zip(items).map(|(number, item)| (number, Item::hash(&item), item)).collect();
            let batch = state.send(&route, RequestId::from_bytes(i.array("request")), entries);
            let batch = batch.map_or_else(String::new, |batch| encoded(&batch));
            Ok(json!({ "batch": batch, "state": encoded(&state) }))
        }
        "stream.settle" => {
            let mut state = outbound(i, &route)?;
            let position: Position = decoded(i, "position")?;
            let course = state.receive(&route, RequestId::from_bytes(i.array("reply_to")), &position);
            let (course, verdicts) = match course {
                Course::Stale => ("stale", Vec::new()),
                Course::Nothing => ("nothing", Vec::new()),
                Course::Acked { verdicts, .. } => ("acknowledged", verdicts),
                Course::Rewound(_) => ("set back", Vec::new()),
                Course::Restarted => ("new epoch", Vec::new()),
                Course::Exhausted => ("exhausted", Vec::new()),
            };
            let verdicts: Vec<_> = verdicts.iter().map(encoded).collect();
            Ok(json!({ "course": course, "verdicts": verdicts, "state": encoded(&state) }))
        }
        _ => panic!("unknown operation {op}"),
    }
}

fn outbound(i: &Inputs, route: &Route) -> Result<Outbound, &'static str> {
    let state = i.bytes("state");
    if state.is_empty() { Ok(Outbound::new(route)) } else { Outbound::decode(&state).map_err(class) }
}

/// The hashes of a stream, as a receiver comes to them item by item.
fn chain(route: &Route, i: &Inputs) -> Value {
    let epoch = i.number64("epoch");
    let items: Vec<_> = list(i, "items").into_iter().map(|item| hex::decode(item).unwrap()).collect();
    let (mut state, mut previous, mut hashes) = (Inbound::new(), route.start(epoch), Vec::new());
    for (item, first) in items.iter().zip(1..) {
        let items = vec![item.clone()];
        let batch =
            Batch { stream: route.stream, epoch, first, previous, horizon: Timestamp::from_millis(0), items };
        let accepted = Verdict::of(sottovoce::server::Code::Accepted);
        let admission = state.admit(route, &batch).expect("the next batch");
        state = admission.accept(&batch.hashes(), std::iter::once(accepted).collect()).unwrap();
        previous = state.position(route, WINDOW).hash;
        hashes.push(hex(previous.as_bytes()));
    }
    let own: Vec<_> = items.iter().map(|item| hex(Item::hash(item).as_bytes())).collect();
    json!({ "start": hex(route.start(epoch).as_bytes()), "items": own, "hashes": hashes })
}

fn server_id() -> ServerId {
    ServerId::from_bytes(*fixtures::sign(&fixtures::genesis(&[11]), 10).hash().as_bytes())
}

/// A server whose secret is an input.
fn server(i: &Inputs) -> Server {
    let root = fixtures::sign(&fixtures::genesis(&[11]), 10);
    let manifest = fixtures::manifest(&[&root]).verify::<Identity>().unwrap();
    Server::new(Setup {
        vault: Vault::new(&sottovoce::crypto::secret::Secret::new([7; 32]), b""),
        config: Config {
            registration: Registration::Open,
            fetch: FetchPolicy::default(),
            fetches: Rates::default(),
        },
        online: fixtures::online_key(fixtures::month()).0,
        manifest,
        instance: Instance::from_bytes([1; 16]),
        secret: i.secret("secret"),
    })
}

fn service(op: &str, i: &Inputs) -> Outcome {
    let who = || Submitter {
        account: AccountId::from_bytes(i.array("account")),
        device: DeviceId::from_bytes(i.array("device")),
    };
    match op {
        "hello.sign" => {
            let hello: Hello = decoded(i, "hello")?;
            let key = hybrid::SecretKey::from_seed(&i.secret("seed"));
            Ok(json!({ "signed": encoded(&hello.sign(&key).map_err(class)?) }))
        }
        "hello.verify" => {
            let key: hybrid::PublicKey = decoded(i, "public")?;
            let signed: SignedHello = decoded(i, "signed")?;
            let inputs = json!({ "secret": "00".repeat(32) });
            let server = server(&Inputs(&inputs));
            assert_eq!(hex(server_id().as_bytes()), i.text("server"), "vectors of hellos have one server");
            let refused = match hazmat::open_hello(&server, &signed, time(i, "now")) {
                Err(Refused::Clock(_)) => "clock",
                Ok(_) if signed.is_signed_by(&key) => "",
                Err(Refused::Invalid) | Ok(_) => "invalid",
                Err(other) => panic!("{other:?}"),
            };
            Ok(json!({ "refused": refused }))
        }
        "session.issue" => {
            let token = hazmat::session_token(&server(i), who(), time(i, "expires"));
            Ok(json!({ "token": hex(token.as_bytes()) }))
        }
        "session.read" => {
            let token = SessionToken::from_bytes(i.array("token"));
            let found = hazmat::session_of(&server(i), &token, time(i, "now"));
            let account = found.map_or_else(String::new, |who| hex(who.account.as_bytes()));
            let device = found.map_or_else(String::new, |who| hex(who.device.as_bytes()));
            Ok(json!({ "account": account, "device": device }))
        }
        "pseudonym" => {
            let address = i.text("address").parse().map_err(class)?;
            let account = AccountId::from_bytes(i.array("account"));
            let pseudonym = hazmat::pseudonym(&server(i), account, &address);
            Ok(json!({ "pseudonym": hex(pseudonym.as_bytes()) }))
        }
        "upload.grant" => {
            let ask = AskBlob { blob: i.array("blob"), size: i.number64("size") };
            let grant = hazmat::blob_grant(&server(i), ask, time(i, "now")).map_err(class)?;
            Ok(json!({ "grant": encoded(&grant) }))
        }
        "upload.permits" => {
            let grant: SignedBlobGrant = decoded(i, "grant")?;
            let found = server(i).permits(&grant, time(i, "now"));
            let blob = found.map_or_else(String::new, |grant| hex(grant.blob));
            Ok(json!({ "blob": blob }))
        }
        _ => panic!("unknown operation {op}"),
    }
}
