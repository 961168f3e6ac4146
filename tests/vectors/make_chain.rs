//! Vectors of headers, authority paths and manifests.

use hex::encode as hex;
use serde_json::json;
use sottovoce::crypto::absorb::Absorb as _;
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::{ed25519, hybrid, label};
use sottovoce::identity::chain::{Header, Kind, Link, Manifest, Order, SignedHeader, Subject as _};
use sottovoce::identity::ids::AccountId;
use sottovoce::identity::server::ServerBody;
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::fixtures::{
    ELSEWHERE, NOW, account, after, authorities, genesis, hybrid_key, manifest, pair, server, server_body,
    sign, verify,
};
use crate::make::{File, counting, flipped};
use crate::make_account;

pub fn chain() -> File {
    let mut file = File::new("4.4", "headers, authority paths and manifests");
    let header = genesis(&[11]);
    let input = json!({ "seed": hex(counting(10, 64)), "header": hex(header.encode().unwrap()) });
    file.good("sign a genesis", "header.sign", input);
    headers(&mut file, &header);
    good_paths(&mut file);
    bad_genesis(&mut file);
    bad_successors(&mut file);
    bad_recoveries(&mut file);
    make_account::accounts(&mut file);
    file
}

/// §4.3: rules for one header.
fn headers(file: &mut File, genesis: &Header) {
    let mut refuse = |name: &str, bytes: Vec<u8>| {
        let input = json!({ "seed": hex(counting(10, 64)), "header": hex(bytes) });
        file.bad(&format!("header: {name}"), "header.sign", input, "bad-value");
    };
    let with = |order: Order, refresh: u64| {
        let refresh_after = Timestamp::from_millis(refresh);
        Header { order, refresh_after, ..genesis.clone() }.encode().unwrap()
    };
    refuse("genesis of term 1", with(Order { term: 1, version: 0 }, NOW + 1));
    refuse("genesis of version 1", with(Order { term: 0, version: 1 }, NOW + 1));
    refuse("refresh before issue", with(Order { term: 0, version: 0 }, NOW - 1));
    // Lists of authorities that the type cannot hold, spliced into the encoding.
    let (a, b) = (pair(&hybrid_key(11)), pair(&hybrid_key(12)));
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let encoded = genesis.encode().unwrap();
    let at = encoded.windows(2).position(|two| two == [0x3a, 32]).unwrap();
    let splice = |recovery: &[Hash], device: &[Hash]| {
        let field = |tag: u8, pair: &Hash| [&[tag, 32], pair.as_bytes().as_slice()].concat();
        let recovery = recovery.iter().flat_map(|pair| field(0x3a, pair));
        let device = device.iter().flat_map(|pair| field(0x42, pair));
        [encoded[..at].to_vec(), recovery.collect(), device.collect(), encoded[at + 68..].to_vec()].concat()
    };
    assert_eq!(splice(&[pair(&hybrid_key(10))], &[pair(&hybrid_key(11))]), encoded);
    refuse("no recovery authority", splice(&[], &[low]));
    refuse("recovery authorities descending", splice(&[high, low], &[]));
    refuse("recovery authority twice", splice(&[low, low], &[]));
    refuse("device authorities descending", splice(&[pair(&hybrid_key(10))], &[high, low]));
    refuse("device authority twice", splice(&[pair(&hybrid_key(10))], &[low, low]));
    refuse("one authority in both ranks", splice(&[low], &[low, high]));
}

fn good_paths(file: &mut File) {
    let op = "manifest.verify";
    let root = sign(&genesis(&[11]), 10);
    file.good("genesis", op, server(&[&root]));
    let plain = sign(&after(&root, &root, 0, 1, None), 11);
    file.good("a change of the body", op, server(&[&root, &plain]));
    let far = sign(&after(&root, &root, 0, 9, ELSEWHERE), 11);
    file.good("the ninth change of the body", op, server(&[&root, &far]));
    let change =
        sign(&Header { authorities: authorities(&[10], &[11, 12]), ..after(&root, &root, 0, 1, None) }, 11);
    file.good("another operator", op, server(&[&root, &change]));
    let by_the_new = sign(&after(&root, &change, 0, 4, ELSEWHERE), 12);
    file.good("signed by the other operator", op, server(&[&root, &change, &by_the_new]));
    let last = sign(&after(&root, &root, 0, u64::MAX, ELSEWHERE), 11);
    file.good("the highest version", op, server(&[&root, &last]));
    let recovery =
        sign(&Header { authorities: authorities(&[10], &[13]), ..after(&root, &root, 1, 0, ELSEWHERE) }, 10);
    file.good("a recovery", op, server(&[&root, &recovery]));
    let after_it = sign(&after(&root, &recovery, 1, 1, None), 13);
    file.good("a change after a recovery", op, server(&[&root, &recovery, &after_it]));
    let late = sign(&after(&root, &root, 5, 0, ELSEWHERE), 10);
    file.good("the fifth recovery", op, server(&[&root, &late]));
    let rotation =
        sign(&Header { authorities: authorities(&[14, 15], &[11]), ..after(&root, &root, 1, 0, None) }, 10);
    file.good("a rotation", op, server(&[&root, &rotation]));
    let next = sign(&after(&root, &rotation, 2, 0, ELSEWHERE), 15);
    file.good("a recovery after a rotation", op, server(&[&root, &rotation, &next]));
    let back =
        sign(&Header { authorities: authorities(&[10], &[11]), ..after(&root, &rotation, 2, 0, None) }, 14);
    file.good("a rotation back", op, server(&[&root, &rotation, &back]));
    let last = sign(&after(&root, &root, u32::MAX, 0, ELSEWHERE), 10);
    file.good("the highest term", op, server(&[&root, &last]));
}

