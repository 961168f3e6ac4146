//! F-01, F-02, F-03, F-17, F-18: whether a domain and a server name each other.

use sottovoce::crypto::{CryptoError, ed25519, label};
use sottovoce::identity::address::Domain;
use sottovoce::identity::chain::Subject as _;
use sottovoce::identity::server::{OnlineKey, Server};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::server::discovery::dns::{self, BadRecord, ServerRecord};
use sottovoce::server::discovery::document::CONTENT_TYPE;
use sottovoce::server::discovery::{Bound, Discovery, Fetch, FetchPolicy, SignedDiscovery};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire as _;

use super::{Host, days, fetched, hours};
use crate::identity::{NOW, person};

fn outcome(document: &SignedDiscovery, asked: &str, now: Timestamp) -> Option<IdentityError> {
    fetched(&document.encode().unwrap(), asked, now).err()
}

/// Domain, document and manifest each name the other two, or nothing comes of it.
#[test]
fn f_01_domain_and_server_name_each_other() {
    let (ours, other) = (Host::of("example.org", 1), Host::of("example.net", 2));
    assert_eq!(outcome(&ours.document(), "example.org", NOW), None);
    let mismatch = Some(IdentityError::Mismatch);
    // Found on another domain's host, whether it was copied or is meant.
    assert_eq!(outcome(&ours.document(), "example.net", NOW), mismatch);
    assert_eq!(
        outcome(&other.says("example.org", Validity::starting(NOW, LONGEST)), "example.org", NOW),
        mismatch
    );
    assert_eq!(
        outcome(&ours.says("example.net", Validity::starting(NOW, LONGEST)), "example.net", NOW),
        mismatch
    );
    // A document for another domain on the right host.
    assert_eq!(
        outcome(&ours.says("example.net", Validity::starting(NOW, LONGEST)), "example.org", NOW),
        mismatch
    );
    // The document names one chain, the manifest beside it is another's.
    let twin = Host::of("example.org", 3);
    let document = SignedDiscovery { manifest: twin.server.manifest(), ..ours.document() };
    assert_eq!(outcome(&document, "example.org", NOW), mismatch);
    let discovery = Discovery {
        domain: "example.org".parse().unwrap(),
        server: twin.server.id(),
        validity: Validity::starting(NOW, LONGEST),
    };
    let document = discovery.sign(&ours.online, ours.server.manifest()).unwrap();
    assert_eq!(outcome(&document, "example.org", NOW), mismatch);
    // An account's chain is no server's.
    let document = SignedDiscovery { manifest: person(1).account.manifest(), ..ours.document() };
    assert_eq!(outcome(&document, "example.org", NOW), Some(IdentityError::WrongKind));
}

/// Another spelling is another name, and none of these is one.
#[test]
fn f_01_a_domain_has_one_spelling() {
    let ours = Host::of("xn--bcher-kva.example", 1);
    assert_eq!(outcome(&ours.document(), "xn--bcher-kva.example", NOW), None);
    for spelling in [
        "Example.org",
        "EXAMPLE.ORG",
        "example.org.",
        ".example.org",
        "example..org",
        "bücher.example",
        "XN--bcher-kva.example",
        "xn--BCHER-KVA.example",
        "xn--bcher-.example",
        "xn--example-.org",
        "example。org",
        "example.org:443",
        "user@example.org",
        "example.org/",
        " example.org",
        "example.org\0",
        "examp\u{200d}le.org",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "localhost.",
    ] {
        assert!(spelling.parse::<Domain>().is_err(), "{spelling}");
        // And none can stand in a document, whose signature would be of other bytes.
        let mut bytes = ours.document().discovery;
        let at = bytes.windows(21).position(|window| window == b"xn--bcher-kva.example").unwrap();
        bytes.splice(at..at + 21, spelling.bytes());
        bytes[at - 1] = u8::try_from(spelling.len()).unwrap();
        assert!(Discovery::decode(&bytes).is_err(), "{spelling}");
    }
    // A look-alike is a domain of its own, with a server of its own.
    assert_eq!(outcome(&ours.document(), "xn--bcher-kvb.example", NOW), Some(IdentityError::Mismatch));
}

