//! The operations of the ratchet of `test-vectors/README.md`.

use std::collections::BTreeMap;

use hex::encode as hex;
use rand_core::CryptoRng;
use serde_json::{Map, Value, json};
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::mlkem::{Ciphertext, EncapsulationKey};
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{kdf, label, mask, random, x25519};
use sottovoce::pairwise::{Direction, FirstOpened, Role, SessionKeys, SessionSecret, hazmat as between};
use sottovoce::ratchet::hazmat::{self, Bits, Fields, Plain, RootStep};
use sottovoce::ratchet::{BlockChange, BlockId, Given, Opened, Ratchet, SkippedBlock, open_first};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::edit::{get, get_number};
use crate::inputs::Inputs;
use crate::ops::{Outcome, class};

/// The kept keys of a session.
pub type Blocks = BTreeMap<BlockId, Vec<u8>>;
/// The outputs of an operation.
pub type Outputs = Map<String, Value>;
/// ct3 and k3.
pub type Answer<'a> = (&'a [u8], [u8; 32]);

pub fn run(op: &str, i: &Inputs) -> Outcome {
    match op {
        "ratchet.root" => root(i),
        "ratchet.chain" => {
            let (message_key, chain) = hazmat::chain_step(&i.secret("chain")).unwrap();
            Ok(json!({ "message_key": hex(message_key.expose()), "chain": hex(chain.expose()) }))
        }
        "ratchet.header_keys" => {
            let keys = hazmat::header_keys(&i.secret("header"));
            let [tag, mask, mac] = [0..8, 8..40, 40..72].map(|part| hex(&keys.expose()[part]));
            Ok(json!({ "tag": tag, "mask": mask, "mac": mac }))
        }
        "ratchet.message" => message(i),
        "ratchet.body" => {
            let fields = Fields {
                epoch: i.number("epoch").try_into().unwrap(),
                received: bits(i.number64("received")),
                symbols: symbols(i),
            };
            let length = i.number("length").try_into().unwrap();
            let padded = hazmat::encode_body(&fields, &i.bytes("content"), length).map_err(class)?;
            Ok(json!({ "padded": hex(padded) }))
        }
        "ratchet.read_body" => read_body(i),
        "ratchet.lane" => {
            let key = EncapsulationKey::from_bytes(&i.bytes("key")).map_err(class)?;
            let ciphertext = Ciphertext::from_bytes(&i.bytes("ciphertext")).unwrap();
            let epoch = i.number("epoch").try_into().unwrap();
            let (secret, confirmation) = hazmat::lane_secret(&i.secret("shared"), epoch, &key, &ciphertext);
            Ok(json!({ "secret": hex(secret.expose()), "confirmation": hex(confirmation.expose()) }))
        }
        "ratchet.converse" => crate::ratchet_talk::converse(i),
        _ => session(op, i),
    }
}

fn session(op: &str, i: &Inputs) -> Outcome {
    let now = i.number64("now");
    match op {
        "ratchet.begin" => {
            let mut random = i.random();
            let state = begin(i, now, &mut random)?;
            random.finish();
            Ok(json!({ "state": hex(state) }))
        }
        "ratchet.accept" => accept(i, &i.bytes("message"), now).map(hashed).map(Value::from),
        "ratchet.seal" => {
            let (state, ciphertext) = (i.bytes("state"), i.bytes("ciphertext"));
            let answer = (!ciphertext.is_empty()).then(|| (&*ciphertext, i.array("k3")));
            let mut random = i.random();
            let out = seal(decoded(&state)?, answer, &i.bytes("content"), now, &mut random)?;
            random.finish();
            Ok(out.into())
        }
        "ratchet.age" => {
            let ratchet = Ratchet::decode(&i.bytes("state")).map_err(class)?;
            let now = Timestamp::from_millis(now);
            Ok(
                json!({ "overdue": ratchet.healing().is_overdue(now), "renewal": ratchet.is_renewal_due(now) }),
            )
        }
        "ratchet.open" => {
            let state = i.bytes("state");
            let state = decoded(&state)?;
            let mut blocks = Blocks::new();
            for block in i.0["blocks"].as_array().unwrap() {
                let bytes = hex::decode(block.as_str().unwrap()).unwrap();
                blocks.insert(SkippedBlock::decode(&bytes).map_err(class)?.id(), bytes);
            }
            let k3 = (!i.text("k3").is_empty()).then(|| i.array("k3"));
            open(state, &blocks, |_| k3, &i.bytes("message"), now).map(hashed).map(Value::from)
        }
        _ => panic!("unknown operation {op}"),
    }
}

