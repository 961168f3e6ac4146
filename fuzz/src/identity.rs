//! Targets of layer 3. Fixtures are signed once; inputs change them, or choose among them.

use std::sync::OnceLock;

use sottovoce::crypto::secret::Secret;
use sottovoce::identity::account::{Account, AccountBody};
use sottovoce::identity::address::Domain;
use sottovoce::identity::certificate::{AddressCertificate, SignedCertificate};
use sottovoce::identity::chain::{
    Author, AuthorityPath, Followed, ForkEvidence, Header, Kind, Link, Manifest, Mention, News, SignedHeader,
    Subject,
};
use sottovoce::identity::device::{Capabilities, Device, DeviceSecret, Newcomer};
use sottovoce::identity::draft::Draft;
use sottovoce::identity::ids::Fingerprint;
use sottovoce::identity::link::{Inviting, Joined, Joining, LinkInvitation, LinkRequest, LinkReveal};
use sottovoce::identity::prekeys::{
    Bundle, ClaimAnswer, ClaimRequest, Grant, OneTime, OneTimePair, OneTimeSecret, PrekeySecret, PrekeysSeen,
    Seen, SignedBundle, SignedStock, Stock,
};
use sottovoce::identity::qr::{QrPayload, VerificationCode};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::sas::{Comparison, Initiator, Responder, SasAnswer, SasReveal, SasStart, WrongCode};
use sottovoce::identity::server::{Endpoint, OnlineKey, Server, ServerBody};
use sottovoce::identity::trust::{Compared, ContactTrust, TrustState};
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::identity::{IdentityError, Verified};
use sottovoce::time::{Span, Timestamp};
use sottovoce::wire::Wire;

use super::{Pieces, rng, wire};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

pub(super) fn wire_chain(data: &[u8]) {
    wire::<Link>(data);
    wire::<Header>(data);
    wire::<SignedHeader>(data);
    wire::<AuthorityPath>(data);
    wire::<Manifest>(data);
    wire::<ForkEvidence>(data);
}

pub(super) fn wire_bodies(data: &[u8]) {
    wire::<Device>(data);
    wire::<AccountBody>(data);
    wire::<Validity>(data);
    wire::<Endpoint>(data);
    wire::<OnlineKey>(data);
    wire::<ServerBody>(data);
    wire::<AddressCertificate>(data);
    wire::<SignedCertificate>(data);
}

pub(super) fn wire_prekeys(data: &[u8]) {
    wire::<Bundle>(data);
    wire::<SignedBundle>(data);
    wire::<Stock>(data);
    wire::<SignedStock>(data);
    wire::<OneTimePair>(data);
    wire::<OneTime>(data);
    wire::<ClaimRequest>(data);
    wire::<ClaimAnswer>(data);
}

pub(super) fn wire_people(data: &[u8]) {
    wire::<VerificationCode>(data);
    wire::<LinkInvitation>(data);
    wire::<QrPayload>(data);
    wire::<SasStart>(data);
    wire::<SasAnswer>(data);
    wire::<SasReveal>(data);
    wire::<LinkRequest>(data);
    wire::<LinkReveal>(data);
}

pub(super) fn wire_kept(data: &[u8]) {
    wire::<Grant>(data);
    wire::<Seen>(data);
    wire::<PrekeysSeen>(data);
    wire::<ContactTrust>(data);
    wire::<DeviceSecret>(data);
    wire::<PrekeySecret>(data);
    wire::<OneTimeSecret>(data);
    wire::<Initiator>(data);
    wire::<Responder>(data);
    wire::<Comparison<Compared>>(data);
    wire::<Inviting>(data);
    wire::<Joining>(data);
    wire::<Comparison<Newcomer>>(data);
    wire::<Comparison<Joined>>(data);
}

fn recovery() -> &'static RecoveryKey {
    static KEY: OnceLock<RecoveryKey> = OnceLock::new();
    KEY.get_or_init(|| RecoveryKey::from_entropy(Secret::new([7; 32])))
}

fn device(seed: u8) -> DeviceSecret {
    DeviceSecret::generate(&mut rng(seed)).expect("generates")
}