/// What time makes of a document: expired, not yet valid, longer than its key, signed by a key that was replaced.
#[test]
fn f_02_documents_hold_in_their_time_only() {
    let host = Host::of("example.org", 1);
    let of = |start, length| host.says("example.org", Validity::starting(start, Span::from_days(length)));
    let (early, late) = (Some(IdentityError::NotYetValid), Some(IdentityError::Expired));
    // Clocks may be wrong by a day.
    let table = [
        (of(days(10), 5), days(8), early),
        (of(days(10), 5), days(9), None),
        (of(days(10), 5), days(15), None),
        (of(days(10), 5), days(16), None),
        (of(days(10), 5), days(16).plus(Span::from_millis(1)), late),
        (of(NOW, 30), Timestamp::from_millis(0), early),
        (of(NOW, 30), Timestamp::from_millis(u64::MAX), late),
        (of(NOW, 0), NOW, None),
        // Within the tolerance of the document but not within the validity of the key.
        (of(days(1), 30), days(2), Some(IdentityError::Mismatch)),
        (of(NOW.minus(Span::from_millis(1)), 10), NOW, Some(IdentityError::Mismatch)),
    ];
    for (row, (document, now, expected)) in table.iter().enumerate() {
        assert_eq!(outcome(document, "example.org", *now), *expected, "row {row}");
    }
    // Longer than 30 days cannot be signed, nor decoded.
    let discovery = Discovery {
        domain: "example.org".parse().unwrap(),
        server: host.server.id(),
        validity: Validity::starting(NOW, Span::from_days(31)),
    };
    assert!(discovery.sign(&host.online, host.server.manifest()).is_err());
    // The manifest beside it has another key by now.
    let later = host.later(1, None, days(1));
    let document = SignedDiscovery { manifest: later.server.manifest(), ..host.document() };
    assert_eq!(outcome(&document, "example.org", days(1)), Some(IdentityError::Mismatch));
}

/// The right host by TLS, or all of the web between, and not the server's key.
#[test]
fn f_03_tls_is_not_enough() {
    let host = Host::of("example.org", 1);
    let document = host.document();
    let thief = ed25519::SecretKey::generate(&mut crate::support::generator(5)).unwrap();
    let invalid = Some(IdentityError::Crypto(CryptoError::InvalidSignature));
    // Signed by another key in the server's name; under another label; over other bytes.
    let forged = SignedDiscovery {
        signature: thief.sign(label::classical::DISCOVERY, &document.discovery),
        ..document.clone()
    };
    assert_eq!(outcome(&forged, "example.org", NOW), invalid);
    let certificate = SignedDiscovery {
        signature: host.online.sign(label::classical::CERTIFICATE, &document.discovery),
        ..document.clone()
    };
    assert_eq!(outcome(&certificate, "example.org", NOW), invalid);
    let extended = Discovery {
        validity: Validity::starting(NOW, Span::from_days(29)),
        ..Discovery::decode(&document.discovery).unwrap()
    };
    let stretched = SignedDiscovery { discovery: extended.encode().unwrap(), ..document.clone() };
    assert_eq!(outcome(&stretched, "example.org", NOW), invalid);
    // Under its own name it is no key of the server's.
    let named = OnlineKey { key: thief.public_key(), validity: Validity::starting(NOW, LONGEST) }.id();
    let own = SignedDiscovery { online_key: named, ..forged };
    assert_eq!(outcome(&own, "example.org", NOW), Some(IdentityError::Mismatch));
    // Every bit of the document counts, but for those of the manifest, which has signatures of its own.
    let bytes = document.encode().unwrap();
    let before_manifest = bytes.len() - document.manifest.encode().unwrap().len();
    for bit in 0..before_manifest * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(fetched(&changed, "example.org", NOW).is_err(), "bit {bit}");
    }
}

/// Nothing that a user may put on a host is its document: another type, another path, other bytes.
#[test]
fn f_17_an_uploaded_file_is_no_document() {
    let fetch = Fetch::of(&"example.org".parse().unwrap(), FetchPolicy::default());
    assert!(fetch.takes(200, Some(CONTENT_TYPE), None));
    assert!(fetch.takes(200, Some(CONTENT_TYPE), Some(u64::try_from(Fetch::MAX_BYTES).unwrap())));
    for kind in [
        "application/octet-stream",
        "text/plain",
        "text/html",
        "application/json",
        "image/png",
        "",
        "*/*",
        "application/vnd.sottovoce.discovery; charset=utf-8",
        "Application/vnd.sottovoce.discovery",
        " application/vnd.sottovoce.discovery",
        "application/vnd.sottovoce.discovery,text/html",
    ] {
        assert!(!fetch.takes(200, Some(kind), None), "{kind}");
    }
    assert!(!fetch.takes(200, None, None));
    for status in [0, 100, 201, 204, 206, 301, 304, 404, 500] {
        assert!(!fetch.takes(status, Some(CONTENT_TYPE), None), "{status}");
    }
    let too_long = u64::try_from(Fetch::MAX_BYTES).unwrap() + 1;
    assert!(!fetch.takes(200, Some(CONTENT_TYPE), Some(too_long)));
    assert!(!fetch.takes(200, Some(CONTENT_TYPE), Some(u64::MAX)));
    // Nor are other objects of the server's, of the right type.
    let host = Host::of("example.org", 1);
    let document = host.document();
    for bytes in [
        host.server.manifest().encode().unwrap(),
        document.discovery.clone(),
        Vec::new(),
        b"<html>".to_vec(),
        [document.encode().unwrap(), vec![0]].concat(),
    ] {
        assert!(matches!(fetched(&bytes, "example.org", NOW), Err(IdentityError::Decode(_))));
    }
}

