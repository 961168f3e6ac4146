//! Vectors of following a chain, and of evidence.

use hex::encode as hex;
use serde_json::json;
use sottovoce::identity::chain::{AuthorityPath, ForkEvidence, Header, Kind, Manifest, SignedHeader};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::fixtures::{ELSEWHERE, NOW, after, authorities, genesis, manifest, sign};
use crate::make::File;

pub fn follow() -> File {
    let mut file = File::new("4.5", "following a chain, and evidence of forks");
    let root = sign(&genesis(&[11, 12]), 10);
    let timed = |header: Header, issued: u64| Header {
        issued_at: Timestamp::from_millis(issued),
        refresh_after: Timestamp::from_millis(NOW + 5000),
        ..header
    };
    let plain = |version: u64, issued: u64, signer: u8| {
        let previous = if version == 1 { None } else { ELSEWHERE };
        sign(&timed(after(&root, &root, 0, version, previous), issued), signer)
    };
    let (a1, b1, c1) = (plain(1, NOW, 11), plain(1, NOW + 1, 12), plain(1, NOW + 2, 11));
    let (a2, a3) = (plain(2, NOW, 11), plain(3, NOW, 12));
    let change =
        sign(&Header { authorities: authorities(&[10], &[11]), ..after(&root, &root, 0, 2, ELSEWHERE) }, 11);
    let after_change = sign(&after(&root, &change, 0, 4, ELSEWHERE), 11);
    let recovery =
        sign(&Header { authorities: authorities(&[10], &[13]), ..after(&root, &root, 1, 0, ELSEWHERE) }, 10);
    let rival =
        sign(&Header { authorities: authorities(&[10], &[16]), ..after(&root, &root, 1, 0, ELSEWHERE) }, 10);
    let second = sign(&after(&root, &root, 2, 0, ELSEWHERE), 10);
    let stranger = sign(&genesis(&[16]), 10);
    let paths: Vec<(&str, Vec<&SignedHeader>)> = vec![
        ("genesis", vec![&root]),
        ("1", vec![&root, &a1]),
        ("1'", vec![&root, &b1]),
        ("1''", vec![&root, &c1]),
        ("2", vec![&root, &a2]),
        ("3", vec![&root, &a3]),
        ("change 2", vec![&root, &change]),
        ("4 after change", vec![&root, &change, &after_change]),
        ("recovery", vec![&root, &recovery]),
        ("rival recovery", vec![&root, &rival]),
        ("second recovery", vec![&root, &second]),
        ("stranger", vec![&stranger]),
    ];
    let encoded = |name: &str| {
        let (_, path) = paths.iter().find(|(known, _)| *known == name).unwrap();
        hex(manifest(path).encode().unwrap())
    };
    for order in [
        vec!["genesis", "1", "2", "1", "genesis"],
        vec!["2", "genesis", "1", "2"],
        vec!["1", "1'", "1", "1'"],
        vec!["1'", "1", "1''"],
        vec!["1", "1'", "2", "1'"],
        vec!["1", "2", "1'"],
        vec!["1", "1'", "change 2"],
        vec!["change 2", "1", "1'"],
        vec!["change 2", "2", "4 after change"],
        vec!["2", "change 2"],
        vec!["3", "change 2", "3", "4 after change"],
        vec!["4 after change", "3"],
        vec!["4 after change", "change 2", "1"],
        vec!["3", "change 2", "recovery", "3", "change 2"],
        vec!["recovery", "4 after change", "3"],
        vec!["recovery", "rival recovery", "recovery", "second recovery"],
        vec!["second recovery", "rival recovery", "recovery"],
        vec!["1", "stranger", "genesis"],
    ] {
        let manifests: Vec<_> = order.iter().map(|name| encoded(name)).collect();
        file.good(&order.join(", "), "manifest.follow", json!({ "kind": 2, "manifests": manifests }));
    }
    let bad = hex(Manifest { body: Vec::new(), ..manifest(&[&root]) }.encode().unwrap());
    let input = json!({ "kind": 2, "manifests": [bad, encoded("1"), bad, "00"] });
    file.good("what does not verify changes nothing", "manifest.follow", input);
    file.good("nothing", "manifest.follow", json!({ "kind": 2, "manifests": [] }));

    let path = |name: &str| {
        let (_, path) = paths.iter().find(|(known, _)| *known == name).unwrap();
        AuthorityPath { headers: path.iter().map(|header| (*header).clone()).collect() }
    };
    let evidence = |first: &str, second: &str| {
        let evidence = ForkEvidence { kind: Kind::Server, first: path(first), second: path(second) };
        json!({ "evidence": hex(evidence.encode().unwrap()) })
    };
    for (first, second) in [
        ("1", "1'"),
        ("change 2", "2"),
        ("3", "change 2"),
        ("4 after change", "3"),
        ("recovery", "rival recovery"),
    ] {
        file.good(&format!("fork: {first}, {second}"), "fork.verify", evidence(first, second));
    }
    for (first, second, class) in [
        ("1", "1", "no-fork"),
        ("1", "2", "no-fork"),
        ("change 2", "4 after change", "no-fork"),
        ("1", "4 after change", "no-fork"),
        ("1", "recovery", "no-fork"),
        ("genesis", "stranger", "other-chain"),
    ] {
        file.bad(&format!("no fork: {first}, {second}"), "fork.verify", evidence(first, second), class);
    }
    let empty = |first: AuthorityPath, second: AuthorityPath, kind: Kind| json!({ "evidence": hex(ForkEvidence { kind, first, second }.encode().unwrap()) });
    let nothing = || AuthorityPath { headers: Vec::new() };
    file.bad("no fork: an empty path", "fork.verify", empty(path("1"), nothing(), Kind::Server), "bad-path");
    file.bad(
        "no fork: of another kind",
        "fork.verify",
        empty(path("1"), path("1'"), Kind::Account),
        "wrong-kind",
    );
    let mut forged = path("1'");
    forged.headers[1].signature = forged.headers[0].signature.clone();
    file.bad("no fork: forged", "fork.verify", empty(path("1"), forged, Kind::Server), "invalid-signature");
    file
}
