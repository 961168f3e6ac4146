//! Vectors of bundles, stocks and claims.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::hybrid;
use sottovoce::identity::chain::{Order, Subject as _};
use sottovoce::identity::ids::{AccountId, DeviceId, RequestId};
use sottovoce::identity::prekeys::{
    Bundle, ClaimAnswer, ClaimRequest, OneTime, PrekeysSeen, Seen, SignedBundle, SignedStock, Stock,
};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use crate::fixtures::{NOW, account, account_of_two, device_secret};
use crate::inputs::Fixed;
use crate::make::{File, counting, flipped};

const DAY: u64 = 24 * 60 * 60 * 1000;

fn starting(at: u64) -> Validity {
    Validity::starting(Timestamp::from_millis(at), LONGEST)
}

/// Everything that one good claim is made of.
struct Claim {
    request: ClaimRequest,
    bundle: Bundle,
    stock: Stock,
    answer: ClaimAnswer,
    key: hybrid::SecretKey,
}

fn good() -> Claim {
    let (account, device) = (account(), device_secret(1));
    let mut random = Fixed::new(counting(50, 96 * 5));
    let (bundle, _) = Bundle::generate(&device, &account, 7, starting(NOW), &mut random).unwrap();
    let owner = (account.id(), device.id());
    let (stock, pairs, _) = Stock::generate(owner, 3, 2, starting(NOW), &mut random).unwrap();
    let key = hybrid::SecretKey::from_seed(&device.signing().to_seed());
    let request = ClaimRequest {
        request: RequestId::from_bytes([0x11; 16]),
        account: account.id(),
        device: device.id(),
    };
    let one_time = OneTime { stock: stock.sign(&key).unwrap(), pair: pairs[2].clone() };
    let answer = ClaimAnswer {
        request: request.request,
        bundle: bundle.sign(&key).unwrap(),
        one_time: Some(one_time),
    };
    Claim { request, bundle, stock, answer, key }
}

/// An answer, and what its signed parts contain.
pub fn samples() -> (ClaimAnswer, Bundle, Stock) {
    let Claim { answer, bundle, stock, .. } = good();
    (answer, bundle, stock)
}

fn input(claim: &Claim, answer: &ClaimAnswer, seen: &PrekeysSeen, now: u64) -> Value {
    json!({
        "account": hex(account().manifest().encode().unwrap()),
        "request": hex(claim.request.encode().unwrap()),
        "answer": hex(answer.encode().unwrap()),
        "seen": hex(seen.encode().unwrap()),
        "now": now.to_string(),
    })
}

pub fn prekeys() -> File {
    let mut file = File::new("4.12", "bundles, stocks and claims");
    let claim = good();
    let seed = hex(claim.key.to_seed().expose());
    file.good(
        "sign a bundle",
        "bundle.sign",
        json!({ "seed": seed, "bundle": hex(claim.bundle.encode().unwrap()) }),
    );
    file.good(
        "sign a stock",
        "stock.sign",
        json!({ "seed": seed, "stock": hex(claim.stock.encode().unwrap()) }),
    );
    for depth in 0..4_u32 {
        let random = hex(counting(9, 96 << depth));
        let input = json!({ "account": "01".repeat(32), "device": "02".repeat(16), "number": "5", "depth": depth, "random": random });
        file.good(&format!("stock of depth {depth}"), "stock.generate", input);
    }
    let mut random = counting(9, 192);
    random[96..128].fill(0);
    let stuck = json!({ "account": "01".repeat(32), "device": "02".repeat(16), "number": "5", "depth": 1, "random": hex(random) });
    file.bad("stuck randomness in the second pair", "stock.generate", stuck, "weak-randomness");
    accepted(&mut file, &claim);
    refused_bundles(&mut file, &claim);
    refused_stocks(&mut file, &claim);
    signed_elsewhere(&mut file, &claim);
    file
}

