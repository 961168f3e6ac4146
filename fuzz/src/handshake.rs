//! Targets of the handshake. Fixtures are made once; inputs change them.

use std::sync::OnceLock;

use sottovoce::crypto::CryptoError;
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::secret::Secret;
use sottovoce::handshake::{
    Answering, Awaiting, Floor, IdentityBlock, Initial, LinkProof, OneTimePlace, Own, OwnBundle, OwnManifest,
    Recipient, ReplayEntry, Sender, initiate,
};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::chain::Author;
use sottovoce::identity::device::DeviceSecret;
use sottovoce::identity::prekeys::{
    Bundle, ClaimAnswer, ClaimRequest, OneTime, OneTimeSecret, PrekeysSeen, Stock,
};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::pairwise::Standing;
use sottovoce::pairwise::hazmat::{first_keys, unread};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire;

use super::{Pieces, rng, wire};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

pub(super) fn wire_handshake(data: &[u8]) {
    wire::<OneTimePlace>(data);
    wire::<Initial>(data);
    wire::<LinkProof>(data);
    wire::<OwnBundle>(data);
    wire::<OwnManifest>(data);
    wire::<ReplayEntry>(data);
    wire::<Awaiting>(data);
    wire::<Answering>(data);
    wire::<Floor>(data);
    wire::<Standing>(data);
}

pub(super) fn identity_block(data: &[u8]) {
    let Ok(block) = IdentityBlock::from_bytes(data) else { return };
    assert_eq!(block.to_bytes(), data);
}

pub(super) fn link_proof(data: &[u8]) {
    let mut pieces = Pieces(data);
    let (link, transcript) = (pieces.secret::<32>(), Hash::from_bytes(pieces.take()));
    let proof = LinkProof::new(&link, &transcript);
    proof.verify(&[Secret::new([1; 32]), link.duplicate()], &transcript).expect("one of the two");
    let given = pieces.rest();
    if let Ok(given) = LinkProof::decode(&given) {
        assert_eq!(given.verify(&[link], &transcript).is_ok(), given == proof);
    }
}

/// Bob, and an Initial of Alice's to him.
struct Scene {
    account: Verified<Account>,
    device: DeviceSecret,
    addresses: [Address; 1],
    manifests: [OwnManifest; 1],
    bundle: OwnBundle,
    pair: Vec<u8>,
    initial: Vec<u8>,
    message_key: [u8; 32],
    alice: Verified<Account>,
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let recovery = RecoveryKey::from_entropy(Secret::new([8; 32]));
        let author = Author { key: recovery.signing(), issued_at: NOW, refresh_after: NOW };
        let [device, own] = [40, 41].map(|seed| DeviceSecret::generate(&mut rng(seed)).expect("generates"));
        let [account, alice] =
            [&device, &own].map(|one| Verified::<Account>::found(&author, one).expect("founds"));
        let (mut rng, validity) = (rng(42), Validity::starting(NOW, LONGEST));
        let (bundle, secret) = Bundle::generate(&device, &account, 1, validity, &mut rng).expect("generates");
        let owner = (account.id(), device.id());
        let (stock, pairs, secrets) = Stock::generate(owner, 1, 1, validity, &mut rng).expect("generates");
        let bundle = bundle.sign(device.signing()).expect("signs");
        let one_time =
            OneTime { stock: stock.sign(device.signing()).expect("signs"), pair: pairs[1].clone() };
        let request = ClaimRequest::new(account.id(), device.id(), &mut rng).expect("draws");
        let answer =
            ClaimAnswer { request: request.request, bundle: bundle.clone(), one_time: Some(one_time) };
        let prekeys = answer.verify(&request, &account, &PrekeysSeen::default(), NOW).expect("verifies");
        let address: Address = "bob@example.org".parse().expect("an address");
        let sender = Sender::new(&alice, &own).expect("listed");
        let recipient = Recipient::new(&account, prekeys, &address, None).expect("fits");
        let begun = initiate(&sender, recipient, Seed::draw(&mut rng).expect("draws")).expect("begins");
        let initial = begun.awaiting.initial().to_vec();
        Scene {
            manifests: [OwnManifest::new(&account, device.id()).expect("listed")],
            bundle: OwnBundle::new(&bundle, secret).expect("fits"),
            pair: secrets[1].encode().expect("encodes"),
            message_key: *begun.session.into_keys().chain.expose(),
            addresses: [address],
            initial,
            account,
            device,
            alice,
        }
    })
}

/// Whatever arrives opens only if it is what was sent; then its keys are Alice's.
pub(super) fn initial_open(data: &[u8]) {
    let scene = scene();
    let own = Own {
        account: scene.account.id(),
        device: &scene.device,
        addresses: &scene.addresses,
        manifests: &scene.manifests,
    };
    let opens = |bytes: &[u8]| {
        let Ok(initial) = Initial::decode(bytes) else { return false };
        let Ok(screened) = initial.screen(&own, None) else { return false };
        let pair = OneTimeSecret::decode(&scene.pair).expect("decodes");
        let Ok(tentative) = screened.open(Some(&scene.bundle), Some(pair), NOW) else { return false };
        let opened = tentative.first_message(|first| {
            let same = *first_keys(&first)[0].expose() == scene.message_key;
            if same { Ok(unread(first)) } else { Err(CryptoError::Unauthentic) }
        });
        opened.is_ok_and(|(opened, ())| opened.accept(&scene.alice, None).is_ok())
    };
    assert_eq!(opens(data), data == scene.initial);
    let mut pieces = Pieces(data);
    let [low, high, mask]: [u8; 3] = pieces.take();
    let mut bytes = scene.initial.clone();
    let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
    bytes[at] ^= mask;
    assert_eq!(opens(&bytes), mask == 0);
}