fn by(key: &sottovoce::crypto::hybrid::SecretKey, minutes: u64) -> Author<'_> {
    let issued_at = NOW.plus(Span::from_secs(60 * minutes));
    Author { key, issued_at, refresh_after: issued_at.plus(Span::from_days(7)) }
}

/// Manifests of one account: its history, a thief's branches, recoveries, and another account.
fn history() -> &'static [Verified<Account>] {
    static HISTORY: OnceLock<Vec<Verified<Account>>> = OnceLock::new();
    HISTORY.get_or_init(|| {
        let (owner, thief, key) = (device(20), device(21), recovery().signing());
        let founded = Verified::<Account>::found(&by(key, 0), &owner).expect("founds");
        let sign = |before: &Verified<Account>, edit: &dyn Fn(&mut Draft<'_>), author: Author<'_>| {
            let mut draft = Draft::after(before);
            edit(&mut draft);
            draft.sign(&author).expect("signs")
        };
        let adds = |draft: &mut Draft<'_>| {
            let newcomer = thief.possess(founded.id());
            draft.add(newcomer, Capabilities::MANAGE).expect("of this account");
        };
        let with_thief = sign(&founded, &adds, by(owner.signing(), 1));
        let thrown_out =
            sign(&with_thief, &|draft| assert!(draft.remove(thief.id())), by(owner.signing(), 2));
        let took_over = sign(&with_thief, &|draft| assert!(draft.remove(owner.id())), by(thief.signing(), 3));
        let again = sign(&took_over, &|_| {}, by(thief.signing(), 4));
        let twin = sign(&with_thief, &|_| {}, by(thief.signing(), 5));
        let other_twin = sign(&with_thief, &|_| {}, by(owner.signing(), 6));
        let above = sign(&twin, &|_| {}, by(owner.signing(), 7));
        let recovered = sign(&again, &|draft| assert!(draft.remove(thief.id())), by(key, 8));
        let rival = sign(&thrown_out, &|_| {}, by(key, 9));
        let last = sign(&recovered, &|_| {}, by(key, 10));
        let stranger = Verified::<Account>::found(&by(key, 11), &thief).expect("founds");
        vec![
            founded, with_thief, thrown_out, took_over, again, twin, other_twin, above, recovered, rival,
            last, stranger,
        ]
    })
}

/// A good manifest with some bytes changed verifies only if none was.
pub(super) fn manifest_verify(data: &[u8]) {
    if let Ok(manifest) = Manifest::decode(data) {
        let _ = manifest.clone().verify::<Account>();
        let _ = manifest.verify::<Server>();
    }
    let mut pieces = Pieces(data);
    let [which, low, high, mask]: [u8; 4] = pieces.take();
    let good = &history()[usize::from(which) % history().len()];
    let mut bytes = good.manifest().encode().expect("encodes");
    let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
    bytes[at] ^= mask;
    let verified =
        Manifest::decode(&bytes).map_err(IdentityError::from).and_then(Manifest::verify::<Account>);
    assert_eq!(verified.is_ok(), mask == 0);
    if let Ok(account) = verified {
        assert_eq!(account, *good);
    }
}

/// What a follower makes of some manifests depends on which arrived, not on their order or number.
pub(super) fn chain_follow(data: &[u8]) {
    let history = history();
    let chosen: Vec<_> =
        data.iter().take(10).map(|byte| &history[usize::from(*byte) % history.len()]).collect();
    let Some((first, rest)) = chosen.split_first() else { return };
    let follow = |first: &Verified<Account>, rest: &[&Verified<Account>]| {
        let mut followed = Followed::new(first.clone());
        for manifest in rest {
            let was_forked = followed.sides().is_some();
            let news = followed.learn((*manifest).clone());
            assert!(
                !was_forked || news == Ok(News::Newer) || followed.current().is_err(),
                "only a newer one ends a fork"
            );
        }
        followed
    };
    let followed = follow(first, rest);
    if let Some(evidence) = followed.evidence() {
        evidence.verify().expect("a fork can be shown to anyone");
    }
    let mut sorted: Vec<_> = chosen.iter().copied().filter(|manifest| manifest.id() == first.id()).collect();
    for turn in 0..sorted.len().min(2) {
        sorted.rotate_left(1);
        sorted.swap(0, turn);
        let again = follow(sorted[0], &sorted[1..]);
        assert_eq!(
            again.current().map(|held| held.hash()),
            followed.current().map(|held| held.hash()),
            "order of arrival"
        );
    }
    if let Ok(held) = followed.current() {
        assert_eq!(followed.mentioned(held.order(), held.hash().truncated()), Mention::Same);
    }
}

