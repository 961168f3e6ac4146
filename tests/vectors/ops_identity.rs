//! The operations on identities of `test-vectors/README.md`.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::{ed25519, hybrid};
use sottovoce::identity::account::Account;
use sottovoce::identity::certificate::{AddressCertificate, SignedCertificate};
use sottovoce::identity::chain::{Followed, ForkEvidence, Header, Manifest, News, SignedHeader, Subject};
use sottovoce::identity::device::{Device, DeviceSecret};
use sottovoce::identity::ids::{AccountId, DeviceId, Fingerprint};
use sottovoce::identity::link::{Decision, Inviting, Joining, LinkInvitation, LinkRequest, LinkReveal};
use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, ClaimRequest, PrekeysSeen, Stock};
use sottovoce::identity::qr::QrPayload;
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::safety_number::SafetyNumber;
use sottovoce::identity::sas::{Initiator, Responder, SasAnswer, SasReveal, SasStart};
use sottovoce::identity::server::Server;
use sottovoce::identity::trust::{ContactTrust, Observation};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::inputs::Inputs;
use crate::ops::{Outcome, class};

pub fn run(op: &str, i: &Inputs) -> Outcome {
    match op {
        "phrase.words" => {
            Ok(json!({ "phrase": RecoveryKey::from_entropy(i.secret("entropy")).phrase().as_str() }))
        }
        "phrase.parse" => {
            let key: RecoveryKey = i.text("phrase").parse().map_err(class)?;
            Ok(json!({ "entropy": hex(key.entropy().expose()) }))
        }
        "phrase.key" => {
            let key = RecoveryKey::from_entropy(i.secret("entropy"));
            Ok(json!({ "seed": hex(key.signing().to_seed().expose()), "pair": hex(key.pair().as_bytes()) }))
        }
        "device.generate" | "device.id" | "device.possess" => device(op, i),
        "header.sign" => {
            let header: Header = decoded(i, "header")?;
            let signed = SignedHeader::sign(&header, &key(i)).map_err(class)?;
            Ok(json!({ "signed": encoded(&signed), "hash": hex(signed.hash().as_bytes()) }))
        }
        "manifest.verify" if i.number("kind") == 1 => {
            let account = verified::<Account>(&i.bytes("manifest")).map_err(class)?;
            let devices = account.devices().iter().map(|device| hex(device.id().as_bytes()));
            Ok(manifest(&account, devices.collect()))
        }
        "manifest.verify" => verified::<Server>(&i.bytes("manifest"))
            .map(|server| manifest(&server, Vec::new()))
            .map_err(class),
        "manifest.follow" if i.number("kind") == 1 => Ok(follow::<Account>(i)),
        "manifest.follow" => Ok(follow::<Server>(i)),
        "fork.verify" => {
            let fork = decoded::<ForkEvidence>(i, "evidence")?.verify().map_err(class)?;
            Ok(json!({ "chain": hex(fork.first.id().as_bytes()), "term": fork.first.order().term }))
        }
        "certificate.sign" => {
            let certificate: AddressCertificate = decoded(i, "certificate")?;
            let key = ed25519::SecretKey::from_seed(&i.secret("seed"));
            Ok(json!({ "signed": encoded(&certificate.sign(&key).map_err(class)?) }))
        }
        "certificate.verify" => {
            let server = verified::<Server>(&i.bytes("server")).map_err(class)?;
            let certificate: SignedCertificate = decoded(i, "certificate")?;
            let pin = ContactTrust::first_use(server.fingerprint());
            let certificate = certificate.verify(&server, &pin, time(i, "now")).map_err(class)?;
            let account = hex(certificate.account.as_bytes());
            Ok(json!({ "address": certificate.address.as_str(), "account": account }))
        }
        "bundle.sign" => {
            let bundle: Bundle = decoded(i, "bundle")?;
            Ok(json!({ "signed": encoded(&bundle.sign(&key(i)).map_err(class)?) }))
        }
        "stock.sign" => {
            let stock: Stock = decoded(i, "stock")?;
            Ok(json!({ "signed": encoded(&stock.sign(&key(i)).map_err(class)?) }))
        }
        "stock.generate" => stock(i),
        "claim.verify" => claim(i),
        _ => people(op, i),
    }
}

