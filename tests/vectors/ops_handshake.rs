//! The operations of the handshake of `test-vectors/README.md`.

use hex::encode as hex;
use serde_json::{Map, Value, json};
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::mlkem::Ciphertext;
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::suite::Suite;
use sottovoce::crypto::x25519;
use sottovoce::handshake::{
    Answering, Awaiting, HandshakeError, IdentityBlock, Initial, LinkProof, Own, Recipient, Sender, hazmat,
    initiate,
};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::chain::{Manifest, Order};
use sottovoce::identity::device::DeviceSecret;
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::identity::prekeys::{ClaimAnswer, ClaimRequest, PrekeysSeen};
use sottovoce::pairwise::hazmat::{k3, parts, unread};
use sottovoce::pairwise::{Direction, ForwardSecrecy, SessionKeys, SessionSecret};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::inputs::Inputs;
use crate::make_handshake;
use crate::ops::{Outcome, class};

pub fn run(op: &str, i: &Inputs) -> Outcome {
    match op {
        "handshake.schedule" => schedule(i),
        "handshake.initiate" => begin(i),
        "handshake.open" => open(i),
        "handshake.compare" => compare(i),
        "handshake.answer" => {
            let answering: Answering = decoded(i, "answering")?;
            let account = account(i, "account")?;
            let mut random = i.random();
            let answer = answering.answer(&account, &mut random).map_err(class)?;
            random.finish();
            let (ciphertext, k3) = parts(&answer);
            Ok(json!({ "ciphertext": hex(ciphertext.as_bytes()), "k3": hex(k3.expose()) }))
        }
        "handshake.answered" => {
            let (awaiting, secret): (Awaiting, DeviceSecret) =
                (decoded(i, "awaiting")?, decoded(i, "secret")?);
            let ciphertext = Ciphertext::from_bytes(&i.bytes("ciphertext")).map_err(class)?;
            Ok(json!({ "k3": hex(k3(&awaiting.k3(&secret, &ciphertext)).expose()) }))
        }
        "handshake.link" => {
            let proof = LinkProof::new(&i.secret("link"), &Hash::from_bytes(i.array("transcript")));
            Ok(json!({ "proof": hex(proof.encode().unwrap()) }))
        }
        "handshake.linked" => {
            let proof: LinkProof = decoded(i, "proof")?;
            let links = list(i, "links").map(|link| Secret::new(link.try_into().unwrap()));
            let transcript = Hash::from_bytes(i.array("transcript"));
            proof.verify(&links.collect::<Vec<_>>(), &transcript).map(|()| json!({})).map_err(class)
        }
        _ => panic!("unknown operation {op}"),
    }
}

fn decoded<T: Wire>(i: &Inputs, name: &str) -> Result<T, &'static str> {
    T::decode(&i.bytes(name)).map_err(class)
}

/// Empty stands for absent.
fn optional<T: Wire>(i: &Inputs, name: &str) -> Result<Option<T>, &'static str> {
    if i.text(name).is_empty() { Ok(None) } else { decoded(i, name).map(Some) }
}

fn list(i: &Inputs, name: &str) -> impl Iterator<Item = Vec<u8>> {
    i.0[name].as_array().unwrap().iter().map(|item| hex::decode(item.as_str().unwrap()).unwrap())
}

fn account(i: &Inputs, name: &str) -> Result<Verified<Account>, &'static str> {
    decoded::<Manifest>(i, name)?.verify().map_err(class)
}

fn keys_of(keys: &SessionKeys) -> Map<String, Value> {
    let named = [
        ("root", &keys.root),
        ("chain", &keys.chain),
        ("header", &keys.header),
        ("next_header_of_responder", &keys.next_header_of_responder),
        ("next_header_of_initiator", &keys.next_header_of_initiator),
        ("link", &keys.link),
    ];
    named.map(|(name, key)| (name.to_owned(), hex(key.expose()).into())).into_iter().collect()
}

/// What both sides of a handshake come to.
fn session_of(session: SessionSecret) -> Map<String, Value> {
    let [to_b, to_a] = [Direction::FromInitiator, Direction::FromResponder]
        .map(|direction| hex(session.associated_data(direction).as_bytes()));
    let reduced = session.standing().forward_secrecy() == ForwardSecrecy::Reduced;
    let transcript = hex(session.transcript().as_bytes());
    let mut out = Map::new();
    out.insert("transcript".to_owned(), transcript.into());
    out.append(&mut keys_of(&session.into_keys()));
    out.insert("ad".to_owned(), json!([to_b, to_a]));
    out.insert("reduced".to_owned(), reduced.into());
    out
}