fn seen_of(claim: &Claim) -> PrekeysSeen {
    let one_time = claim.answer.one_time.as_ref().unwrap();
    PrekeysSeen {
        bundle: Some(Seen { number: 7, hash: Hash::of(&claim.answer.bundle.bundle) }),
        stock: Some(Seen { number: 3, hash: Hash::of(&one_time.stock.stock) }),
    }
}

fn accepted(file: &mut File, claim: &Claim) {
    let (op, nothing) = ("claim.verify", PrekeysSeen::default());
    file.good("claim", op, input(claim, &claim.answer, &nothing, NOW));
    file.good("claim of what was seen", op, input(claim, &claim.answer, &seen_of(claim), NOW));
    let lower = Some(Seen { number: 1, hash: Hash::of(b"") });
    file.good(
        "claim after lower numbers",
        op,
        input(claim, &claim.answer, &PrekeysSeen { bundle: lower, stock: lower }, NOW),
    );
    let without = ClaimAnswer { one_time: None, ..claim.answer.clone() };
    file.good("claim without a one-time pair", op, input(claim, &without, &nothing, NOW));
    file.good("claim without one, a stock was seen", op, input(claim, &without, &seen_of(claim), NOW));
    for (name, now) in
        [("a day early", NOW - DAY), ("at the end", NOW + 30 * DAY), ("in the tolerance", NOW + 31 * DAY)]
    {
        file.good(&format!("claim {name}"), op, input(claim, &claim.answer, &nothing, now));
    }
    for (name, now) in [("overdue", NOW + 31 * DAY + 1), ("overdue, last moment", NOW + 61 * DAY)] {
        file.good(&format!("claim {name}"), op, input(claim, &claim.answer, &nothing, now));
        file.good(
            &format!("claim without a one-time pair, {name}"),
            op,
            input(claim, &without, &nothing, now),
        );
    }
    let early = ClaimAnswer { one_time: Some(edited_early(claim)), ..claim.answer.clone() };
    file.good("claim with a stock that is overdue", op, input(claim, &early, &nothing, NOW + DAY));
}

