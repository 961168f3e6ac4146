//! The signatures, key checks and hashes of each verification, with the bare crates, on inputs that lie ready.

use libcrux_ml_dsa::ml_dsa_65::{self, MLDSA65Signature, MLDSA65VerificationKey};
use libcrux_ml_kem::mlkem768::{self, MlKem768PublicKey};
use sha2::Sha256;
use sottovoce::crypto::{hybrid, label};

use crate::bare::{parse_ed25519, sha256};

/// A hybrid signature to verify: both halves, their keys and the input that both sign.
struct Signed {
    ed25519: ([u8; 32], ed25519_dalek::Signature),
    ml_dsa: (Box<[u8; 1952]>, Box<MLDSA65Signature>),
    input: Vec<u8>,
}

impl Signed {
    fn new(
        label: label::SignLabel,
        key: &hybrid::PublicKey,
        message: &[u8],
        signature: &hybrid::Signature,
    ) -> Self {
        let ed25519 = ed25519_dalek::Signature::from_bytes(signature.ed25519.as_bytes());
        let ml_dsa = MLDSA65Signature::new(*signature.ml_dsa.as_bytes());
        Self {
            ed25519: (*key.ed25519().as_bytes(), ed25519),
            ml_dsa: (Box::new(*key.ml_dsa().as_bytes()), Box::new(ml_dsa)),
            input: [label.as_bytes(), key.pair().as_bytes(), message].concat(),
        }
    }

    fn verify(&self) {
        parse_ed25519(&self.ed25519.0).verify_strict(&self.input, &self.ed25519.1).unwrap();
        let key = Box::new(MLDSA65VerificationKey::new(*self.ml_dsa.0));
        ml_dsa_65::verify(&key, &self.input, &[], &self.ml_dsa.1).unwrap();
    }
}

fn parse_kem(bytes: &[u8; 1184]) {
    assert!(mlkem768::validate_public_key(&MlKem768PublicKey::from(bytes)));
}

fn pair(ed25519: &[u8; 32], ml_dsa: &[u8; 1952]) -> [u8; 32] {
    sha256(&[label::hash::PAIR.as_bytes(), ed25519, ml_dsa])
}

/// The public keys of a device, and its possession.
struct Device {
    ed25519: [u8; 32],
    ml_dsa: Box<[u8; 1952]>,
    agreement: [u8; 32],
    kem: Box<[u8; 1184]>,
}

impl Device {
    fn id(&self) -> [u8; 32] {
        let pair = pair(&self.ed25519, &self.ml_dsa);
        sha256(&[label::hash::DEVICE.as_bytes(), &pair, &self.agreement, &sha256(&[self.kem.as_slice()])])
    }
}

pub mod manifest {
    use sottovoce::identity::account::Account;
    use sottovoce::identity::chain::{Manifest, Subject as _};

    use super::{Device, Signed, label, pair, parse_ed25519, parse_kem, sha256};

    /// What a manifest's verification computes on.
    pub struct Laid {
        headers: Vec<(Vec<u8>, Signed)>,
        body: Vec<u8>,
        devices: Vec<(Device, ed25519_dalek::Signature)>,
        account: [u8; 32],
    }

    impl Laid {
        pub fn out(manifest: &Manifest) -> Self {
            let account = manifest.clone().verify::<Account>().unwrap();
            let headers = manifest.path.headers.iter().map(|signed| {
                let checked =
                    Signed::new(label::sign::MANIFEST, &signed.signer, &signed.header, &signed.signature);
                (signed.header.clone(), checked)
            });
            let devices = account.devices().iter().zip(&manifest.possessions).map(|(device, possession)| {
                let keys = Device {
                    ed25519: *device.signing().ed25519().as_bytes(),
                    ml_dsa: Box::new(*device.signing().ml_dsa().as_bytes()),
                    agreement: *device.agreement().as_bytes(),
                    kem: Box::new(*device.kem().as_bytes()),
                };
                (keys, ed25519_dalek::Signature::from_bytes(possession.as_bytes()))
            });
            Self {
                headers: headers.collect(),
                body: manifest.body.clone(),
                devices: devices.collect(),
                account: *account.chain().id().as_bytes(),
            }
        }

        pub fn devices(&self) -> usize {
            self.devices.len()
        }

        /// The hashes of all headers.
        pub fn compute(&self) -> Vec<[u8; 32]> {
            let hashes = self.headers.iter().map(|(header, signed)| {
                pair(&signed.ed25519.0, &signed.ml_dsa.0);
                signed.verify();
                sha256(&[label::hash::HEADER.as_bytes(), header])
            });
            let hashes = hashes.collect();
            sha256(&[label::hash::BODY.as_bytes(), &self.body]);
            for (device, possession) in &self.devices {
                parse_kem(&device.kem);
                let statement =
                    [label::classical::POSSESSION.as_bytes(), &self.account, &device.id()[..16]].concat();
                parse_ed25519(&device.ed25519).verify_strict(&statement, possession).unwrap();
            }
            hashes
        }
    }
}

