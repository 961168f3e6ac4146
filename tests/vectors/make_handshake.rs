//! Vectors of the handshake.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::mlkem::Ciphertext;
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::suite::Suite;
use sottovoce::crypto::x25519;
use sottovoce::handshake::{
    Floor, HandshakeError, IdentityBlock, Initial, LinkProof, OneTimePlace, Opened, Own, OwnBundle,
    OwnManifest, ReplayEntry,
};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::chain::{Order, Subject as _};
use sottovoce::identity::device::{Capabilities, DeviceSecret};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, ClaimRequest, OneTime, OneTimeSecret, Stock};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::pairwise::hazmat::unread;
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::fixtures::{NOW, account, account_of_two, author, device_secret, recovery_key};
use crate::forge::{Offer, Target, block, second};
use crate::inputs::Fixed;
use crate::make::{File, counting, flipped};
use crate::make_identity_wire::shapes;
use crate::make_wire::{bytes, number};

const ADDRESS: &str = "bob@example.org";

/// The one who is written to: device 3, with other recovery keys than Alice's.
fn bob() -> Verified<Account> {
    let recovery = RecoveryKey::from_entropy(Secret::new(counting(90, 32).try_into().unwrap()));
    Verified::<Account>::found(&author(recovery.signing()), &device_secret(3)).unwrap()
}

/// Bob's account after his device was given other capabilities.
fn bob_later() -> Verified<Account> {
    let before = bob();
    let mut draft = Draft::after(&before);
    let capabilities = Capabilities::from_bits(0x31);
    assert!(draft.set_capabilities(device_secret(3).id(), capabilities));
    draft.sign(&author(device_secret(3).signing())).unwrap()
}

/// Alice's account after her device was given other capabilities.
fn alice_later() -> Verified<Account> {
    let before = account();
    let mut draft = Draft::after(&before);
    assert!(draft.set_capabilities(alice_secret().id(), Capabilities::from_bits(0x71)));
    draft.sign(&author(alice_secret().signing())).unwrap()
}

/// Bob's prekeys, with both halves.
struct Prekeys {
    request: ClaimRequest,
    bundle: Bundle,
    answer: ClaimAnswer,
    own: OwnBundle,
    one_time: (Stock, sottovoce::identity::prekeys::OneTimePair),
    secrets: Vec<OneTimeSecret>,
}

fn prekeys() -> Prekeys {
    let (account, device) = (bob(), device_secret(3));
    let mut random = Fixed::new(counting(50, 96 * 3));
    let validity = Validity::starting(Timestamp::from_millis(NOW), LONGEST);
    let (bundle, secret) = Bundle::generate(&device, &account, 7, validity, &mut random).unwrap();
    let owner = (account.id(), device.id());
    let (stock, mut pairs, secrets) = Stock::generate(owner, 3, 1, validity, &mut random).unwrap();
    let signed = bundle.sign(device.signing()).unwrap();
    let pair = pairs.remove(1);
    let one_time = OneTime { stock: stock.sign(device.signing()).unwrap(), pair: pair.clone() };
    let request = ClaimRequest {
        request: RequestId::from_bytes([0x11; 16]),
        account: account.id(),
        device: device.id(),
    };
    let own = OwnBundle::new(&signed, secret).unwrap();
    let answer = ClaimAnswer { request: request.request, bundle: signed, one_time: Some(one_time) };
    Prekeys { request, bundle, answer, own, one_time: (stock, pair), secrets }
}

fn alice_secret() -> DeviceSecret {
    device_secret(1)
}

fn target(with_pair: bool) -> Target {
    let prekeys = prekeys();
    Target::new(&bob(), &prekeys.bundle, with_pair.then_some(&prekeys.one_time), ADDRESS)
}

fn seed(first: u8) -> Vec<u8> {
    counting(first, 32)
}

fn offer(target: &Target, seed: &[u8]) -> Offer {
    target.offer(&mut Seed::from_bytes(seed.try_into().unwrap()).unwrap().into_generator())
}

fn alices_block() -> Vec<u8> {
    let account = account();
    block(&account, account.device(alice_secret().id()).unwrap())
}