fn direction(number: u64) -> Direction {
    if number == 0 { Direction::FromInitiator } else { Direction::FromResponder }
}

fn root(i: &Inputs) -> Outcome {
    let secret = x25519::SecretKey::from_secret(&i.secret("secret"));
    let receiver = x25519::PublicKey::from_bytes(&i.bytes("receiver")).map_err(class)?;
    let shared = secret.diffie_hellman(&receiver).map_err(class)?;
    let mixed = (!i.text("mixed").is_empty()).then(|| i.secret("mixed"));
    let new = RootStep {
        direction: direction(i.number("direction")),
        epoch: i.number("epoch").try_into().unwrap(),
        sender: &secret.public_key(),
        receiver: &receiver,
    };
    let [root, chain, next_header, link] =
        hazmat::root_step(&i.secret("root"), &shared, mixed.as_ref(), &new)
            .map(|secret| hex(secret.expose()));
    Ok(
        json!({ "shared": hex(shared.expose()), "root": root, "chain": chain, "next_header": next_header, "link": link }),
    )
}

fn message(i: &Inputs) -> Outcome {
    let ratchet_key = x25519::PublicKey::from_bytes(&i.bytes("ratchet_key")).map_err(class)?;
    let numbers = ["number", "previous", "epoch"].map(|name| i.number(name).try_into().unwrap());
    let answer = i.bytes("answer");
    let answer = (!answer.is_empty()).then(|| Ciphertext::from_bytes(&answer).unwrap());
    let (key, padded) = (i.secret("message_key"), i.bytes("padded"));
    let header = hazmat::header(ratchet_key, numbers, answer);
    let mut drawn = i.random();
    let random = random::draw(&mut drawn).map_err(class)?;
    let message = hazmat::seal_message(&Plain {
        header_keys: &hazmat::header_keys(&i.secret("header")),
        header: &header,
        key: &key,
        random: &random,
        bound: &Hash::from_bytes(i.array("ad")),
        padded: &padded,
    })
    .map_err(class)?;
    drawn.finish();
    let (salt, content_key) = hazmat::message_key(&key, &random, &padded);
    Ok(
        json!({ "salt": hex(salt), "content_key": hex(content_key.expose()), "plain": hex(header), "message": hex(message) }),
    )
}

fn bits(bitmap: u64) -> Bits {
    (0..u64::BITS).filter(|number| bitmap >> number & 1 == 1).collect()
}

fn symbols(i: &Inputs) -> BTreeMap<u32, [u8; 32]> {
    let symbol = |pair: &Value| {
        let number = u32::try_from(pair[0].as_u64().unwrap()).unwrap();
        (number, hex::decode(pair[1].as_str().unwrap()).unwrap().try_into().unwrap())
    };
    i.0["symbols"].as_array().unwrap().iter().map(symbol).collect()
}

fn read_body(i: &Inputs) -> Outcome {
    let sender = if i.number("direction") == 0 { Role::Initiator } else { Role::Responder };
    let (fields, content) = hazmat::decode_body(&i.bytes("padded"), sender).map_err(class)?;
    let received: u64 = fields.received.numbers().map(|number| 1 << number).sum();
    let symbols: Vec<_> =
        fields.symbols.iter().map(|(number, symbol)| json!([number, hex(symbol)])).collect();
    Ok(
        json!({ "epoch": fields.epoch, "received": received.to_string(), "symbols": symbols, "content": hex(content) }),
    )
}