/// Equal names say nothing of equal content: a document is verified each time, however well what it names is known.
#[test]
fn f_18_nothing_is_verified_by_its_name() {
    let host = Host::of("example.org", 1);
    let good = host.document();
    for _ in 0..2 {
        assert_eq!(outcome(&good, "example.org", NOW), None);
        // The same chain, the same key id, the same signature; other content.
        let other = Discovery {
            validity: Validity::starting(NOW, Span::from_days(1)),
            ..Discovery::decode(&good.discovery).unwrap()
        };
        let swapped = SignedDiscovery { discovery: other.encode().unwrap(), ..good.clone() };
        assert_eq!(
            outcome(&swapped, "example.org", NOW),
            Some(IdentityError::Crypto(CryptoError::InvalidSignature))
        );
        // The same header, and so the same id and order; another body, with a key of somebody else's.
        let mut manifest = good.manifest.clone();
        manifest.body = Host::of("example.org", 2).server.manifest().body;
        let swapped = SignedDiscovery { manifest, ..good.clone() };
        assert_eq!(outcome(&swapped, "example.org", NOW), Some(IdentityError::BadBody));
        // The same header bytes under another signature.
        let mut manifest = good.manifest.clone();
        manifest.path.headers[0].signature =
            Host::of("example.org", 2).server.manifest().path.headers[0].signature.clone();
        let swapped = SignedDiscovery { manifest, ..good.clone() };
        assert_eq!(
            outcome(&swapped, "example.org", NOW),
            Some(IdentityError::Crypto(CryptoError::InvalidSignature))
        );
        // What held a moment ago does not hold for ever.
        assert_eq!(outcome(&good, "example.org", days(40)), Some(IdentityError::Expired));
    }
}

fn record_for(host: &Host) -> String {
    let id: String = format!("{:?}", host.server.id());
    format!("v=sottovoce1; id={id}")
}

/// The record in the DNS has one spelling, stands alone, and binds only a server that names the domain.
#[test]
fn f_01_the_dns_names_a_chain_and_no_more() {
    let host = Host::of("example.org", 1);
    let text = record_for(&host);
    let record: ServerRecord = text.parse().unwrap();
    assert_eq!((record.server, record.to_string()), (host.server.id(), text.clone()));
    let domain: Domain = "example.org".parse().unwrap();
    assert_eq!(dns::name(&domain), "_sottovoce.example.org");
    let binds = |asked: &str, server: &Verified<Server>| -> Result<Bound, IdentityError> {
        record.binds(&asked.parse().unwrap(), server.clone(), NOW)
    };
    let bound = binds("example.org", &host.server).unwrap();
    assert_eq!(bound.validity().not_after(), hours(24));
    assert_eq!(binds("example.net", &host.server).err(), Some(IdentityError::Mismatch));
    assert_eq!(binds("example.org", &Host::of("example.org", 2).server).err(), Some(IdentityError::Mismatch));
    let id = text.strip_prefix("v=sottovoce1; id=").unwrap();
    for bad in [
        format!("v=sottovoce1;id={id}"),
        format!("v=sottovoce1;  id={id}"),
        format!("v=sottovoce1; id={id} "),
        format!("v=sottovoce1; id={id}0"),
        format!("v=sottovoce1; id={id}00"),
        format!("v=sottovoce1; id={}", &id[1..]),
        format!("v=sottovoce1; id={}", &id[2..]),
        format!("v=sottovoce1; id={}", id.to_uppercase()),
        format!("v=sottovoce1; ID={id}"),
        format!("v=sottovoce1; id={id};"),
        format!("v=sottovoce2; id={id}"),
        format!("v=sottovoce1; id=\u{ff10}{}", &id[3..]),
        "v=sottovoce1;".to_owned(),
        String::new(),
        format!("v=sottovoce1; id={}", id.replace(|digit: char| digit.is_ascii_digit(), "g")),
    ] {
        assert_eq!(bad.parse::<ServerRecord>(), Err(BadRecord), "{bad}");
    }
    let spf = "v=spf1 -all".to_owned();
    assert_eq!(dns::among(&[]), Ok(None));
    assert_eq!(dns::among(std::slice::from_ref(&spf)), Ok(None));
    assert_eq!(dns::among(&[spf.clone(), text.clone()]), Ok(Some(record)));
    // Two of them contradict each other, even if they say the same; a misspelt one is not passed over.
    assert_eq!(dns::among(&[text.clone(), text.clone()]), Err(BadRecord));
    assert_eq!(dns::among(&[format!("{text} "), text]), Err(BadRecord));
    assert_eq!(dns::among(&["v=sottovoce1; id=".to_owned(), spf]), Err(BadRecord));
}