pub(super) fn fork_verify(data: &[u8]) {
    if let Ok(evidence) = ForkEvidence::decode(data) {
        let _ = evidence.verify();
    }
    let mut pieces = Pieces(data);
    let [first, second]: [u8; 2] = pieces.take();
    let pick = |index: u8| &history()[usize::from(index) % history().len()];
    let (first, second) = (pick(first), pick(second));
    let path = |account: &Verified<Account>| account.chain().path();
    let evidence = ForkEvidence { kind: Kind::Account, first: path(first), second: path(second) };
    let mut followed = Followed::new(first.clone());
    let forked = followed.learn(second.clone()) == Ok(News::Forked);
    assert_eq!(evidence.verify().is_ok(), forked);
}

fn server() -> &'static (Verified<Server>, SignedCertificate) {
    static SERVER: OnceLock<(Verified<Server>, SignedCertificate)> = OnceLock::new();
    SERVER.get_or_init(|| {
        let key = sottovoce::crypto::ed25519::SecretKey::from_seed(&Secret::new([3; 32]));
        let validity = Validity::starting(NOW, LONGEST);
        let body = ServerBody {
            domain: "example.org".parse().expect("a domain"),
            endpoints: vec![Endpoint {
                host: "example.org".parse().expect("a domain"),
                port: 443.try_into().expect("a port"),
            }],
            online_keys: vec![OnlineKey { key: key.public_key(), validity }],
        };
        let authorities = sottovoce::identity::chain::Authorities::new(vec![recovery().pair()], Vec::new());
        let author = by(recovery().signing(), 0);
        let server = Verified::<Server>::found(&author, authorities.expect("one"), &body).expect("founds");
        let certificate = AddressCertificate {
            address: "alice@example.org".parse().expect("an address"),
            account: history()[0].id(),
            server: server.id(),
            validity,
        };
        let signed = certificate.sign(&key).expect("signs");
        (server, signed)
    })
}

fn pin(server: &Verified<Server>) -> ContactTrust {
    ContactTrust::first_use(server.fingerprint())
}

/// A good certificate with a byte changed is refused; a good one holds in its time only.
pub(super) fn certificate_verify(data: &[u8]) {
    let (server, good) = server();
    if let Ok(certificate) = SignedCertificate::decode(data) {
        let _ = certificate.verify(server, &pin(server), NOW);
    }
    let mut pieces = Pieces(data);
    let [at, mask] = pieces.take::<2>();
    let now = Timestamp::from_millis(u64::from_be_bytes(pieces.take()));
    let mut bytes = good.encode().expect("encodes");
    let at = usize::from(at) % bytes.len();
    bytes[at] ^= mask;
    let verify = |now| {
        SignedCertificate::decode(&bytes).map_err(IdentityError::from)?.verify(server, &pin(server), now)
    };
    assert_eq!(verify(NOW).is_ok(), mask == 0);
    let day = Span::from_days(1);
    let in_time = now >= NOW.minus(day) && now <= NOW.plus(LONGEST).plus(day);
    assert_eq!(verify(now).is_ok(), mask == 0 && in_time);
}