/// What Bob makes of an Initial with this identity block.
pub fn opened(block: &[u8]) -> Opened {
    let (target, prekeys, device) = (target(false), prekeys(), device_secret(3));
    let offer = offer(&target, &seed(33));
    let any = [Secret::new([1; 32]), Secret::new([2; 32])];
    let initial = target.initial(&offer, &target.schedule(&offer, block, &any).sealed);
    let (addresses, manifests) = ([ADDRESS.parse().unwrap()], [own_manifest(&bob())]);
    let own = Own { account: bob().id(), device: &device, addresses: &addresses, manifests: &manifests };
    let screened = initial.screen(&own, None).unwrap();
    let tentative = screened.open(Some(&prekeys.own), None, Timestamp::from_millis(NOW)).unwrap();
    tentative.first_message(|first| Ok::<_, HandshakeError>(unread(first))).unwrap().0
}

fn own_manifest(account: &Verified<Account>) -> OwnManifest {
    OwnManifest::new(account, device_secret(3).id()).unwrap()
}

pub fn handshake() -> File {
    let mut file = File::new("5", "handshakes, the first answer, linking");
    let transcript = initiating(&mut file);
    schedules(&mut file);
    opening(&mut file);
    capabilities(&mut file);
    forged_blocks(&mut file);
    comparing(&mut file);
    answering(&mut file);
    linking(&mut file, &transcript);
    file
}

fn initiate_input(to: &Verified<Account>, answer: &ClaimAnswer) -> Value {
    json!({
        "account": hex(account().manifest().encode().unwrap()),
        "secret": hex(alice_secret().encode().unwrap()),
        "recipient": hex(to.manifest().encode().unwrap()),
        "request": hex(prekeys().request.encode().unwrap()),
        "answer": hex(answer.encode().unwrap()),
        "address": ADDRESS,
        "floor": "",
        "now": NOW.to_string(),
        "seed": hex(seed(1)),
    })
}

/// Returns th2 of the first one.
fn initiating(file: &mut File) -> String {
    let (prekeys, op) = (prekeys(), "handshake.initiate");
    let without = ClaimAnswer { one_time: None, ..prekeys.answer.clone() };
    let first = file.good("initiate with a one-time pair", op, initiate_input(&bob(), &prekeys.answer));
    let mut input = initiate_input(&bob(), &without);
    file.good("initiate without a one-time pair", op, input.clone());
    input["recipient"] = hex(bob_later().manifest().encode().unwrap()).into();
    input["floor"] = hex(floor(1, 0x10)).into();
    file.good("initiate with a newer manifest than the bundle names, and a floor", op, input.clone());
    input["floor"] = hex(floor(1, 0x40)).into();
    file.bad("initiate below the floor", op, input, "downgrade");
    first["transcript"].as_str().unwrap().to_owned()
}

fn floor(suite: u64, capabilities: u64) -> Vec<u8> {
    let bytes = [number(1, suite), number(2, capabilities)].concat();
    Floor::decode(&bytes).unwrap();
    bytes
}

fn schedules(file: &mut File) {
    for (name, with_pair) in [("with", true), ("without", false)] {
        let target = target(with_pair);
        let offer = offer(&target, &seed(1));
        let [es, eo, ei, k1, k2] = offer.first.each_ref().map(|secret| hex(secret.expose()));
        let [se, ss] = second(alice_secret().keys().agreement(), &target).map(|secret| hex(secret.expose()));
        let input = json!({
            "suite": 1,
            "account": hex(target.account.as_bytes()),
            "device": hex(target.device.id().as_bytes()),
            "address": ADDRESS,
            "term": target.order.term,
            "version": target.order.version.to_string(),
            "manifest": hex(target.manifest.as_bytes()),
            "bundle": hex(target.bundle.encode().unwrap()),
            "leaf_input": hex(target.leaf()),
            "ephemeral": hex(offer.ephemeral.as_bytes()),
            "ct1": hex(offer.to_prekey.as_bytes()),
            "ct2": hex(offer.to_identity.as_bytes()),
            "es": es, "eo": eo, "ei": ei, "k1": k1, "k2": k2,
            "block": hex(alices_block()),
            "se": se, "ss": ss,
        });
        file.good(
            &format!("schedule {name} a one-time pair, of the same handshake"),
            "handshake.schedule",
            input,
        );
    }
}

fn honest(with_pair: bool) -> Initial {
    saying(&target(with_pair), &alices_block())
}

fn saying(target: &Target, block: &[u8]) -> Initial {
    let offer = offer(target, &seed(1));
    let secrets = second(alice_secret().keys().agreement(), target);
    target.initial(&offer, &target.schedule(&offer, block, &secrets).sealed)
}