fn session_secret(i: &Inputs, role: Role) -> SessionSecret {
    let keys = SessionKeys {
        root: i.secret("root"),
        chain: i.secret("chain"),
        header: i.secret("header"),
        next_header_of_responder: i.secret("next_header_of_responder"),
        next_header_of_initiator: i.secret("next_header_of_initiator"),
        link: i.secret("link"),
    };
    between::session_secret(role, Hash::from_bytes(i.array("transcript")), keys)
}

pub fn begin(i: &Inputs, now: u64, rng: &mut impl CryptoRng) -> Result<Vec<u8>, &'static str> {
    let secret = session_secret(i, Role::Initiator);
    let ratchet = Ratchet::begin(secret, Timestamp::from_millis(now), rng).map_err(class)?;
    Ok(ratchet.encode().unwrap())
}

pub fn accept(i: &Inputs, message: &[u8], now: u64) -> Result<Outputs, &'static str> {
    let secret = session_secret(i, Role::Responder);
    // What is looked at before there is a session comes to the same.
    let looked =
        open_first(between::first_chain(&secret), message).map(FirstOpened::into_message).map_err(class);
    let begun = Ratchet::respond(secret, message, Timestamp::from_millis(now)).map_err(class);
    assert_eq!(looked.as_ref().err(), begun.as_ref().err());
    let (ratchet, opened) = begun?;
    assert_eq!(looked?, opened.content);
    Ok(shown(&ratchet, &opened))
}

pub fn decoded(state: &[u8]) -> Result<(Ratchet, &[u8]), &'static str> {
    Ok((Ratchet::decode(state).map_err(class)?, state))
}

pub fn seal(
    (mut ratchet, before): (Ratchet, &[u8]),
    answer: Option<Answer<'_>>,
    content: &[u8],
    now: u64,
    rng: &mut impl CryptoRng,
) -> Result<Outputs, &'static str> {
    let first = answer.map(|(ciphertext, k3)| {
        let ciphertext = Ciphertext::from_bytes(ciphertext).unwrap();
        between::first_answer(ratchet.transcript(), ciphertext, Secret::new(k3))
    });
    let sealed = ratchet.seal(content, first, Timestamp::from_millis(now), rng).map_err(class)?;
    let after = ratchet.encode().unwrap();
    let mut out = taken_apart(before, &after, answer, &sealed.message);
    out.insert("state".to_owned(), hex(after).into());
    Ok(out)
}

fn secret_at<const N: usize>(state: &[u8], path: &[u64]) -> Option<Secret<N>> {
    get(state, path).map(|bytes| Secret::new(bytes.try_into().unwrap()))
}

/// The chain key of a message that was sealed between two states.
fn chain_key(before: &[u8], after: &[u8], answer: Option<Answer<'_>>) -> Secret<32> {
    if let Some(key) = secret_at(before, &[8, 1]) {
        return key;
    }
    let secret = x25519::SecretKey::from_secret(&secret_at(after, &[8, 4]).unwrap());
    let receiver = x25519::PublicKey::from_bytes(&get(before, &[10, 4]).unwrap()).unwrap();
    let epoch = u32::try_from(get_number(after, &[8, 7]).unwrap()).unwrap();
    let is_answer = get(after, &[8, 8]).is_some();
    let mixed = match answer {
        Some((_, k3)) if is_answer => Some(Secret::new(k3)),
        _ if epoch > 0 => secret_at(before, &[12, 2]),
        _ => None,
    };
    let direction = Ratchet::decode(after).unwrap().role().sends();
    let new = RootStep { direction, epoch, sender: &secret.public_key(), receiver: &receiver };
    let shared = secret.diffie_hellman(&receiver).unwrap();
    let [_, chain, ..] = hazmat::root_step(&secret_at(before, &[5]).unwrap(), &shared, mixed.as_ref(), &new);
    chain
}