/// A good answer to a claim with a byte changed is refused.
pub(super) fn claim_verify(data: &[u8]) {
    static CLAIM: OnceLock<(ClaimRequest, ClaimAnswer)> = OnceLock::new();
    let account = &history()[0];
    let (request, answer) = CLAIM.get_or_init(|| {
        let (device, mut rng) = (device(20), rng(30));
        let validity = Validity::starting(NOW, LONGEST);
        let (bundle, _) = Bundle::generate(&device, account, 1, validity, &mut rng).expect("generates");
        let owner = (account.id(), device.id());
        let (stock, mut pairs, _) = Stock::generate(owner, 1, 2, validity, &mut rng).expect("generates");
        let request = ClaimRequest::new(account.id(), device.id(), &mut rng).expect("draws");
        let stock = stock.sign(device.signing()).expect("signs");
        let one_time = Some(OneTime { stock, pair: pairs.remove(1) });
        let bundle = bundle.sign(device.signing()).expect("signs");
        (request, ClaimAnswer { request: request.request, bundle, one_time })
    });
    let seen = PrekeysSeen::default();
    if let Ok(answer) = ClaimAnswer::decode(data) {
        let _ = answer.verify(request, account, &seen, NOW);
    }
    let mut pieces = Pieces(data);
    let [low, high, mask]: [u8; 3] = pieces.take();
    let mut bytes = answer.encode().expect("encodes");
    let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
    bytes[at] ^= mask;
    let verified =
        ClaimAnswer::decode(&bytes).is_ok_and(|answer| answer.verify(request, account, &seen, NOW).is_ok());
    assert_eq!(verified, mask == 0);
}

pub(super) fn domain(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let Ok(domain) = text.parse::<Domain>() else { return };
    assert_eq!(domain.as_str(), text);
    assert!(format!("a@{text}").parse::<sottovoce::identity::address::Address>().is_ok());
}

/// A phrase that is accepted is the phrase of its key, but for white space and case.
pub(super) fn recovery_phrase(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data)
        && let Ok(key) = text.parse::<RecoveryKey>()
    {
        let words: Vec<_> = text.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
        assert_eq!(key.phrase().as_str(), words.join(" "));
    }
    let key = RecoveryKey::from_entropy(Pieces(data).secret());
    let again: RecoveryKey = key.phrase().as_str().parse().expect("its own phrase");
    assert_eq!(again.pair(), key.pair());
}

pub(super) fn typed_code(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let [own, theirs] = [[1; 32], [2; 32]].map(Fingerprint::from_bytes);
    let (initiator, start) = Initiator::start(&own, &theirs, &mut rng(9)).expect("draws");
    let (responder, answer) = Responder::answer(&theirs, &own, &start, &mut rng(10)).expect("draws");
    let (reveal, comparison) = initiator.reveal(&answer);
    let right = responder.check(&reveal).expect("honest").shown().to_string();
    let digits = |text: &str| text.split_ascii_whitespace().collect::<String>();
    let is_right = digits(text) == digits(&right);
    match comparison.confirm(text) {
        Ok(compared) => assert!(is_right && *compared.fingerprint() == theirs),
        Err(WrongCode::TryAgain(again)) => assert!(!is_right && again.confirm(&right).is_ok()),
        Err(WrongCode::Aborted) => panic!("one wrong code does not abort"),
    }
}

/// Steps of observing, accepting, withdrawing: an identity is written to only if it was pinned first or accepted since.
pub(super) fn trust_steps(data: &[u8]) {
    let identity = |byte: u8| Fingerprint::from_bytes([byte & 3; 32]);
    let mut trust = ContactTrust::first_use(identity(0));
    let mut permitted = identity(0);
    for byte in data.iter().take(64) {
        let before = trust;
        let shown = identity(*byte);
        match byte >> 2 & 3 {
            0 | 1 => drop(trust.observe(shown)),
            2 => match trust.accept(&shown) {
                Ok(()) => permitted = shown,
                Err(_) => assert_eq!(trust, before),
            },
            _ if byte & 0x10 == 0 => trust.withdraw(),
            _ => {
                let own = Fingerprint::from_bytes([9; 32]);
                let code = VerificationCode { shower: shown, expected: own };
                let compared =
                    QrPayload::Verification(code).compare(&own, &shown).expect("it is the contact's");
                match trust.verify(compared) {
                    Ok(()) => permitted = shown,
                    Err(_) => assert_eq!(trust, before),
                }
            }
        }
        match (trust.addressee(), trust.state()) {
            (Ok(addressee), TrustState::FirstUse | TrustState::Verified) => assert_eq!(*addressee, permitted),
            (Err(_), TrustState::Changed { observed, .. }) => assert_ne!(observed, permitted),
            other => panic!("{other:?}"),
        }
        assert_eq!(ContactTrust::decode(&trust.encode().expect("encodes")), Ok(trust));
    }
}