fn refused_bundles(file: &mut File, claim: &Claim) {
    let nothing = PrekeysSeen::default();
    let without = ClaimAnswer { one_time: None, ..claim.answer.clone() };
    let mut refuse = |name: &str, answer: &ClaimAnswer, seen: &PrekeysSeen, now: u64, class: &str| {
        file.bad(&format!("claim refused: {name}"), "claim.verify", input(claim, answer, seen, now), class);
    };
    refuse(
        "another request",
        &ClaimAnswer { request: RequestId::from_bytes([0x12; 16]), ..without.clone() },
        &nothing,
        NOW,
        "mismatch",
    );
    refuse("more than a day early", &without, &nothing, NOW - DAY - 1, "not-yet-valid");
    refuse("overdue for too long", &without, &nothing, NOW + 61 * DAY + 1, "expired");
    refuse("a year old", &without, &nothing, NOW + 365 * DAY, "expired");
    refuse("at time 0", &without, &nothing, 0, "not-yet-valid");
    refuse("at the end of time", &without, &nothing, u64::MAX, "expired");
    let seen = |number: u64, bytes: &[u8]| PrekeysSeen {
        bundle: Some(Seen { number, hash: Hash::of(bytes) }),
        stock: None,
    };
    refuse("a higher number was seen", &without, &seen(8, b""), NOW, "rollback");
    refuse("the number was seen with other keys", &without, &seen(7, b""), NOW, "rollback");
    refuse("the highest number was seen", &without, &seen(u64::MAX, b""), NOW, "rollback");
    let answer =
        |bundle: &Bundle| ClaimAnswer { bundle: bundle.sign(&claim.key).unwrap(), ..without.clone() };
    let with = |edit: fn(&mut Bundle)| {
        let mut bundle = claim.bundle.clone();
        edit(&mut bundle);
        answer(&bundle)
    };
    refuse(
        "of another account",
        &with(|bundle| bundle.account = AccountId::from_bytes([1; 32])),
        &nothing,
        NOW,
        "mismatch",
    );
    refuse(
        "of another device",
        &with(|bundle| bundle.device = DeviceId::from_bytes([1; 16])),
        &nothing,
        NOW,
        "mismatch",
    );
    refuse(
        "of a later version",
        &with(|bundle| bundle.order = Order { term: 0, version: 1 }),
        &nothing,
        NOW,
        "other-manifest",
    );
    refuse(
        "of a later term",
        &with(|bundle| bundle.order = Order { term: 1, version: 0 }),
        &nothing,
        NOW,
        "other-manifest",
    );
    refuse(
        "of another manifest",
        &with(|bundle| bundle.manifest = Hash::of(b"")),
        &nothing,
        NOW,
        "other-manifest",
    );
    let other = hybrid::SecretKey::from_seed(&device_secret(2).signing().to_seed());
    let forged = ClaimAnswer { bundle: claim.bundle.sign(&other).unwrap(), ..without.clone() };
    refuse("signed by another device", &forged, &nothing, NOW, "invalid-signature");
    let stock = claim.stock.sign(&claim.key).unwrap();
    let swapped = SignedBundle { signature: stock.signature, ..claim.answer.bundle.clone() };
    refuse(
        "with the signature of the stock",
        &ClaimAnswer { bundle: swapped, ..without.clone() },
        &nothing,
        NOW,
        "invalid-signature",
    );
    let swapped = SignedBundle { bundle: stock.stock, ..claim.answer.bundle.clone() };
    refuse(
        "a stock in its place",
        &ClaimAnswer { bundle: swapped, ..without.clone() },
        &nothing,
        NOW,
        "bad-length",
    );
    refuse("forged before a rollback", &forged, &seen(8, b""), NOW, "invalid-signature");
    let newer = with(|bundle| bundle.order = Order { term: 0, version: 1 });
    refuse("a newer manifest before a rollback", &newer, &seen(8, b""), NOW, "other-manifest");
    refuse("a rollback before its time", &without, &seen(8, b""), 0, "rollback");
    for (name, at) in [("number", 139), ("agreement key", 170), ("KEM key", 900)] {
        let mut changed = claim.answer.bundle.clone();
        changed.bundle[at] ^= 1;
        refuse(
            &format!("a bit of the {name} changed"),
            &ClaimAnswer { bundle: changed, ..without.clone() },
            &nothing,
            NOW,
            "invalid-signature",
        );
    }
}