fn people(op: &str, i: &Inputs) -> Outcome {
    let fingerprint = |name| Fingerprint::from_bytes(i.array(name));
    match op {
        "safety_number" => {
            let number = SafetyNumber::new(&fingerprint("first"), &fingerprint("second"));
            Ok(json!({ "number": number.as_str() }))
        }
        "verification_code.check" => {
            let payload: QrPayload = decoded(i, "payload")?;
            let compared = payload.compare(&fingerprint("own"), &fingerprint("contact")).map_err(class)?;
            assert_eq!(*compared.fingerprint(), fingerprint("contact"));
            Ok(json!({}))
        }
        "trust.follow" => Ok(trust(i)),
        "sas.initiator" => {
            let answer: SasAnswer = decoded(i, "answer")?;
            let mut random = i.random();
            let (own, theirs) = (fingerprint("own"), fingerprint("theirs"));
            let (initiator, start) = Initiator::start(&own, &theirs, &mut random).map_err(class)?;
            random.finish();
            let (reveal, comparison) = initiator.reveal(&answer);
            let (start, reveal) = (encoded(&start), encoded(&reveal));
            Ok(json!({ "start": start, "reveal": reveal, "comparing": encoded(&comparison) }))
        }
        "sas.responder" => {
            let start: SasStart = decoded(i, "start")?;
            let reveal: SasReveal = decoded(i, "reveal")?;
            let mut random = i.random();
            let (own, theirs) = (fingerprint("own"), fingerprint("theirs"));
            let (responder, answer) = Responder::answer(&own, &theirs, &start, &mut random).map_err(class)?;
            random.finish();
            let comparison = responder.check(&reveal).map_err(class)?;
            Ok(json!({ "answer": encoded(&answer), "comparing": encoded(&comparison) }))
        }
        "link.inviter" => {
            let account = verified::<Account>(&i.bytes("account")).map_err(class)?;
            let domain = i.text("domain").parse().map_err(class)?;
            let request: LinkRequest = decoded(i, "request")?;
            let (shown, now, mut random) = (time(i, "shown_at"), time(i, "now"), i.random());
            let decision = Decision::of_the_person();
            let (inviting, invitation) =
                Inviting::new(decision, &account, domain, shown, &mut random).map_err(class)?;
            random.finish();
            let (reveal, comparison) = inviting.receive(&account, request, now).map_err(class)?;
            let (invitation, reveal) = (encoded(&invitation), encoded(&reveal));
            Ok(json!({ "invitation": invitation, "reveal": reveal, "comparing": encoded(&comparison) }))
        }
        "link.joiner" => {
            let invitation: LinkInvitation = decoded(i, "invitation")?;
            let reveal: LinkReveal = decoded(i, "reveal")?;
            let mut random = i.random();
            let decision = Decision::of_the_person();
            let (joining, secret, request) =
                Joining::new(decision, invitation, &mut random).map_err(class)?;
            random.finish();
            let (comparison, _) = joining.check(&reveal).map_err(class)?;
            let (request, secret) = (encoded(&request), encoded(&secret));
            Ok(json!({ "request": request, "secret": secret, "awaiting": encoded(&comparison) }))
        }
        _ => panic!("unknown operation {op}"),
    }
}

pub fn decoded<T: Wire>(i: &Inputs, name: &str) -> Result<T, &'static str> {
    T::decode(&i.bytes(name)).map_err(class)
}

pub fn encoded(value: &impl Wire) -> String {
    hex(value.encode().unwrap())
}

pub fn verified<T: Subject>(bytes: &[u8]) -> Result<Verified<T>, IdentityError> {
    Manifest::decode(bytes)?.verify()
}

fn key(i: &Inputs) -> hybrid::SecretKey {
    hybrid::SecretKey::from_seed(&i.secret("seed"))
}

pub fn time(i: &Inputs, name: &str) -> Timestamp {
    Timestamp::from_millis(i.number64(name))
}

fn device(op: &str, i: &Inputs) -> Outcome {
    match op {
        "device.generate" => {
            let mut random = i.random();
            let secret = DeviceSecret::generate(&mut random).map_err(class)?;
            random.finish();
            Ok(json!({ "entry": encoded(secret.device()), "id": hex(secret.id().as_bytes()) }))
        }
        "device.id" => Ok(json!({ "id": hex(decoded::<Device>(i, "entry")?.id().as_bytes()) })),
        _ => {
            let secret: DeviceSecret = decoded(i, "secret")?;
            let newcomer = secret.possess(AccountId::from_bytes(i.array("account")));
            Ok(json!({ "possession": hex(newcomer.possession().as_bytes()) }))
        }
    }
}