fn schedule(i: &Inputs) -> Outcome {
    let suite = Suite::from_number(i.number("suite").try_into().unwrap()).map_err(class)?;
    let address: Address = i.text("address").parse().map_err(class)?;
    let ephemeral = x25519::PublicKey::from_bytes(&i.bytes("ephemeral")).map_err(class)?;
    let [to_prekey, to_identity] = ["ct1", "ct2"].map(|name| Ciphertext::from_bytes(&i.bytes(name)).unwrap());
    let first = ["es", "eo", "ei", "k1", "k2"].map(|name| i.secret(name));
    let second = ["se", "ss"].map(|name| i.secret(name));
    let order = Order { term: i.number("term").try_into().unwrap(), version: i.number64("version") };
    let trace = hazmat::trace(&hazmat::Inputs {
        suite,
        recipient: (AccountId::from_bytes(i.array("account")), DeviceId::from_bytes(i.array("device"))),
        address: &address,
        manifest: (order, Hash::from_bytes(i.array("manifest"))),
        prekeys: [&i.bytes("bundle"), &i.bytes("leaf_input")],
        offer: (&ephemeral, &to_prekey, &to_identity),
        first: first.each_ref(),
        block: &i.array("block"),
        second: second.each_ref(),
    })
    .map_err(class)?;
    let [th0, th1, th2] = trace.transcripts.map(|hash| hex(hash.as_bytes()));
    let mut out = Map::new();
    for (name, value) in [
        ("th0", th0),
        ("th1", th1),
        ("p1", hex(trace.p1.expose())),
        ("hidden", hex(trace.hidden.expose())),
        ("idb", hex(trace.sealed)),
        ("th2", th2),
        ("p2", hex(trace.p2.expose())),
    ] {
        out.insert(name.to_owned(), value.into());
    }
    out.append(&mut keys_of(&trace.keys));
    Ok(out.into())
}

fn begin(i: &Inputs) -> Outcome {
    let (from, secret): (_, DeviceSecret) = (account(i, "account")?, decoded(i, "secret")?);
    let to = account(i, "recipient")?;
    let request: ClaimRequest = decoded(i, "request")?;
    let answer: ClaimAnswer = decoded(i, "answer")?;
    let address: Address = i.text("address").parse().map_err(class)?;
    let floor = optional(i, "floor")?;
    let now = Timestamp::from_millis(i.number64("now"));
    let prekeys = answer.verify(&request, &to, &PrekeysSeen::default(), now).map_err(class)?;
    let sender = Sender::new(&from, &secret).map_err(class)?;
    let recipient = Recipient::new(&to, prekeys, &address, floor.as_ref()).map_err(class)?;
    let seed = Seed::from_bytes(i.array("seed")).map_err(class)?;
    let begun = initiate(&sender, recipient, seed).map_err(class)?;
    let mut out = Map::new();
    out.insert("initial".to_owned(), hex(begun.awaiting.initial()).into());
    let (floor, capabilities) = (begun.floor, begun.capabilities);
    out.append(&mut session_of(begun.session));
    out.insert("floor".to_owned(), hex(floor.encode().unwrap()).into());
    out.insert("capabilities".to_owned(), capabilities.bits().to_string().into());
    Ok(out.into())
}

fn open(i: &Inputs) -> Outcome {
    let secret: DeviceSecret = decoded(i, "secret")?;
    let addresses = i.0["addresses"].as_array().unwrap().iter();
    let addresses = addresses.map(|text| text.as_str().unwrap().parse().map_err(class));
    let addresses: Vec<Address> = addresses.collect::<Result<_, _>>()?;
    let manifests = list(i, "manifests").map(|bytes| Wire::decode(&bytes).map_err(class));
    let manifests: Vec<_> = manifests.collect::<Result<_, _>>()?;
    let bundle = optional(i, "bundle")?;
    let one_time = optional(i, "one_time")?;
    let replay = optional(i, "replay")?;
    let initial: Initial = decoded(i, "initial")?;
    let own = Own {
        account: AccountId::from_bytes(i.array("account")),
        device: &secret,
        addresses: &addresses,
        manifests: &manifests,
    };
    let screened = initial.screen(&own, replay.as_ref()).map_err(class)?;
    let now = Timestamp::from_millis(i.number64("now"));
    let tentative = screened.open(bundle.as_ref(), one_time, now).map_err(class)?;
    let mut out = Map::new();
    out.insert("block".to_owned(), hex(tentative.claims().to_bytes()).into());
    // The message is §6's; here it opens, and the comparison is with the account that is given.
    let (opened, ()) =
        tentative.first_message(|first| Ok::<_, HandshakeError>(unread(first))).map_err(class)?;
    let from = account(i, "sender")?;
    let accepted = opened.accept(&from, None).map_err(class)?;
    out.append(&mut session_of(accepted.session));
    let place = accepted.consumed.map(|place| hex(place.encode().unwrap())).unwrap_or_default();
    out.insert("consumed".to_owned(), place.into());
    out.insert("floor".to_owned(), hex(accepted.floor.encode().unwrap()).into());
    out.insert("capabilities".to_owned(), accepted.capabilities.bits().to_string().into());
    out.insert("replay".to_owned(), hex(accepted.replay.encode().unwrap()).into());
    out.insert("answering".to_owned(), hex(accepted.answering.encode().unwrap()).into());
    out.insert("initial_hash".to_owned(), hex(accepted.initial.as_bytes()).into());
    Ok(out.into())
}

/// §5.7 steps 9 to 11. An Initial that says this, to somebody, is opened for it: the library compares nothing else.
fn compare(i: &Inputs) -> Outcome {
    let block = i.bytes("block");
    IdentityBlock::from_bytes(&block).map_err(class)?;
    let account = account(i, "account")?;
    let floor = optional(i, "floor")?;
    let opened = make_handshake::opened(&block);
    let accepted = opened.accept(&account, floor.as_ref()).map_err(class)?;
    Ok(json!({ "floor": hex(accepted.floor.encode().unwrap()) }))
}