pub mod claim {
    use sottovoce::identity::Verified;
    use sottovoce::identity::account::Account;
    use sottovoce::identity::prekeys::{Bundle, ClaimAnswer, Stock};
    use sottovoce::wire::Wire as _;

    use super::{Signed, label, parse_kem, sha256};

    /// What a claim's verification computes on.
    pub struct Laid {
        bundle: (Vec<u8>, Signed, Box<[u8; 1184]>),
        one_time: Option<OneTime>,
    }

    struct OneTime {
        stock: (Vec<u8>, Signed),
        leaf: Vec<u8>,
        kem: Box<[u8; 1184]>,
        proof: Vec<[u8; 32]>,
    }

    impl Laid {
        pub fn out(account: &Verified<Account>, answer: &ClaimAnswer) -> Self {
            let key = account.devices()[0].signing();
            let (bytes, signature) = (&answer.bundle.bundle, &answer.bundle.signature);
            let kem = Box::new(*Bundle::decode(bytes).unwrap().kem.as_bytes());
            let one_time = answer.one_time.as_ref().map(|one_time| {
                let (bytes, signature) = (&one_time.stock.stock, &one_time.stock.signature);
                OneTime {
                    stock: (bytes.clone(), Signed::new(label::sign::STOCK, key, bytes, signature)),
                    leaf: Stock::decode(bytes).unwrap().leaf_input(&one_time.pair),
                    kem: Box::new(*one_time.pair.kem.as_bytes()),
                    proof: one_time.pair.proof.iter().map(|hash| *hash.as_bytes()).collect(),
                }
            });
            Self {
                bundle: (bytes.clone(), Signed::new(label::sign::BUNDLE, key, bytes, signature), kem),
                one_time,
            }
        }

        /// The hash of the bundle.
        pub fn compute(&self) -> [u8; 32] {
            let (bytes, signed, kem) = &self.bundle;
            parse_kem(kem);
            signed.verify();
            if let Some(one_time) = &self.one_time {
                parse_kem(&one_time.kem);
                one_time.stock.1.verify();
                sha256(&[&one_time.stock.0]);
                let leaf = sha256(&[label::hash::LEAF.as_bytes(), &one_time.leaf]);
                let root = |below: [u8; 32], sibling: &[u8; 32]| {
                    sha256(&[label::hash::NODE.as_bytes(), &below, sibling])
                };
                std::hint::black_box(one_time.proof.iter().fold(leaf, root));
            }
            sha256(&[bytes])
        }
    }
}

pub mod certificate {
    use sottovoce::identity::certificate::SignedCertificate;

    use super::{label, sha256};

    pub struct Laid {
        key: ed25519_dalek::VerifyingKey,
        input: Vec<u8>,
        signature: ed25519_dalek::Signature,
    }

    impl Laid {
        pub fn out(signed: &SignedCertificate) -> Self {
            let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]).verifying_key();
            let input = [label::classical::CERTIFICATE.as_bytes(), &signed.certificate].concat();
            Self { key, input, signature: ed25519_dalek::Signature::from_bytes(signed.signature.as_bytes()) }
        }

        pub fn compute(&self) -> bool {
            sha256(&[label::hash::ONLINE_KEY.as_bytes(), self.key.as_bytes()]);
            self.key.verify_strict(&self.input, &self.signature).is_ok()
        }
    }
}

/// The safety number of two fingerprints.
pub fn digits(ours: &[u8; 32], theirs: &[u8; 32]) -> String {
    let mut halves = [ours, theirs].map(|fingerprint| {
        let label = label::hash::SAFETY_NUMBER.as_bytes();
        let hash = (0..16_384).fold(*fingerprint, |hash, _| sha256(&[label, &hash, fingerprint]));
        let group =
            |chunk: &[u8]| chunk.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) % 100_000;
        hash.chunks(5).take(6).map(|chunk| format!("{:05}", group(chunk))).collect::<Vec<_>>().join(" ")
    });
    halves.sort();
    halves.join(" ")
}

/// The hybrid key of a recovery phrase's entropy: its Ed25519 public half.
pub fn recovery_key(entropy: &[u8; 32]) -> [u8; 32] {
    let mut seed = [0; 64];
    hkdf::Hkdf::<Sha256>::from_prk(entropy)
        .unwrap()
        .expand(label::expand::RECOVERY_KEY.as_bytes(), &mut seed)
        .unwrap();
    let ed25519 = ed25519_dalek::SigningKey::from_bytes(seed[..32].try_into().unwrap()).verifying_key();
    let ml_dsa = Box::new(ml_dsa_65::generate_key_pair(seed[32..].try_into().unwrap()));
    pair(ed25519.as_bytes(), ml_dsa.verification_key.as_slice().try_into().unwrap());
    *ed25519.as_bytes()
}