pub fn device_id(entry: &[u8]) -> DeviceId {
    Device::decode(entry).unwrap().id()
}

fn manifest<T: Subject>(subject: &Verified<T>, devices: Vec<String>) -> Value {
    assert_eq!(Manifest::decode(&subject.manifest().encode().unwrap()).unwrap(), subject.manifest());
    let chain = subject.chain();
    json!({
        "chain": hex(chain.id().as_bytes()),
        "term": chain.order().term,
        "version": chain.order().version.to_string(),
        "hash": hex(chain.hash().as_bytes()),
        "fingerprint": hex(chain.fingerprint().as_bytes()),
        "devices": devices,
    })
}

fn follow<T: Subject + Clone>(i: &Inputs) -> Value {
    let mut followed: Option<Followed<T>> = None;
    let mut outcomes = Vec::new();
    for bytes in i.0["manifests"].as_array().unwrap() {
        let verified = verified::<T>(&hex::decode(bytes.as_str().unwrap()).unwrap());
        let news = match (verified, followed.as_mut()) {
            (Ok(new), Some(followed)) => followed.learn(new),
            (Ok(new), None) => {
                followed = Some(Followed::new(new));
                Ok(News::Newer)
            }
            (Err(error), _) => Err(error),
        };
        outcomes.push(match news {
            Ok(News::Newer) => "newer",
            Ok(News::Known) => "known",
            Ok(News::Forked) => "forked",
            Err(error) => class(error),
        });
    }
    let mut held: Vec<_> = match &followed {
        Some(followed) if followed.is_fork_of_twins() => {
            followed.sides().unwrap().map(|side| hex(side.chain().hash().as_bytes())).to_vec()
        }
        Some(followed) => followed.current().iter().map(|held| hex(held.chain().hash().as_bytes())).collect(),
        None => Vec::new(),
    };
    held.sort();
    json!({ "outcomes": outcomes, "held": held })
}

fn stock(i: &Inputs) -> Outcome {
    let owner = (AccountId::from_bytes(i.array("account")), DeviceId::from_bytes(i.array("device")));
    let depth = u32::try_from(i.number("depth")).unwrap();
    let validity = Validity::starting(Timestamp::from_millis(0), LONGEST);
    let mut random = i.random();
    let (stock, pairs, _) =
        Stock::generate(owner, i.number64("number"), depth, validity, &mut random).map_err(class)?;
    random.finish();
    let pairs =
        pairs.iter().map(|pair| hex(sottovoce::crypto::hash::Hash::of(&pair.encode().unwrap()).as_bytes()));
    Ok(json!({ "root": hex(stock.root.as_bytes()), "pairs": pairs.collect::<Vec<_>>() }))
}

fn claim(i: &Inputs) -> Outcome {
    let account = verified::<Account>(&i.bytes("account")).map_err(class)?;
    let request: ClaimRequest = decoded(i, "request")?;
    let answer: ClaimAnswer = decoded(i, "answer")?;
    let seen: PrekeysSeen = decoded(i, "seen")?;
    let prekeys = answer.verify(&request, &account, &seen, time(i, "now")).map_err(class)?;
    Ok(json!({
        "overdue": prekeys.is_overdue(),
        "leaf_input": hex(prekeys.leaf_input()),
        "seen": encoded(prekeys.seen()),
    }))
}

fn trust(i: &Inputs) -> Value {
    let mut trust = ContactTrust::first_use(Fingerprint::from_bytes(i.array("pinned")));
    let own = Fingerprint::from_bytes([0; 32]);
    let outcomes: Vec<_> = i.0["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            let bytes: [u8; 32] = hex::decode(step[1].as_str().unwrap()).unwrap().try_into().unwrap();
            let fingerprint = Fingerprint::from_bytes(bytes);
            match step[0].as_str().unwrap() {
                "observe" => match trust.observe(fingerprint) {
                    Observation::Same => "same",
                    Observation::Changed => "changed",
                    Observation::Restored => "restored",
                },
                "verify" => {
                    let compared = SafetyNumber::new(&own, &fingerprint).confirmed();
                    trust.verify(compared).map_or_else(class, |()| "verified")
                }
                "accept" => trust.accept(&fingerprint).map_or_else(class, |()| "accepted"),
                "withdraw" => {
                    trust.withdraw();
                    "withdrawn"
                }
                other => panic!("unknown step {other}"),
            }
        })
        .collect();
    json!({ "outcomes": outcomes, "trust": encoded(&trust) })
}