fn bad_genesis(file: &mut File) {
    let op = "manifest.verify";
    let root = sign(&genesis(&[11]), 10);
    file.bad("empty path", op, server(&[]), "bad-path");
    file.bad("genesis signed by an operator", op, server(&[&sign(&genesis(&[11]), 11)]), "unauthorised");
    file.bad("genesis signed by a stranger", op, server(&[&sign(&genesis(&[11]), 19)]), "unauthorised");
    file.bad("a server as an account", op, verify(1, &manifest(&[&root])), "wrong-kind");
    file.bad("an account as a server", op, verify(2, &account().manifest()), "wrong-kind");
    let orphan = sign(&after(&root, &root, 0, 1, None), 11);
    file.bad("starts with a successor", op, server(&[&orphan]), "bad-path");
    file.bad("a second genesis", op, server(&[&root, &root]), "bad-path");
    let mut other = manifest(&[&root]);
    other.body = ServerBody { domain: "example.net".parse().unwrap(), ..server_body() }.encode().unwrap();
    file.bad("another body", op, verify(2, &other), "bad-body");
    other.body = Vec::new();
    file.bad("no body", op, verify(2, &other), "bad-body");
    let mut other = manifest(&[&root]);
    other.possessions = vec![ed25519::Signature::from_bytes(&[0; 64]).unwrap()];
    file.bad("a server with a possession", op, verify(2, &other), "no-possession");
    let body = AccountId::from_bytes([1; 32]).as_bytes().to_vec();
    let hash = Hasher::new(label::hash::BODY).last(&body);
    let strange = sign(&Header { body_hash: hash, ..genesis(&[11]) }, 10);
    let input = verify(2, &Manifest { body, ..manifest(&[&strange]) });
    file.bad("a body that is no message", op, input, "unknown-field");
    for (name, at) in [("Ed25519 half", 20), ("ML-DSA half", 1000)] {
        let mut forged = root.clone();
        let bytes = hex::decode(flipped(&hex(forged.signature.encode().unwrap()), at)).unwrap();
        forged.signature = hybrid::Signature::decode(&bytes).unwrap();
        file.bad(&format!("genesis, {name} forged"), op, server(&[&forged]), "invalid-signature");
    }
    let forged = SignedHeader { header: genesis(&[11, 12]).encode().unwrap(), ..root };
    file.bad("genesis with a signature over another", op, server(&[&forged]), "invalid-signature");
}

