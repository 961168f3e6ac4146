//! Vectors of address certificates.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::ed25519;
use sottovoce::crypto::secret::Secret;
use sottovoce::identity::certificate::AddressCertificate;
use sottovoce::identity::chain::Subject as _;
use sottovoce::identity::ids::ServerId;
use sottovoce::identity::validity::Validity;
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire;

use crate::fixtures::{NOW, account, genesis, manifest, month, online_key, sign};
use crate::make::{File, flipped};

pub fn certificate() -> File {
    let mut file = File::new("4.9", "address certificates");
    let root = sign(&genesis(&[11]), 10);
    let server = manifest(&[&root]);
    let id = ServerId::from_bytes(*root.hash().as_bytes());
    let good = AddressCertificate {
        address: "alice@example.org".parse().unwrap(),
        account: account().id(),
        server: id,
        validity: month(),
    };
    let seed = hex([77; 32]);
    let sign_it = |certificate: &AddressCertificate| json!({ "seed": seed, "certificate": hex(certificate.encode().unwrap()) });
    let signed = file.good("sign", "certificate.sign", sign_it(&good))["signed"].clone();
    let verify = |signed: &Value, now: u64| json!({ "server": hex(server.encode().unwrap()), "certificate": signed, "now": now.to_string() });
    let day = 24 * 60 * 60 * 1000;
    for (name, now) in [
        ("at the start", NOW),
        ("a day early", NOW - day),
        ("at the end", NOW + 30 * day),
        ("a day late", NOW + 31 * day),
    ] {
        file.good(&format!("verify {name}"), "certificate.verify", verify(&signed, now));
    }
    let mut refuse = |name: &str, signed: &Value, now: u64, class: &str| {
        file.bad(name, "certificate.verify", verify(signed, now), class);
    };
    refuse("more than a day early", &signed, NOW - day - 1, "not-yet-valid");
    refuse("more than a day late", &signed, NOW + 31 * day + 1, "expired");
    refuse("at time 0", &signed, 0, "not-yet-valid");
    refuse("at the end of time", &signed, u64::MAX, "expired");
    let (key, _) = online_key(month());
    let made = |certificate: AddressCertificate, key: &ed25519::SecretKey| {
        Value::from(hex(certificate.sign(key).unwrap().encode().unwrap()))
    };
    for (name, address) in [
        ("another domain", "alice@example.net"),
        ("a subdomain", "alice@a.example.org"),
        ("the domain above", "alice@org.example"),
    ] {
        let other = AddressCertificate { address: address.parse().unwrap(), ..good.clone() };
        refuse(name, &made(other, &key), NOW, "mismatch");
    }
    let other = AddressCertificate { server: ServerId::from_bytes([3; 32]), ..good.clone() };
    refuse("another server", &made(other, &key), NOW, "mismatch");
    let stranger = ed25519::SecretKey::from_seed(&Secret::new([78; 32]));
    refuse("a key that the server does not list", &made(good.clone(), &stranger), NOW, "mismatch");
    for (name, start) in [("begins before its key", NOW - 1), ("outlives its key", NOW + 1)] {
        let validity = Validity::starting(Timestamp::from_millis(start), Span::from_days(30));
        refuse(name, &made(AddressCertificate { validity, ..good.clone() }, &key), NOW, "mismatch");
    }
    let text = signed.as_str().unwrap();
    refuse("signature changed", &flipped(text, -1).into(), NOW, "invalid-signature");
    let forged = text.replacen(&hex("alice@"), &hex("malle@"), 1);
    refuse("address changed", &forged.into(), NOW, "invalid-signature");
    let bad = text.replacen(&hex("alice@"), &hex("Alice@"), 1);
    refuse("address not in its spelling", &bad.into(), NOW, "bad-value");
    let input = json!({ "server": hex(account().manifest().encode().unwrap()), "certificate": signed, "now": NOW.to_string() });
    file.bad("an account in place of the server", "certificate.verify", input, "wrong-kind");
    file
}