/// A message and all that is in it.
fn taken_apart(before: &[u8], after: &[u8], answer: Option<Answer<'_>>, message: &[u8]) -> Outputs {
    let (message_key, _) = hazmat::chain_step(&chain_key(before, after, answer)).unwrap();
    let keys: Secret<72> = secret_at(after, &[8, 3]).unwrap();
    let length = if get(after, &[8, 8]).is_some() { 1136 } else { 48 };
    let salt = &message[8..24];
    let mut header = message[24..24 + length].to_vec();
    let kmask = Secret::new(keys.expose()[8..40].try_into().unwrap());
    mask::apply(&kmask, salt.first_chunk().unwrap(), &mut header);
    let content_key = kdf::expand::<32>(&message_key, label::expand::MESSAGE, salt);
    let named = [
        ("message", hex(message)),
        ("message_key", hex(message_key.expose())),
        ("salt", hex(salt)),
        ("content_key", hex(content_key.expose())),
        ("header", hex(header)),
    ];
    named.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect()
}

/// AD of a session.
pub fn bound(ratchet: &Ratchet, direction: Direction) -> Hash {
    let none = || Secret::new([0; 32]);
    let keys = SessionKeys {
        root: none(),
        chain: none(),
        header: none(),
        next_header_of_responder: none(),
        next_header_of_initiator: none(),
        link: none(),
    };
    between::session_secret(ratchet.role(), ratchet.transcript(), keys).associated_data(direction)
}

pub fn open(
    (mut ratchet, _): (Ratchet, &[u8]),
    blocks: &Blocks,
    k3: impl FnOnce(&[u8]) -> Option<[u8; 32]>,
    message: &[u8],
    now: u64,
) -> Result<Outputs, &'static str> {
    let examined = ratchet.examine(message).map_err(class)?;
    let wants = examined.wants().clone();
    let block = wants.block.and_then(|id| blocks.get(&id));
    let answer = wants.answer.and_then(|ciphertext| k3(ciphertext.as_bytes()));
    let given = Given {
        block: block.map(|bytes| SkippedBlock::decode(bytes).unwrap()),
        answer: answer.map(|k3| between::answer_key(ratchet.transcript(), Secret::new(k3))),
    };
    let opened = ratchet.open(examined, given, Timestamp::from_millis(now)).map_err(class)?;
    Ok(shown(&ratchet, &opened))
}

/// Blocks are long and many: a vector has their hashes.
pub fn hashed(mut out: Outputs) -> Outputs {
    for block in out["put"].as_array_mut().unwrap() {
        let hash = Hash::of(&hex::decode(block.as_str().unwrap()).unwrap());
        *block = hex(hash.as_bytes()).into();
    }
    out
}

fn shown(ratchet: &Ratchet, opened: &Opened) -> Outputs {
    let gaps = opened.gaps.iter().map(|gap| json!([hex(gap.from.chain.0), gap.from.number, gap.count]));
    let mut out = Outputs::new();
    out.insert("state".to_owned(), hex(ratchet.encode().unwrap()).into());
    out.insert("content".to_owned(), hex(&opened.content).into());
    out.insert("gaps".to_owned(), gaps.collect());
    let (mut put, mut removed) = (BTreeMap::new(), Vec::new());
    for change in &opened.blocks {
        match change {
            BlockChange::Put(block) => {
                assert!(
                    put.insert(block.id(), hex(block.encode().unwrap())).is_none(),
                    "a block is put once"
                );
            }
            BlockChange::Delete(id) => removed.push(*id),
        }
    }
    removed.sort();
    out.insert("put".to_owned(), put.into_values().collect());
    out.insert("removed".to_owned(), removed.iter().map(|id| json!([hex(id.tag.0), id.index])).collect());
    out
}