fn bad_successors(file: &mut File) {
    let op = "manifest.verify";
    let root = sign(&genesis(&[11]), 10);
    let good = after(&root, &root, 0, 1, None);
    let link = good.link.unwrap();
    let mut refuse = |name: &str, header: &Header, signer: u8, class: &str| {
        file.bad(name, op, server(&[&root, &sign(header, signer)]), class);
    };
    refuse("signed by a stranger", &good, 19, "unauthorised");
    refuse(
        "signed by the operator that it adds",
        &Header { authorities: authorities(&[10], &[11, 12]), ..good.clone() },
        12,
        "unauthorised",
    );
    refuse(
        "an operator adds a recovery key",
        &Header { authorities: authorities(&[10, 14], &[11]), ..good.clone() },
        11,
        "unauthorised",
    );
    refuse(
        "an operator replaces the recovery key",
        &Header { authorities: authorities(&[14], &[11]), ..good.clone() },
        11,
        "unauthorised",
    );
    refuse("an operator opens a term", &after(&root, &root, 1, 0, None), 11, "bad-path");
    refuse("an operator raises the term", &after(&root, &root, 1, 1, None), 11, "bad-path");
    refuse("version 0 again", &after(&root, &root, 0, 0, None), 11, "bad-path");
    let chain = Link { chain: Hash::from_bytes([5; 32]), ..link };
    refuse("another chain", &Header { link: Some(chain), ..good.clone() }, 11, "bad-path");
    let previous_change = Link { previous_change: Hash::from_bytes([5; 32]), ..link };
    refuse(
        "another previous change",
        &Header { link: Some(previous_change), ..good.clone() },
        11,
        "bad-path",
    );
    refuse("version 1 on an unknown previous", &after(&root, &root, 0, 1, ELSEWHERE), 11, "bad-path");
    refuse("version 2 on version 0", &after(&root, &root, 0, 2, None), 11, "bad-path");
    refuse("of another kind", &Header { kind: Kind::Account, ..good.clone() }, 11, "wrong-kind");
    let change = sign(&Header { authorities: authorities(&[10], &[12]), ..good.clone() }, 11);
    let plain = sign(&good, 11);
    let mut refuse =
        |name: &str, path: &[&SignedHeader], class: &str| file.bad(name, op, server(path), class);
    let removed = sign(&after(&root, &change, 0, 2, None), 11);
    refuse("signed by an operator that was removed", &[&root, &change, &removed], "unauthorised");
    let on_plain = sign(&after(&root, &plain, 0, 2, None), 11);
    refuse("a header in between that changes nothing", &[&root, &plain, &on_plain], "bad-path");
    let lower = sign(&after(&root, &change, 0, 1, ELSEWHERE), 12);
    refuse("the same version again", &[&root, &change, &lower], "bad-path");
    refuse("the same header twice", &[&root, &change, &change], "bad-path");
    refuse("a change left out", &[&root, &sign(&after(&root, &change, 0, 2, None), 12)], "bad-path");
    let forged = SignedHeader { signature: root.signature.clone(), ..plain.clone() };
    refuse("the signature of another header", &[&root, &forged], "invalid-signature");
    let first_forged = SignedHeader { signature: change.signature.clone(), ..root.clone() };
    refuse("a forged genesis under a good successor", &[&first_forged, &change], "invalid-signature");
    let both = SignedHeader { signature: root.signature.clone(), ..removed.clone() };
    refuse("a removed operator before a forged signature", &[&root, &change, &both], "unauthorised");
    let both = SignedHeader { signature: root.signature.clone(), ..on_plain.clone() };
    refuse("a superfluous header before a forged signature", &[&root, &plain, &both], "bad-path");
    let headers = vec![&root; 64];
    refuse("sixty-four headers", &headers, "bad-path");
}

fn bad_recoveries(file: &mut File) {
    let op = "manifest.verify";
    let root = sign(&genesis(&[11]), 10);
    let mut refuse =
        |name: &str, path: &[&SignedHeader], class: &str| file.bad(name, op, server(path), class);
    let within = sign(&after(&root, &root, 0, 1, None), 10);
    refuse("a recovery key within the term", &[&root, &within], "bad-path");
    let late = sign(&after(&root, &root, 1, 1, None), 10);
    refuse("a recovery that is no head", &[&root, &late], "bad-path");
    let change =
        sign(&Header { authorities: authorities(&[10], &[12]), ..after(&root, &root, 0, 1, None) }, 11);
    let on_change = sign(&after(&root, &change, 1, 0, None), 10);
    refuse("a recovery on a change", &[&root, &change, &on_change], "bad-path");
    let first = sign(&after(&root, &root, 1, 0, None), 10);
    let second = sign(&after(&root, &first, 2, 0, None), 10);
    refuse("a recovery on one that is no rotation", &[&root, &first, &second], "bad-path");
    let rotation =
        sign(&Header { authorities: authorities(&[14], &[11]), ..after(&root, &root, 3, 0, None) }, 10);
    let lower = sign(&after(&root, &rotation, 3, 0, None), 14);
    refuse("a recovery of the same term", &[&root, &rotation, &lower], "bad-path");
    let lower = sign(&after(&root, &rotation, 2, 0, None), 14);
    refuse("a recovery of a lower term", &[&root, &rotation, &lower], "bad-path");
    let old = sign(&after(&root, &rotation, 4, 0, None), 10);
    refuse("a recovery by the key that was replaced", &[&root, &rotation, &old], "unauthorised");
    let top = sign(
        &Header { authorities: authorities(&[14], &[11]), ..after(&root, &root, u32::MAX, 0, None) },
        10,
    );
    let beyond = sign(&after(&root, &top, 0, 0, None), 14);
    refuse("a recovery beyond the highest term", &[&root, &top, &beyond], "bad-path");
}