/// Manifests of both sides with different capabilities: which of them count.
fn capabilities(file: &mut File) {
    let op = "handshake.open";
    let [older, newest] = [bob(), bob_later()].map(|account| hex(own_manifest(&account).encode().unwrap()));
    let alice = alice_later();
    let said = block(&alice, alice.device(alice_secret().id()).unwrap());
    let sender = hex(alice.manifest().encode().unwrap());
    let mut input = open_input(&saying(&target(false), &said));
    input["sender"] = sender.clone().into();
    input["manifests"] = json!([newest, older]);
    file.good("open under an earlier manifest, whose capabilities count", op, input.clone());
    input["manifests"] = json!([newest]);
    file.good("open under a manifest that was skipped: the newest one's count", op, input.clone());
    let mut later = target(false);
    (later.order, later.manifest) = (bob_later().order(), bob_later().hash());
    input["initial"] = hex(saying(&later, &said).encode().unwrap()).into();
    input["manifests"] = json!([newest, older]);
    file.good("open under the newest manifest, whose capabilities count", op, input.clone());
    input["manifests"] = json!([older]);
    file.bad("open under a manifest that is newer", op, input.clone(), "other-manifest");
    let mut boasting = IdentityBlock::from_bytes(&alices_block()).unwrap();
    boasting.capabilities = Capabilities::from_bits(u64::MAX);
    input["initial"] = hex(saying(&later, &boasting.to_bytes()).encode().unwrap()).into();
    input["manifests"] = json!([newest]);
    file.good("open what boasts under an older manifest of the sender: the newest one caps it", op, input);
}

fn open_input(initial: &Initial) -> Value {
    let prekeys = prekeys();
    let held = initial
        .one_time
        .and_then(|place| prekeys.secrets.iter().find(|secret| secret.place() == (place.stock, place.index)));
    json!({
        "account": hex(bob().id().as_bytes()),
        "secret": hex(device_secret(3).encode().unwrap()),
        "addresses": [ADDRESS],
        "manifests": [hex(own_manifest(&bob()).encode().unwrap())],
        "bundle": hex(prekeys.own.encode().unwrap()),
        "one_time": held.map(|secret| hex(secret.encode().unwrap())).unwrap_or_default(),
        "replay": "",
        "initial": hex(initial.encode().unwrap()),
        "now": NOW.to_string(),
        "sender": hex(account().manifest().encode().unwrap()),
    })
}

/// The moment when the prekeys must be erased: 30 days of validity and 62 more.
const ERASE: u64 = NOW + 92 * 24 * 60 * 60 * 1000;

type Edit = fn(&mut Initial);

/// Fields of an Initial that somebody on the way could change, and what B says.
const EDITS: [(&str, Edit, &str); 16] = [
    ("another device", |initial| initial.device = DeviceId::from_bytes([1; 16]), "mismatch"),
    ("another local part", |initial| initial.address = "bobby@example.org".parse().unwrap(), "mismatch"),
    ("another domain", |initial| initial.address = "bob@example.com".parse().unwrap(), "mismatch"),
    ("another term", |initial| initial.order = Order { term: 1, version: 0 }, "other-manifest"),
    ("another version", |initial| initial.order = Order { term: 0, version: 1 }, "other-manifest"),
    ("another manifest", |initial| initial.manifest = Hash::of(b""), "other-manifest"),
    ("another bundle", |initial| initial.bundle = 8, "unknown-prekey"),
    ("bundle 0", |initial| initial.bundle = 0, "unknown-prekey"),
    (
        "another stock",
        |initial| initial.one_time = Some(OneTimePlace { stock: 4, index: 1 }),
        "unknown-prekey",
    ),
    (
        "an index beyond",
        |initial| initial.one_time = Some(OneTimePlace { stock: 3, index: 2 }),
        "unknown-prekey",
    ),
    (
        "the neighbouring index",
        |initial| initial.one_time = Some(OneTimePlace { stock: 3, index: 0 }),
        "unauthentic",
    ),
    ("no one-time pair", |initial| initial.one_time = None, "unauthentic"),
    ("another EK", |initial| initial.ephemeral = *device_secret(2).device().agreement(), "unauthentic"),
    ("another ct1", |initial| initial.to_prekey = altered(&initial.to_prekey), "unauthentic"),
    ("another ct2", |initial| initial.to_identity = altered(&initial.to_identity), "unauthentic"),
    ("another idb", |initial| initial.sealed[100] ^= 1, "unauthentic"),
];