fn refused_stocks(file: &mut File, claim: &Claim) {
    let nothing = PrekeysSeen::default();
    let mut refuse = |name: &str, one_time: OneTime, seen: &PrekeysSeen, now: u64, class: &str| {
        let answer = ClaimAnswer { one_time: Some(one_time), ..claim.answer.clone() };
        file.bad(&format!("stock refused: {name}"), "claim.verify", input(claim, &answer, seen, now), class);
    };
    let good = claim.answer.one_time.clone().unwrap();
    let seen = |number: u64| PrekeysSeen { bundle: None, stock: Some(Seen { number, hash: Hash::of(b"") }) };
    refuse("a higher number was seen", good.clone(), &seen(4), NOW, "rollback");
    refuse("the number was seen with another root", good.clone(), &seen(3), NOW, "rollback");
    refuse("overdue for too long", edited_early(claim), &nothing, NOW + 2 * DAY, "expired");
    let with = |edit: fn(&mut OneTime)| {
        let mut one_time = good.clone();
        edit(&mut one_time);
        one_time
    };
    refuse("another index", with(|one| one.pair.index = 3), &nothing, NOW, "not-in-stock");
    refuse("index beyond the stock", with(|one| one.pair.index = 4), &nothing, NOW, "not-in-stock");
    refuse("index that wraps", with(|one| one.pair.index = 2 | 1 << 31), &nothing, NOW, "not-in-stock");
    refuse("highest index", with(|one| one.pair.index = u32::MAX), &nothing, NOW, "not-in-stock");
    refuse("proof too short", with(|one| one.pair.proof.truncate(1)), &nothing, NOW, "not-in-stock");
    refuse("no proof", with(|one| one.pair.proof.clear()), &nothing, NOW, "not-in-stock");
    refuse("proof too long", with(|one| one.pair.proof.push(Hash::of(b""))), &nothing, NOW, "not-in-stock");
    refuse("proof reversed", with(|one| one.pair.proof.reverse()), &nothing, NOW, "not-in-stock");
    refuse("proof changed", with(|one| one.pair.proof[1] = Hash::of(b"")), &nothing, NOW, "not-in-stock");
    let edited = |edit: fn(&mut Stock)| {
        let mut stock = claim.stock.clone();
        edit(&mut stock);
        OneTime { stock: stock.sign(&claim.key).unwrap(), ..good.clone() }
    };
    refuse("deeper than its proofs", edited(|stock| stock.depth = 3), &nothing, NOW, "not-in-stock");
    refuse("another root", edited(|stock| stock.root = Hash::of(b"")), &nothing, NOW, "not-in-stock");
    refuse("another number", edited(|stock| stock.number = 4), &nothing, NOW, "not-in-stock");
    refuse(
        "of another account",
        edited(|stock| stock.account = AccountId::from_bytes([1; 32])),
        &nothing,
        NOW,
        "mismatch",
    );
    refuse(
        "of another device",
        edited(|stock| stock.device = DeviceId::from_bytes([1; 16])),
        &nothing,
        NOW,
        "mismatch",
    );
    refuse(
        "not begun",
        edited(|stock| stock.validity = starting(NOW + 2 * DAY)),
        &nothing,
        NOW,
        "not-yet-valid",
    );
    let bundle = claim.answer.bundle.clone();
    let swapped = SignedStock { signature: bundle.signature, ..good.stock.clone() };
    refuse(
        "with the signature of the bundle",
        OneTime { stock: swapped, ..good.clone() },
        &nothing,
        NOW,
        "invalid-signature",
    );
    let mut changed = good.stock.clone();
    let end = changed.stock.len() - 1;
    changed.stock[end] ^= 1;
    refuse(
        "a bit of the root changed",
        OneTime { stock: changed, ..good.clone() },
        &nothing,
        NOW,
        "invalid-signature",
    );
}

/// A pair of the stock with a validity that ended 30 days before.
fn edited_early(claim: &Claim) -> OneTime {
    let stock = Stock { validity: starting(NOW - 60 * DAY), ..claim.stock.clone() };
    OneTime { stock: stock.sign(&claim.key).unwrap(), ..claim.answer.one_time.clone().unwrap() }
}

/// A claim for one device, answered with another's of the same account; and against another account.
fn signed_elsewhere(file: &mut File, claim: &Claim) {
    let (two, second) = (account_of_two(), device_secret(2));
    let nothing = PrekeysSeen::default();
    let mut random = Fixed::new(counting(90, 96));
    let (bundle, _) = Bundle::generate(&second, &two, 1, starting(NOW), &mut random).unwrap();
    let answer = ClaimAnswer {
        bundle: bundle.sign(second.signing()).unwrap(),
        one_time: None,
        ..claim.answer.clone()
    };
    let mut given = input(claim, &answer, &nothing, NOW);
    given["account"] = hex(two.manifest().encode().unwrap()).into();
    file.bad("claim refused: the bundle of another device", "claim.verify", given.clone(), "mismatch");
    let request = ClaimRequest { device: second.id(), ..claim.request };
    given["request"] = hex(request.encode().unwrap()).into();
    file.good("claim of the second device", "claim.verify", given.clone());
    given["account"] = hex(account().manifest().encode().unwrap()).into();
    file.bad("claim refused: a device that is not listed yet", "claim.verify", given, "mismatch");
    let mut old = input(claim, &claim.answer, &nothing, NOW);
    old["account"] = hex(two.manifest().encode().unwrap()).into();
    file.good("claim with a bundle made under an earlier manifest", "claim.verify", old.clone());
    let bytes = old["answer"].as_str().unwrap();
    old["answer"] = flipped(bytes, -1).into();
    file.bad("claim refused: last byte of the proof changed", "claim.verify", old, "not-in-stock");
}
