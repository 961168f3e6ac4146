//! Alice, Bob, Bob's prekeys, and an Initial.

use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::crypto::secret::Secret;
use sottovoce::handshake::{Own, OwnBundle, OwnManifest, Recipient, Sender, initiate};
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::address::Address;
use sottovoce::identity::chain::Author;
use sottovoce::identity::device::DeviceSecret;
use sottovoce::identity::prekeys::{
    Bundle, ClaimAnswer, ClaimRequest, OneTime, OneTimeSecret, Prekeys, PrekeysSeen, Stock,
};
use sottovoce::identity::recovery::RecoveryKey;
use sottovoce::identity::validity::{LONGEST, Validity};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

use super::SEED;

pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

pub struct Scene {
    pub alice: Verified<Account>,
    pub alice_secret: DeviceSecret,
    pub bob: Verified<Account>,
    pub bob_secret: DeviceSecret,
    pub addresses: [Address; 1],
    pub manifests: [OwnManifest; 1],
    pub bundle: OwnBundle,
    request: ClaimRequest,
    answer: ClaimAnswer,
    pair: Vec<u8>,
}

fn rng(number: u8) -> Generator {
    let mut seed = [number; 32];
    seed[0] = !number;
    Seed::from_bytes(seed).unwrap().into_generator()
}

impl Scene {
    pub fn new() -> Self {
        let recovery = RecoveryKey::from_entropy(Secret::new([7; 32]));
        let author = Author { key: recovery.signing(), issued_at: NOW, refresh_after: NOW };
        let [alice_secret, bob_secret] =
            [1, 2].map(|number| DeviceSecret::generate(&mut rng(number)).unwrap());
        let alice = Verified::<Account>::found(&author, &alice_secret).unwrap();
        let bob = Verified::<Account>::found(&author, &bob_secret).unwrap();
        let (mut rng, validity) = (rng(3), Validity::starting(NOW, LONGEST));
        let (bundle, secret) = Bundle::generate(&bob_secret, &bob, 1, validity, &mut rng).unwrap();
        let owner = (bob.id(), bob_secret.id());
        let (stock, pairs, secrets) = Stock::generate(owner, 1, 1, validity, &mut rng).unwrap();
        let bundle = bundle.sign(bob_secret.signing()).unwrap();
        let one_time = OneTime { stock: stock.sign(bob_secret.signing()).unwrap(), pair: pairs[1].clone() };
        let request = ClaimRequest::new(bob.id(), bob_secret.id(), &mut rng).unwrap();
        let answer =
            ClaimAnswer { request: request.request, bundle: bundle.clone(), one_time: Some(one_time) };
        Self {
            addresses: ["bob@example.org".parse().unwrap()],
            manifests: [OwnManifest::new(&bob, bob_secret.id()).unwrap()],
            bundle: OwnBundle::new(&bundle, secret).unwrap(),
            pair: secrets[1].encode().unwrap(),
            alice,
            alice_secret,
            bob,
            bob_secret,
            request,
            answer,
        }
    }

    pub fn prekeys(&self, with_pair: bool) -> Verified<Prekeys> {
        let one_time = self.answer.one_time.clone().filter(|_| with_pair);
        let answer = ClaimAnswer { one_time, ..self.answer.clone() };
        answer.verify(&self.request, &self.bob, &PrekeysSeen::default(), NOW).unwrap()
    }

    pub fn pair_secret(&self) -> OneTimeSecret {
        OneTimeSecret::decode(&self.pair).unwrap()
    }

    pub fn own(&self) -> Own<'_> {
        Own {
            account: self.bob.id(),
            device: &self.bob_secret,
            addresses: &self.addresses,
            manifests: &self.manifests,
        }
    }

    /// What Alice sends under the seed of all benchmarks.
    pub fn initial(&self, with_pair: bool) -> Vec<u8> {
        let sender = Sender::new(&self.alice, &self.alice_secret).unwrap();
        let recipient = Recipient::new(&self.bob, self.prekeys(with_pair), &self.addresses[0], None).unwrap();
        let begun = initiate(&sender, recipient, Seed::from_bytes(SEED).unwrap()).unwrap();
        begun.awaiting.initial().to_vec()
    }
}