fn altered(ciphertext: &Ciphertext) -> Ciphertext {
    let mut bytes = *ciphertext.as_bytes();
    bytes[500] ^= 1;
    Ciphertext::from_bytes(&bytes).unwrap()
}

fn opening(file: &mut File) {
    let op = "handshake.open";
    let (with, without) = (honest(true), honest(false));
    file.good("open with a one-time pair", op, open_input(&with));
    file.good("open without a one-time pair", op, open_input(&without));
    let mut last = open_input(&without);
    last["now"] = ERASE.to_string().into();
    file.good("open at the last moment of the keys", op, last.clone());
    last["now"] = (ERASE + 1).to_string().into();
    file.bad("open after the last moment of the keys", op, last, "unknown-prekey");
    let mut later = open_input(&without);
    let newer = hex(own_manifest(&bob_later()).encode().unwrap());
    later["manifests"] = json!([newer, later["manifests"][0]]);
    later["addresses"] = json!(["robert@example.net", ADDRESS]);
    file.good("open under an earlier address and manifest", op, later);
    for (name, edit, class) in EDITS {
        let mut initial = with.clone();
        edit(&mut initial);
        file.bad(&format!("open with {name}"), op, open_input(&initial), class);
    }
    let replay = |key: &x25519::PublicKey| {
        let entry = [bytes(1, key.as_bytes()), number(2, ERASE)].concat();
        ReplayEntry::decode(&entry).unwrap();
        hex(entry)
    };
    let changed = |initial: &Initial, name: &str, value: Value| {
        let mut input = open_input(initial);
        input[name] = value;
        input
    };
    file.bad("open again", op, changed(&without, "replay", replay(&without.ephemeral).into()), "replayed");
    let elsewhere = Initial { device: DeviceId::from_bytes([1; 16]), ..without.clone() };
    let again = changed(&elsewhere, "replay", replay(&without.ephemeral).into());
    file.bad("open again, for another device: the record comes first", op, again, "replayed");
    let other = replay(device_secret(2).device().agreement());
    file.good("open after another", op, changed(&without, "replay", other.into()));
    file.bad("open when the bundle is gone", op, changed(&without, "bundle", "".into()), "unknown-prekey");
    file.bad("open when the pair is gone", op, changed(&with, "one_time", "".into()), "unknown-prekey");
    file.bad("open without addresses", op, changed(&without, "addresses", json!([])), "mismatch");
    file.bad("open without manifests", op, changed(&without, "manifests", json!([])), "other-manifest");
    let other_device = hex(device_secret(2).encode().unwrap());
    file.bad("open by another device", op, changed(&without, "secret", other_device.into()), "mismatch");
    let other_account = hex(account().id().as_bytes());
    file.bad(
        "open for another account",
        op,
        changed(&without, "account", other_account.into()),
        "unauthentic",
    );
    // A byte of the hash of the manifest: the keys still fit.
    let manifest = hex(bob().hash().as_bytes());
    let bundle = open_input(&without)["bundle"].as_str().unwrap().replace(&manifest, &flipped(&manifest, 0));
    file.bad(
        "open with other bytes of the bundle",
        op,
        changed(&without, "bundle", bundle.into()),
        "unauthentic",
    );
    for (name, key) in [("zero", vec![0; 32]), ("of order 8", order_8())] {
        let good = hex(without.encode().unwrap());
        let bad = good.replace(&hex(without.ephemeral.as_bytes()), &hex(key));
        assert_ne!(good, bad);
        file.bad(
            &format!("open with an EK {name}"),
            op,
            changed(&without, "initial", bad.into()),
            "invalid-key",
        );
    }
}

fn order_8() -> Vec<u8> {
    hex::decode("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800").unwrap()
}

