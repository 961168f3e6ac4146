//! The operations of sessions of `test-vectors/README.md`.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::hash::Hash;
use sottovoce::identity::chain::Order;
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::ratchet::{Position, Tag};
use sottovoce::session::{Ack, History, Lineage, Placed, Proof, SessionPrefix, SharedBody, View};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

use crate::inputs::Inputs;
use crate::ops::{Outcome, class};

pub fn run(op: &str, i: &Inputs) -> Outcome {
    match op {
        "history.chain" => Ok(histories(i)),
        "view" => {
            let of = |name| (Order { term: 0, version: 0 }, Hash::from_bytes(i.array(name)));
            Ok(json!({ "view": hex(View::of(of("mine"), of("yours")).hash) }))
        }
        "shared.seal" => {
            let shared = SharedBody::decode(&i.bytes("shared")).map_err(class)?;
            let mut random = i.random();
            let (blob, pointer) = shared.seal(&mut random).map_err(class)?;
            random.finish();
            let (key, hash) = (hex(pointer.key.expose()), hex(pointer.hash.as_bytes()));
            Ok(json!({ "blob": hex(blob), "key": key, "hash": hash }))
        }
        "shared.open" => {
            let pointer = BlobPointer { key: i.secret("key"), hash: Hash::from_bytes(i.array("hash")) };
            let from = (AccountId::from_bytes(i.array("account")), DeviceId::from_bytes(i.array("device")));
            let shared = SharedBody::open(&pointer, &i.bytes("blob"), from).map_err(class)?;
            Ok(json!({ "shared": hex(shared.encode().unwrap()) }))
        }
        "lineage.run" => Ok(lineage(i)),
        _ => panic!("unknown operation {op}"),
    }
}

fn histories(i: &Inputs) -> Value {
    let messages = i.0["messages"].as_array().unwrap().iter();
    let histories = messages.scan(History::default(), |history, message| {
        *history = history.with(&hex::decode(message.as_str().unwrap()).unwrap());
        let ack = Ack { chain: Tag([0; 8]), next: 0, history: *history }.encode().unwrap();
        Some(hex(&ack[ack.len() - 8..]))
    });
    json!({ "histories": histories.collect::<Vec<_>>() })
}

fn lineage(i: &Inputs) -> Value {
    let mut lineage = Lineage::default();
    let events = i.0["events"].as_array().unwrap();
    let answers: Vec<_> = events.iter().map(|event| happen(&mut lineage, &Inputs(event))).collect();
    let name = |session: Hash| hex(session.as_bytes());
    let former = lineage.former.iter();
    let former: Vec<_> = former
        .map(|place| json!([name(place.session), place.until.unwrap().as_millis().to_string()]))
        .collect();
    json!({
        "answers": answers,
        "active": lineage.active.map_or_else(String::new, |active| name(active.session)),
        "contested": lineage.contested.map_or_else(String::new, |contested| name(contested.place.session)),
        "former": former,
        "withdrawn": lineage.withdrawn_here.map_or_else(String::new, |prefix| hex(prefix.0)),
    })
}

fn happen(lineage: &mut Lineage, event: &Inputs) -> Value {
    let session = || Hash::from_bytes(event.array("session"));
    let at = || Timestamp::from_millis(event.number64("at"));
    let flag = |name: &str| event.0[name].as_bool().unwrap();
    let answer = match event.text("do") {
        "begin" => {
            lineage.begin(session(), at());
            "active"
        }
        "accept" | "accept_after" => {
            let proof = Proof { of_active: flag("active"), of_former: flag("former") };
            let given_up = event.0.get("given_up").map(|_| SessionPrefix(event.array("given_up")));
            match lineage.accept(session(), given_up, proof, at()) {
                Placed::Active => "active",
                Placed::Former => "former",
                Placed::Contested => "contested",
                Placed::TooSoon => "too-soon",
            }
        }
        "settle" if lineage.settle(&session()) => "settled",
        "withdraw" => {
            lineage.withdraw(SessionPrefix(event.array("name")));
            "heard"
        }
        "probe" => {
            lineage.probe(Position { chain: Tag([1; 8]), number: 0 }, at());
            "sealed"
        }
        "outlast" if lineage.outlast(at()) => "active",
        "decide" => match (lineage.decide(flag("believed"), at()), flag("believed")) {
            (false, _) => "nothing",
            (true, true) => "active",
            (true, false) => "deleted",
        },
        "expire" => {
            let mut gone: Vec<_> =
                lineage.expire(at()).iter().map(|session| hex(session.as_bytes())).collect();
            gone.sort();
            return gone.into();
        }
        "settle" | "outlast" => "nothing",
        other => panic!("unknown event {other}"),
    };
    answer.into()
}