/// Blocks that open, since whoever says anything seals it well, but cannot be read, or name the recipient.
fn forged_blocks(file: &mut File) {
    let target = target(false);
    let offer = offer(&target, &seed(1));
    let secrets = second(alice_secret().keys().agreement(), &target);
    let mut refuse = |name: &str, said: &[u8], class: &str| {
        let initial = target.initial(&offer, &target.schedule(&offer, said, &secrets).sealed);
        file.bad(name, "handshake.open", open_input(&initial), class);
    };
    let mut said = alices_block();
    said[48..80].copy_from_slice(&order_8());
    refuse("a block with a key of order 8", &said, "invalid-key");
    said[48..80].fill(0xff);
    refuse("a block with a key that is not canonical", &said, "invalid-key");
    let (bob, own) = (bob(), device_secret(3));
    refuse("a block of the recipient itself", &block(&bob, bob.device(own.id()).unwrap()), "mismatch");
    // se and ss are not checked by opening: the session has other keys than Alice's, and her messages do not open.
    let stranger = second(device_secret(2).keys().agreement(), &target);
    let initial = target.initial(&offer, &target.schedule(&offer, &alices_block(), &stranger).sealed);
    file.good("a block of Alice by somebody else opens", "handshake.open", open_input(&initial));
}

type Claim = fn(&mut IdentityBlock);

const CLAIMS: [(&str, Claim, &str); 8] = [
    ("another account", |said| said.account = AccountId::from_bytes([1; 32]), "mismatch"),
    ("another device", |said| said.device = DeviceId::from_bytes([1; 16]), "mismatch"),
    ("another agreement key", |said| said.agreement = *device_secret(2).device().agreement(), "mismatch"),
    ("another KEM key", |said| said.kem = Hash::of(b""), "mismatch"),
    ("a later term", |said| said.order = Order { term: 1, version: 0 }, "other-manifest"),
    ("a later version", |said| said.order = Order { term: 0, version: 1 }, "other-manifest"),
    ("another manifest", |said| said.manifest = Hash::of(b""), "other-manifest"),
    ("other capabilities", |said| said.capabilities = Capabilities::from_bits(3), "mismatch"),
];

fn comparing(file: &mut File) {
    let op = "handshake.compare";
    let input = |said: &[u8], account: &Verified<Account>, floor: &[u8]| json!({ "block": hex(said), "account": hex(account.manifest().encode().unwrap()), "floor": hex(floor) });
    let (alice, two, good) = (account(), account_of_two(), alices_block());
    file.good("compare", op, input(&good, &alice, &[]));
    file.good("compare with a newer manifest", op, input(&good, &two, &floor(1, 0)));
    let later = alice_later();
    let mut older = IdentityBlock::from_bytes(&good).unwrap();
    older.capabilities = Capabilities::from_bits(0x61);
    let of_older = |capabilities| input(&older.to_bytes(), &later, &floor(1, capabilities));
    file.good("compare an older one with fewer capabilities than are listed", op, of_older(0x20));
    file.bad("compare an older one below the floor", op, of_older(0x10), "downgrade");
    file.bad("compare below the floor", op, of_older(0x100), "downgrade");
    older.capabilities = Capabilities::from_bits(u64::MAX);
    let boast = older.to_bytes();
    file.good(
        "compare an older one that boasts: the floor is what is listed",
        op,
        input(&boast, &later, &[]),
    );
    file.bad("compare an older one that boasts", op, input(&boast, &two, &floor(1, 0x20)), "downgrade");
    file.bad("compare below the suite of the floor", op, input(&good, &alice, &floor(2, 0)), "downgrade");
    for (name, edit, class) in CLAIMS {
        let mut said = IdentityBlock::from_bytes(&good).unwrap();
        edit(&mut said);
        file.bad(&format!("compare {name}"), op, input(&said.to_bytes(), &alice, &[]), class);
    }
    let mut draft = Draft::recovering(&alice);
    draft.add(device_secret(2).possess(alice.id()), Capabilities::NONE).unwrap();
    let recovered = draft.sign(&author(recovery_key().signing())).unwrap();
    file.bad("compare a device that was removed", op, input(&good, &recovered, &[]), "mismatch");
}

/// The state before the first answer, at A.
pub fn awaiting() -> Vec<u8> {
    [bytes(1, &honest(false).encode().unwrap()), bytes(2, &counting(3, 32))].concat()
}

/// The same, at B.
pub fn answering_state() -> Vec<u8> {
    let account = bytes(1, account().id().as_bytes());
    [account, bytes(2, alice_secret().id().as_bytes()), bytes(3, &counting(3, 32))].concat()
}

fn answering(file: &mut File) {
    let (state, random) = (answering_state(), counting(60, 32));
    let input = |account: &Verified<Account>, random: &[u8]| {
        let account = hex(account.manifest().encode().unwrap());
        json!({ "answering": hex(&state), "account": account, "random": hex(random) })
    };
    let out = file.good("answer", "handshake.answer", input(&account(), &random));
    file.bad("answer another account", "handshake.answer", input(&bob(), &random), "not-possible");
    file.bad(
        "answer from a stuck source",
        "handshake.answer",
        input(&account(), &[5; 32]),
        "weak-randomness",
    );
    let (ciphertext, awaiting) = (out["ciphertext"].as_str().unwrap(), awaiting());
    let input = |secret: &DeviceSecret, ciphertext: &str| json!({ "awaiting": hex(&awaiting), "secret": hex(secret.encode().unwrap()), "ciphertext": ciphertext });
    let again = file.good("answered", "handshake.answered", input(&alice_secret(), ciphertext));
    assert_eq!(again["k3"], out["k3"]);
    let other =
        file.good("answered to another device", "handshake.answered", input(&device_secret(2), ciphertext));
    assert_ne!(other["k3"], out["k3"]);
    let wrong = flipped(ciphertext, 9);
    let other =
        file.good("answered with another ciphertext", "handshake.answered", input(&alice_secret(), &wrong));
    assert_ne!(other["k3"], out["k3"]);
    let short = &ciphertext[2..];
    file.bad("answered too shortly", "handshake.answered", input(&alice_secret(), short), "invalid-length");
}

fn linking(file: &mut File, transcript: &str) {
    let [newest, before, older] = [1, 2, 3].map(|number| hex([number; 32]));
    let out = file.good("link", "handshake.link", json!({ "link": newest, "transcript": transcript }));
    let proof = out["proof"].as_str().unwrap();
    LinkProof::decode(&hex::decode(proof).unwrap()).unwrap();
    let input = |proof: &str, links: &[&String], transcript: &str| json!({ "proof": proof, "links": links, "transcript": transcript });
    let op = "handshake.linked";
    file.good("linked by the newest step", op, input(proof, &[&newest, &before], transcript));
    file.good("linked by the step before", op, input(proof, &[&before, &newest], transcript));
    file.good("linked by the only step", op, input(proof, &[&newest], transcript));
    let refused = "not-linked";
    file.bad(
        "not linked by a third step",
        op,
        input(proof, &[&before, &older, &newest], transcript),
        refused,
    );
    file.bad("not linked by other steps", op, input(proof, &[&before, &older], transcript), refused);
    file.bad("not linked without steps", op, input(proof, &[], transcript), refused);
    file.bad("not linked in another handshake", op, input(proof, &[&newest], &hex([9; 32])), refused);
    file.bad(
        "not linked: the name of the link",
        op,
        input(&flipped(proof, 2), &[&newest], transcript),
        refused,
    );
    file.bad("not linked: the proof", op, input(&flipped(proof, -1), &[&newest], transcript), refused);
    file.bad("not linked: cut", op, input(&proof[..60], &[&newest], transcript), "truncated");
}

pub fn messages() -> File {
    let mut file = File::new("5.12", "messages of layer 4");
    let of = |name: &'static str, bytes: Vec<u8>, largest: usize| {
        let is_largest = bytes.len() == largest;
        (name, bytes, is_largest)
    };
    let (with, place) = (honest(true), OneTimePlace { stock: 300, index: 7 });
    let entry = [bytes(1, with.ephemeral.as_bytes()), number(2, NOW)].concat();
    shapes(
        &mut file,
        vec![
            of("OneTimePlace", place.encode().unwrap(), OneTimePlace::MAX_BYTES),
            of("Initial", with.encode().unwrap(), Initial::MAX_BYTES),
            of(
                "LinkProof",
                LinkProof::new(&Secret::new([1; 32]), &Hash::of(b"")).encode().unwrap(),
                LinkProof::MAX_BYTES,
            ),
            of("OwnBundle", prekeys().own.encode().unwrap(), OwnBundle::MAX_BYTES),
            of("OwnManifest", own_manifest(&bob_later()).encode().unwrap(), OwnManifest::MAX_BYTES),
            of("ReplayEntry", entry, ReplayEntry::MAX_BYTES),
            of("HandshakeAwaiting", awaiting(), 2859),
            of("HandshakeAnswering", answering_state(), 86),
            of("PeerFloor", floor(1, 0x20), Floor::MAX_BYTES),
        ],
    );
    own_rules(&mut file, &with);
    kept_rules(&mut file);
    standings(&mut file);
    file
}

fn own_rules(file: &mut File, with: &Initial) {
    let mut decode = |name: &str, message: &str, bytes: &[u8], class: &str| {
        let input = json!({ "message": message, "bytes": hex(bytes) });
        if class.is_empty() {
            file.good(name, "wire.decode", input);
        } else {
            file.bad(name, "wire.decode", input, class);
        }
    };
    assert_eq!(with.suite, Suite::One);
    let good = with.encode().unwrap();
    let after_suite = &good[2..];
    decode("Initial without a pair", "Initial", &honest(false).encode().unwrap(), "");
    for (name, suite) in [("0", 0), ("2", 2), ("65537", 65_537)] {
        let bytes = [number(1, suite), after_suite.to_vec()].concat();
        decode(&format!("Initial of suite {name}"), "Initial", &bytes, "unknown-suite");
    }
    let addressed = |address: &str| {
        let [before, after] = [&good[..20], &good[22 + ADDRESS.len()..]];
        [before, &bytes(3, address.as_bytes()), after].concat()
    };
    assert_eq!(addressed(ADDRESS), good);
    decode("Initial to no address", "Initial", &addressed("bob"), "bad-value");
    decode("Initial to upper case", "Initial", &addressed("Bob@example.org"), "bad-value");
    let longest = format!(
        "{}@{}.c",
        "a".repeat(63),
        ["b"; 63].concat() + &format!(".{}", "b".repeat(63)).repeat(2) + "." + &"b".repeat(59)
    );
    decode("Initial to the longest address", "Initial", &addressed(&longest), "");
    decode("Initial to an address that is too long", "Initial", &addressed(&(longest + "c")), "bad-length");
    let zero = [bytes(1, &[0; 32]), number(2, NOW)].concat();
    decode("ReplayEntry of a key that is none", "ReplayEntry", &zero, "invalid-key");
    let of = |suite: u64, capabilities: u64| [number(1, suite), number(2, capabilities)].concat();
    decode("floor at the highest suite", "PeerFloor", &of(65_535, u64::MAX - 1), "");
    decode("floor beyond the highest suite", "PeerFloor", &of(65_536, 0), "bad-value");
    decode("floor with the right to manage", "PeerFloor", &of(1, 0x21), "bad-value");
}

/// What is kept is checked when it is read, as when it was made.
fn kept_rules(file: &mut File) {
    let own = hex(prekeys().own.encode().unwrap());
    let changed = |of: &[u8], at: i32| {
        let part = hex(of);
        let changed = own.replace(&part, &flipped(&part, at.try_into().unwrap()));
        assert_ne!(own, changed);
        changed
    };
    let bundle = prekeys().bundle;
    let mut refuse = |name: &str, message: &str, bytes: &str| {
        file.bad(name, "wire.decode", json!({ "message": message, "bytes": bytes }), "bad-value");
    };
    refuse("own bundle with another agreement key", "OwnBundle", &changed(bundle.agreement.as_bytes(), 0));
    refuse("own bundle with another KEM key", "OwnBundle", &changed(bundle.kem.as_bytes(), -1));
    let none = own.replacen("08011220", "08011320", 1);
    assert_ne!(own, none);
    refuse("own bundle that is none", "OwnBundle", &none);
    let cut = [bytes(1, &honest(false).encode().unwrap()[1..]), bytes(2, &counting(3, 32))].concat();
    refuse("awaiting with no Initial", "HandshakeAwaiting", &hex(cut));
}

/// All values, of which some are valid.
fn standings(file: &mut File) {
    for value in 0..24_u64 {
        let (role, answered, authentication, reduced) =
            (1 + value % 2, value / 2 % 2, 1 + value / 4 % 3, value / 12);
        let bytes =
            [number(1, role), number(2, answered), number(3, authentication), number(4, reduced)].concat();
        let valid = match (role, authentication) {
            (1, 1) => answered == 0,
            (1, 3) => answered == 0 && reduced == 0,
            (2, 2) => true,
            (2, 3) => answered == 1 && reduced == 0,
            _ => false,
        };
        let name = format!(
            "standing of role {role}, answered {answered}, authentication {authentication}, reduced {reduced}"
        );
        let input = json!({ "message": "SessionStanding", "bytes": hex(bytes) });
        if valid {
            file.good(&name, "wire.decode", input);
        } else {
            file.bad(&name, "wire.decode", input, "bad-value");
        }
    }
}
