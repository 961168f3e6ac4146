//! One target per public function that takes bytes or text. Each says which functions it covers, and
//! `tests/fuzz_targets.rs` fails when one is missing.

#[path = "client.rs"]
mod client;
#[path = "content.rs"]
mod content;
#[path = "handshake.rs"]
mod handshake;
#[path = "identity.rs"]
mod identity;
#[path = "ratchet.rs"]
mod ratchet;
#[path = "server.rs"]
mod server;
#[path = "session.rs"]
mod session;
#[path = "storage.rs"]
mod storage;
#[path = "stream.rs"]
mod stream;

use client::{wire_client, wire_client_event};
use content::{attachment_streams, contact_steps, content_receive, receipt_steps, wire_content};
use handshake::{identity_block, initial_open, link_proof, wire_handshake};
use identity::{
    certificate_verify, chain_follow, claim_verify, domain, fork_verify, manifest_verify, recovery_phrase,
    trust_steps, typed_code, wire_bodies, wire_chain, wire_kept, wire_people, wire_prekeys,
};
use rand_core::CryptoRng;
use ratchet::{mask_apply, padded_body, ratchet_first, ratchet_open, ratchet_seal, wire_ratchet};
use server::{
    discovery_texts, server_machine, server_names, server_signatures, session_tokens, wire_mailbox,
    wire_server, wire_server_kept, wire_service,
};
use session::{history, shared_open, wire_session, wire_session_kept};
use sottovoce::crypto::absorb::{Absorb, Input};
use sottovoce::crypto::aead::OneTimeKey;
use sottovoce::crypto::attachment::{AttachmentPointer, Opener, Position, Sealer};
use sottovoce::crypto::blob::{self, BlobPointer};
use sottovoce::crypto::hash::{Hash, Hasher};
use sottovoce::crypto::random::Seed;
use sottovoce::crypto::rest::RestKey;
use sottovoce::crypto::secret::Secret;
use sottovoce::crypto::{ed25519, hazmat, hybrid, kdf, label, mldsa, mlkem, x25519};
use sottovoce::identity::address::Address;
use sottovoce::wire::specimen::{Mark, Part, Specimen};
use sottovoce::wire::{Rule, Wire};
use storage::{stored_records, timers_and_jobs, vault_names, vault_open};
use stream::stream_ends;

/// A target: its name, the functions it covers, and what it does with an input.
pub struct Target {
    pub name: &'static str,
    pub covers: &'static [&'static str],
    pub run: fn(&[u8]),
}

macro_rules! targets {
    ($($name:ident covers $($path:literal),+;)+) => {
        /// All targets.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), covers: &[$($path),+], run: $name }),+];
    };
}

targets! {
    x25519_public_key covers "x25519::PublicKey::from_bytes";
    ed25519_public_key covers "ed25519::PublicKey::from_bytes";
    ed25519_signature covers "ed25519::Signature::from_bytes";
    ed25519_verify covers "ed25519::PublicKey::verify";
    ed25519_sign covers "ed25519::SecretKey::sign";
    ml_dsa_public_key covers "mldsa::PublicKey::from_bytes";
    ml_dsa_signature covers "mldsa::Signature::from_bytes";
    ml_kem_public_key covers "mlkem::EncapsulationKey::from_bytes";
    ml_kem_ciphertext covers "mlkem::Ciphertext::from_bytes";
    ml_kem_expanded covers "hazmat::ml_kem_from_expanded";
    hybrid_verify covers "hybrid::PublicKey::verify";
    hybrid_sign covers "hybrid::SecretKey::sign";
    hash covers "hash::Hash::of", "hash::Hash::from_bytes";
    absorb covers "absorb::Absorb::absorb", "absorb::Absorb::array", "absorb::Absorb::lp", "absorb::Absorb::last";
    key_derivation covers "kdf::extract", "kdf::expand", "hazmat::hkdf_extract", "hazmat::hkdf_expand";
    hmac covers "hazmat::hmac_sha256";
    secret covers "secret::Secret::new";
    seed covers "random::Seed::from_bytes";
    one_time_seal covers "aead::OneTimeKey::seal", "aead::OneTimeKey::seal_onto", "hazmat::chacha20poly1305_seal";
    one_time_open covers "aead::OneTimeKey::open", "hazmat::chacha20poly1305_open";
    rest_seal covers "rest::RestKey::seal", "hazmat::xchacha20poly1305_seal";
    rest_open covers "rest::RestKey::open", "hazmat::xchacha20poly1305_open";
    blob_seal covers "blob::seal";
    blob_open covers "blob::open";
    attachment_seal covers "attachment::Sealer::seal_chunk";
    attachment_open covers "attachment::Opener::open_chunk", "attachment::Opener::new", "attachment::Opener::resume";
    raw_x25519 covers "hazmat::x25519";
    raw_signatures covers "hazmat::ed25519_sign", "hazmat::ed25519_verify", "hazmat::ml_dsa_sign", "hazmat::ml_dsa_verify";
    wire_hybrid_public_key covers "wire::Wire::decode<hybrid::PublicKey>";
    wire_hybrid_signature covers "wire::Wire::decode<hybrid::Signature>";
    wire_blob_pointer covers "wire::Wire::decode<BlobPointer>";
    wire_attachment_pointer covers "wire::Wire::decode<AttachmentPointer>";
    wire_specimen covers
        "wire::Wire::decode<Specimen>", "wire::Wire::decode<Part>", "wire::Wire::decode<Mark>";
    address covers "address::Address::from_str";
    domain covers "address::Domain::from_str";
    wire_chain covers "wire::Wire::decode<Link>", "wire::Wire::decode<Header>", "wire::Wire::decode<SignedHeader>", "wire::Wire::decode<AuthorityPath>", "wire::Wire::decode<Manifest>", "wire::Wire::decode<ForkEvidence>";
    wire_bodies covers "wire::Wire::decode<Device>", "wire::Wire::decode<AccountBody>", "wire::Wire::decode<Validity>", "wire::Wire::decode<Endpoint>", "wire::Wire::decode<OnlineKey>", "wire::Wire::decode<ServerBody>", "wire::Wire::decode<AddressCertificate>", "wire::Wire::decode<SignedCertificate>";
    wire_prekeys covers "wire::Wire::decode<Bundle>", "wire::Wire::decode<SignedBundle>", "wire::Wire::decode<Stock>", "wire::Wire::decode<SignedStock>", "wire::Wire::decode<OneTimePair>", "wire::Wire::decode<OneTime>", "wire::Wire::decode<ClaimRequest>", "wire::Wire::decode<ClaimAnswer>";
    wire_people covers "wire::Wire::decode<VerificationCode>", "wire::Wire::decode<LinkInvitation>", "wire::Wire::decode<QrPayload>", "wire::Wire::decode<SasStart>", "wire::Wire::decode<SasAnswer>", "wire::Wire::decode<SasReveal>", "wire::Wire::decode<LinkRequest>", "wire::Wire::decode<LinkReveal>";
    wire_kept covers "wire::Wire::decode<Grant>", "wire::Wire::decode<Seen>", "wire::Wire::decode<PrekeysSeen>", "wire::Wire::decode<ContactTrust>", "wire::Wire::decode<DeviceSecret>", "wire::Wire::decode<PrekeySecret>", "wire::Wire::decode<OneTimeSecret>",
        "wire::Wire::decode<Initiator>", "wire::Wire::decode<Responder>", "wire::Wire::decode<Comparison>", "wire::Wire::decode<Inviting>", "wire::Wire::decode<Joining>";
    manifest_verify covers "path::AuthorityPath::verify", "manifest::Manifest::verify", "manifest::Parts::from_parts";
    chain_follow covers "followed::Followed::mentioned";
    fork_verify covers "evidence::ForkEvidence::verify";
    certificate_verify covers "certificate::SignedCertificate::verify";
    claim_verify covers "claim::ClaimAnswer::verify";
    recovery_phrase covers "recovery::RecoveryKey::from_str";
    typed_code covers "comparison::Comparison::confirm";
    trust_steps covers "trust::ContactTrust::verify";
    vault_names covers "vault::Vault::new", "vault::Vault::partition", "vault::Vault::item", "key::Key::new", "key::ItemId::new";
    vault_open covers "vault::Vault::open_record", "vault::Vault::open_entry", "vault::Vault::open_event";
    stored_records covers "record::Format::previous", "wire::Wire::decode<Timer>", "wire::Wire::decode<SetTimer>",
        "wire::Wire::decode<Job>";
    timers_and_jobs covers "job::Job::new";
    wire_handshake covers "wire::Wire::decode<OneTimePlace>", "wire::Wire::decode<Initial>", "wire::Wire::decode<LinkProof>", "wire::Wire::decode<OwnBundle>", "wire::Wire::decode<OwnManifest>", "wire::Wire::decode<ReplayEntry>", "wire::Wire::decode<Awaiting>", "wire::Wire::decode<Answering>", "wire::Wire::decode<Floor>", "wire::Wire::decode<Standing>";
    identity_block covers "identity_block::IdentityBlock::from_bytes";
    link_proof covers "linked::LinkProof::verify";
    wire_ratchet covers "wire::Wire::decode<Frame>", "wire::Wire::decode<Ratchet>", "wire::Wire::decode<SkippedBlock>";
    mask_apply covers "mask::apply";
    padded_body covers "hazmat::decode_body", "hazmat::encode_body", "hazmat::message_key";
    ratchet_open covers "open::Ratchet::examine";
    ratchet_first covers "open::open_first", "mod::Ratchet::respond";
    ratchet_seal covers "seal::Ratchet::seal", "hazmat::open_body";
    initial_open covers "wire::Wire::decode<Initial>";
    wire_server covers "wire::Wire::decode<Discovery>", "wire::Wire::decode<SignedDiscovery>", "wire::Wire::decode<Seen>", "wire::Wire::decode<Frame>", "wire::Wire::decode<SignedFrame>", "wire::Wire::decode<Part>", "wire::Wire::decode<Batch>", "wire::Wire::decode<Verdict>", "wire::Wire::decode<Stale>", "wire::Wire::decode<Position>", "wire::Wire::decode<Item>", "wire::Wire::decode<DeviceItem>", "wire::Wire::decode<RequestItem>", "wire::Wire::decode<Lookup>", "wire::Wire::decode<Claim>", "wire::Wire::decode<Answer>";
    wire_mailbox covers "wire::Wire::decode<LogPlace>", "wire::Wire::decode<MailboxCursor>", "wire::Wire::decode<MailboxItem>", "wire::Wire::decode<ItemStatus>", "wire::Wire::decode<MailboxEntry>", "wire::Wire::decode<AgedEntries>", "wire::Wire::decode<Gap>", "wire::Wire::decode<Drained>", "wire::Wire::decode<InboxRequest>", "wire::Wire::decode<Listed>";
    wire_service covers "wire::Wire::decode<Request>", "wire::Wire::decode<Response>", "wire::Wire::decode<Refused>", "wire::Wire::decode<Hello>", "wire::Wire::decode<SignedHello>", "wire::Wire::decode<Limits>", "wire::Wire::decode<Welcome>", "wire::Wire::decode<Register>", "wire::Wire::decode<Export>", "wire::Wire::decode<ExportedDevice>", "wire::Wire::decode<NewPrekeys>", "wire::Wire::decode<PrekeysHeld>", "wire::Wire::decode<FindAddress>", "wire::Wire::decode<ClaimDevice>", "wire::Wire::decode<Submit>", "wire::Wire::decode<SubmitItem>", "wire::Wire::decode<Submitted>", "wire::Wire::decode<TokenChange>", "wire::Wire::decode<MeetDevice>", "wire::Wire::decode<AskBlob>", "wire::Wire::decode<BlobGrant>", "wire::Wire::decode<SignedBlobGrant>";
    wire_server_kept covers "kept::Kept::again", "wire::Wire::decode<DomainState>", "wire::Wire::decode<DiscoveryGate>", "wire::Wire::decode<Inbound>", "wire::Wire::decode<Outbound>", "wire::Wire::decode<Mark>", "wire::Wire::decode<ServerAlarm>", "wire::Wire::decode<AccountEntry>", "wire::Wire::decode<AddressOwner>", "wire::Wire::decode<RegisteredKey>", "wire::Wire::decode<DevicePrekeys>", "wire::Wire::decode<StockUse>", "wire::Wire::decode<ClaimBudget>", "wire::Wire::decode<AskBudget>", "wire::Wire::decode<Invite>",
        "wire::Wire::decode<Answered>", "wire::Wire::decode<Asked>", "wire::Wire::decode<Blocked>", "wire::Wire::decode<Body>", "wire::Wire::decode<Budget>", "wire::Wire::decode<Chunk>", "wire::Wire::decode<GapBudget>", "wire::Wire::decode<Held>", "wire::Wire::decode<Hold>", "wire::Wire::decode<Kept>", "wire::Wire::decode<KeptGap>", "wire::Wire::decode<KeptRequest>", "wire::Wire::decode<Known>", "wire::Wire::decode<Link>", "wire::Wire::decode<LinkMailbox>", "wire::Wire::decode<LinkMessage>", "wire::Wire::decode<MailboxState>", "wire::Wire::decode<OriginState>", "wire::Wire::decode<OutboxEntry>", "wire::Wire::decode<ParkedQueue>", "wire::Wire::decode<PayloadState>", "wire::Wire::decode<Peer>", "wire::Wire::decode<PeerManifest>", "wire::Wire::decode<Period>", "wire::Wire::decode<Pin>", "wire::Wire::decode<RequestState>", "wire::Wire::decode<Slot>", "wire::Wire::decode<Times>", "wire::Wire::decode<TokenCount>", "wire::Wire::decode<TokenEntry>";
    server_names covers "item::Item::hash", "seen::Seen::of", "ids::Token::from_bytes", "hello::SessionToken::from_bytes", "record::Bitmap::from_bytes", "record::Invite::key";
    discovery_texts covers "dns::ServerRecord::from_str", "dns::among", "networks::Network::from_str", "fetch::Fetch::redirected";
    server_signatures covers "document::SignedDiscovery::verify", "signed::Unverified::verify", "arrived::Arrived::new";
    session_tokens covers "wire::Wire::decode<SignedBlobGrant>";
    server_machine covers "wire::Wire::decode<Request>";
    stream_ends covers "wire::Wire::decode<Batch>";
    wire_content covers "wire::Wire::decode<Content>", "wire::Wire::decode<Text>", "wire::Wire::decode<Mention>", "wire::Wire::decode<AttachmentInfo>", "wire::Wire::decode<Preview>", "wire::Wire::decode<Edit>", "wire::Wire::decode<Delete>", "wire::Wire::decode<Reaction>", "wire::Wire::decode<Receipt>", "wire::Wire::decode<Timer>", "wire::Wire::decode<Profile>", "wire::Wire::decode<TokenGrant>", "wire::Wire::decode<Consent>", "wire::Wire::decode<Typing>", "wire::Wire::decode<ReadMarker>", "wire::Wire::decode<ContactSync>", "wire::Wire::decode<ContactConsent>", "wire::Wire::decode<ReceiptBatch>";
    content_receive covers "receive::receive";
    contact_steps covers "wire::Wire::decode<ContactConsent>";
    receipt_steps covers "wire::Wire::decode<ReceiptBatch>";
    attachment_streams covers "seal::SealStream::push", "seal::SealStream::pad", "open::OpenStream::push";
    wire_session covers "wire::Wire::decode<Body>", "wire::Wire::decode<Ack>", "wire::Wire::decode<Linking>", "wire::Wire::decode<Gap>", "wire::Wire::decode<SharedBody>", "wire::Wire::decode<Introduction>";
    wire_session_kept covers "wire::Wire::decode<Contact>", "wire::Wire::decode<ContactManifest>", "wire::Wire::decode<DeviceSessions>", "wire::Wire::decode<Place>", "wire::Wire::decode<Contested>", "wire::Wire::decode<SessionState>", "wire::Wire::decode<UnfilledGap>", "wire::Wire::decode<SessionTag>", "wire::Wire::decode<SentMessage>", "wire::Wire::decode<FanOut>", "wire::Wire::decode<Recipients>";
    wire_client covers "wire::Wire::decode<ClientAccount>", "wire::Wire::decode<ClientState>", "wire::Wire::decode<Errand>", "wire::Wire::decode<Person>", "wire::Wire::decode<PendingDevice>", "wire::Wire::decode<Outgoing>", "wire::Wire::decode<KnownContent>", "wire::Wire::decode<SubmittedItem>", "wire::Wire::decode<TokenOwner>";
    wire_client_event covers "wire::Wire::decode<Event>";
    shared_open covers "shared::SharedBody::open";
    history covers "body::History::with";
}

/// Runs the target of this name.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("the binary has the name of a target").run)(data);
}

/// Takes fixed-size pieces from an input; zeros when it runs out.
struct Pieces<'a>(&'a [u8]);

impl Pieces<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let (taken, rest) = self.0.split_at(self.0.len().min(N));
        out[..taken.len()].copy_from_slice(taken);
        self.0 = rest;
        out
    }

    fn secret<const N: usize>(&mut self) -> Secret<N> {
        Secret::new(self.take())
    }

    fn rest(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl<'a> Pieces<'a> {
    /// A byte says how many bytes follow.
    fn some(&mut self) -> &'a [u8] {
        let [length] = self.take();
        let (taken, rest) = self.0.split_at(self.0.len().min(usize::from(length)));
        self.0 = rest;
        taken
    }
}

fn rng(seed: u8) -> impl CryptoRng {
    let mut bytes = [seed; 32];
    bytes[0] = !seed;
    Seed::from_bytes(bytes).expect("not all equal").into_generator()
}

fn x25519_public_key(data: &[u8]) {
    let Ok(key) = x25519::PublicKey::from_bytes(data) else { return };
    assert_eq!(key.as_bytes().as_slice(), data);
    let secret = x25519::SecretKey::from_secret(&Secret::new([7; 32]));
    assert!(secret.diffie_hellman(&key).is_ok(), "a checked key never gives zero");
}

fn ed25519_public_key(data: &[u8]) {
    let Ok(key) = ed25519::PublicKey::from_bytes(data) else { return };
    assert_eq!(key.as_bytes().as_slice(), data);
}

fn ed25519_signature(data: &[u8]) {
    assert_eq!(ed25519::Signature::from_bytes(data).is_ok(), data.len() == 64);
}

/// A signature that an honest key made, changed by the input: only the unchanged one verifies.
fn ed25519_verify(data: &[u8]) {
    let mut pieces = Pieces(data);
    let (mask, message) = (pieces.take::<64>(), pieces.rest());
    let key = ed25519::SecretKey::from_seed(&Secret::new([9; 32]));
    let mut signature = *key.sign(label::classical::POSSESSION, &message).as_bytes();
    signature.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    let signature = ed25519::Signature::from_bytes(&signature).expect("64 bytes");
    let verified = key.public_key().verify(label::classical::POSSESSION, &message, &signature).is_ok();
    assert_eq!(verified, mask == [0; 64]);
}

fn ed25519_sign(data: &[u8]) {
    let mut pieces = Pieces(data);
    let key = ed25519::SecretKey::from_seed(&pieces.secret());
    let message = pieces.rest();
    let signature = key.sign(label::classical::POSSESSION, &message);
    key.public_key().verify(label::classical::POSSESSION, &message, &signature).expect("verifies");
}

fn ml_dsa_public_key(data: &[u8]) {
    assert_eq!(mldsa::PublicKey::from_bytes(data).is_ok(), data.len() == 1952);
}

fn ml_dsa_signature(data: &[u8]) {
    assert_eq!(mldsa::Signature::from_bytes(data).is_ok(), data.len() == 3309);
}

fn ml_kem_public_key(data: &[u8]) {
    let Ok(key) = mlkem::EncapsulationKey::from_bytes(data) else { return };
    assert_eq!(key.as_bytes().as_slice(), data);
    key.encapsulate(&mut rng(1)).expect("a checked key encapsulates");
}

fn ml_kem_ciphertext(data: &[u8]) {
    let Ok(ciphertext) = mlkem::Ciphertext::from_bytes(data) else { return };
    let key = mlkem::DecapsulationKey::from_seed(&Secret::new([3; 64]));
    assert_eq!(key.decapsulate(&ciphertext).expose(), key.decapsulate(&ciphertext).expose());
}

fn ml_kem_expanded(data: &[u8]) {
    let Ok(key) = hazmat::ml_kem_from_expanded(data) else { return };
    assert_eq!(hazmat::ml_kem_expanded(&key).as_slice(), data);
    key.public_key().encapsulate(&mut rng(2)).expect("a checked key encapsulates");
}

/// A public key and a signature from the input never verify what an honest key signed.
fn hybrid_verify(data: &[u8]) {
    let mut pieces = Pieces(data);
    let honest = hybrid_key();
    let signature = honest.sign(label::sign::BUNDLE, b"bundle");
    let [position, mask]: [u8; 2] = pieces.take();
    let mut bytes = signature.encode().expect("encodes");
    let at = usize::from(position) * bytes.len() / 256;
    bytes[at] ^= mask;
    let verified = hybrid::Signature::decode(&bytes).is_ok_and(|signature| {
        honest.public_key().verify(label::sign::BUNDLE, b"bundle", &signature).is_ok()
    });
    assert_eq!(verified, mask == 0);
    let message = pieces.rest();
    let forged = honest.public_key().verify(label::sign::BUNDLE, &message, &signature).is_ok();
    assert_eq!(forged, message == b"bundle");
}

fn hybrid_key() -> hybrid::SecretKey {
    hybrid::SecretKey::from_seed(&Secret::new([4; 64]))
}

fn hybrid_sign(data: &[u8]) {
    let key = hybrid_key();
    let signature = key.sign(label::sign::STOCK, data);
    assert_eq!(signature, key.sign(label::sign::STOCK, data));
    key.public_key().verify(label::sign::STOCK, data, &signature).expect("verifies");
    assert!(key.public_key().verify(label::sign::MANIFEST, data, &signature).is_err());
}

fn hash(data: &[u8]) {
    let hash = Hash::of(data);
    assert_eq!(Hash::from_bytes(*hash.as_bytes()), hash);
}

/// Two splits of one input into fields give one result only if they are the same split.
fn absorb(data: &[u8]) {
    let mut pieces = Pieces(data);
    let [first, second] = pieces.take().map(usize::from);
    let all = pieces.rest();
    let (first, second) = (first.min(all.len()), second.min(all.len()));
    let fields = |at: usize| Hasher::new(label::hash::PAIR).lp(&all[..at]).last(&all[at..]);
    assert_eq!(fields(first) == fields(second), first == second);
    let input = Input::new().u8(1).u16(2).u32(3).u64(4).array(&[5; 3]).lp(&all).finish();
    assert_eq!(input.len(), 22 + all.len());
}

fn key_derivation(data: &[u8]) {
    let mut pieces = Pieces(data);
    let salt = pieces.take::<32>();
    let (first, second) = (pieces.secret::<32>(), pieces.secret::<32>());
    let info = pieces.rest();
    let prk = kdf::extract(&salt, &[&first, &second]);
    let ikm = [*first.expose(), *second.expose()].concat();
    assert_eq!(prk.expose(), hazmat::hkdf_extract(&salt, &ikm).expose());
    let okm = kdf::expand::<160>(&prk, label::expand::SEAL, &info);
    let mut raw = [0; 160];
    let raw_info = [label::expand::SEAL.as_bytes(), &info].concat();
    hazmat::hkdf_expand(prk.expose(), &raw_info, &mut raw).expect("160 bytes");
    assert_eq!(okm.expose(), &raw);
}

fn hmac(data: &[u8]) {
    let mut pieces = Pieces(data);
    let key = pieces.take::<32>();
    let message = pieces.rest();
    let mac = kdf::Mac::new(&Secret::new(key)).last(&message);
    assert_eq!(mac.expose(), &hazmat::hmac_sha256(&key, &message));
    hazmat::hmac_sha256(&message, &key);
}

fn secret(data: &[u8]) {
    let bytes = Pieces(data).take::<32>();
    let secret = Secret::new(bytes);
    assert_eq!(secret.expose(), &bytes);
    assert_eq!(format!("{secret:?}"), "Secret<32>(..)");
}

fn seed(data: &[u8]) {
    let bytes = Pieces(data).take::<32>();
    let stuck = bytes.iter().all(|byte| *byte == bytes[0]);
    assert_eq!(Seed::from_bytes(bytes).is_err(), stuck);
}

fn one_time_seal(data: &[u8]) {
    let mut pieces = Pieces(data);
    let key = pieces.secret::<32>();
    let aad = pieces.some();
    let plaintext = pieces.rest();
    let sealed = OneTimeKey::new(key.duplicate()).seal(aad, &plaintext).expect("seals");
    let raw = hazmat::chacha20poly1305_seal(key.expose(), &[0; 12], aad, &plaintext).expect("seals");
    let mut appended = vec![1, 2, 3];
    OneTimeKey::new(key.duplicate()).seal_onto(aad, &plaintext, &mut appended).expect("seals");
    assert_eq!((&sealed, &sealed[..]), (&raw, &appended[3..]));
    assert_eq!(OneTimeKey::new(key).open(aad, &sealed).expect("opens"), plaintext);
}

fn one_time_open(data: &[u8]) {
    let mut pieces = Pieces(data);
    let key = pieces.secret::<32>();
    let aad = pieces.some();
    let sealed = pieces.rest();
    let opened = OneTimeKey::new(key.duplicate()).open(aad, &sealed);
    assert_eq!(opened, hazmat::chacha20poly1305_open(key.expose(), &[0; 12], aad, &sealed));
    if let Ok(plaintext) = opened {
        assert_eq!(OneTimeKey::new(key).seal(aad, &plaintext).expect("seals"), sealed);
    }
}

fn rest_seal(data: &[u8]) {
    let mut pieces = Pieces(data);
    let key = RestKey::new(&pieces.secret());
    let aad = pieces.some();
    let plaintext = pieces.rest();
    let record = key.seal(aad, &plaintext, &mut rng(3)).expect("seals");
    assert_eq!(key.open(aad, &record).expect("opens"), plaintext);
    hazmat::xchacha20poly1305_seal(&[1; 32], &[2; 24], aad, &plaintext).expect("seals");
}

fn rest_open(data: &[u8]) {
    let mut pieces = Pieces(data);
    let key = pieces.secret();
    let aad = pieces.some();
    let record = pieces.rest();
    if RestKey::new(&key).open(aad, &record).is_ok() {
        assert!(RestKey::new(&key).open(&[aad, &[0]].concat(), &record).is_err());
        assert!(RestKey::new(&key).open(aad, &record[..record.len() - 1]).is_err());
    }
    let _ = hazmat::xchacha20poly1305_open(key.expose(), &[2; 24], aad, &record);
}

fn blob_seal(data: &[u8]) {
    let (blob, pointer) = blob::seal(data, &mut rng(4)).expect("seals");
    assert_eq!(blob.len(), data.len() + blob::OVERHEAD);
    assert_eq!(blob::open(&pointer, &blob).expect("opens"), data);
}

/// The hash is made to fit, so that the commitment is reached.
fn blob_open(data: &[u8]) {
    let mut pieces = Pieces(data);
    let key = pieces.secret();
    let blob = pieces.rest();
    let pointer = BlobPointer { key, hash: Hash::of(&blob) };
    if blob::open(&pointer, &blob).is_ok() {
        let cut = &blob[..blob.len() - 1];
        let pointer = BlobPointer { key: pointer.key, hash: Hash::of(cut) };
        assert!(blob::open(&pointer, cut).is_err());
    }
}

fn attachment_seal(data: &[u8]) {
    let mut pieces = Pieces(data);
    let size = u64::from(u32::from_be_bytes(pieces.take()) >> 12);
    let chunk = pieces.rest();
    let mut sealer = Sealer::new(size, &mut rng(5)).expect("below the limit");
    let wanted = sealer.next_length();
    let fits = wanted == Some(chunk.len());
    assert_eq!(sealer.seal_chunk(&chunk).is_ok(), fits);
    assert_eq!(sealer.next_length() == wanted, !fits || size > 131_072);
}

/// A sequence of chunks, right and wrong ones, to an opener that is thrown away and resumed in between.
fn attachment_open(data: &[u8]) {
    let mut pieces = Pieces(data);
    let size = u64::from(u32::from_be_bytes(pieces.take()) >> 14);
    let (chunks, pointer, commitment) = attachment(size);
    let Ok(mut opener) = Opener::new(&pointer, &commitment) else { panic!("the commitment fits") };
    let wrong: [u8; 32] = pieces.take();
    assert_eq!(Opener::new(&pointer, &wrong).is_ok(), wrong == commitment);
    let (mut expected, mut position) = (0_usize, opener.position());
    for step in pieces.rest() {
        let index = usize::from(step & 0x0f);
        let mut chunk = chunks.get(index).cloned().unwrap_or_else(|| vec![step; index]);
        if step & 0x40 != 0 {
            let at = usize::from(step) % chunk.len().max(1);
            chunk.get_mut(at).into_iter().for_each(|byte| *byte ^= 1);
        }
        let right = chunks.get(expected) == Some(&chunk);
        assert_eq!(opener.open_chunk(&chunk).is_ok(), right);
        expected += usize::from(right);
        if step & 0x80 != 0 {
            position = opener.position();
            opener = Opener::resume(&pointer, &commitment, position).expect("resumes");
        }
    }
    let foreign = Position { chunks: position.chunks.wrapping_mul(u64::MAX / 3), digest: Hash::of(data) };
    drop(Opener::resume(&pointer, &commitment, foreign).map(|mut opener| opener.open_chunk(data)));
    assert_eq!(opener.finish().is_ok(), expected == chunks.len());
}

fn attachment(size: u64) -> (Vec<Vec<u8>>, AttachmentPointer, [u8; 32]) {
    let mut sealer = Sealer::new(size, &mut rng(6)).expect("below the limit");
    let mut chunks = Vec::new();
    while let Some(length) = sealer.next_length() {
        chunks.push(sealer.seal_chunk(&vec![0; length]).expect("the length fits"));
    }
    let commitment = *sealer.commitment();
    (chunks, sealer.finish().expect("all chunks are sealed"), commitment)
}

fn raw_x25519(data: &[u8]) {
    let mut pieces = Pieces(data);
    let (secret, public) = (pieces.take(), pieces.take());
    let raw = hazmat::x25519(&secret, &public);
    let Ok(checked) = x25519::PublicKey::from_bytes(&public) else { return };
    let secret = x25519::SecretKey::from_secret(&Secret::new(secret));
    assert_eq!(secret.diffie_hellman(&checked).expect("nonzero").expose(), raw.expect("nonzero").expose());
}

fn raw_signatures(data: &[u8]) {
    let key = ed25519::SecretKey::from_seed(&Secret::new([1; 32]));
    hazmat::ed25519_verify(&key.public_key(), data, &hazmat::ed25519_sign(&key, data)).expect("verifies");
    let key = mldsa::SecretKey::from_seed(&Secret::new([2; 32]));
    let signature = hazmat::ml_dsa_sign(&key, data);
    hazmat::ml_dsa_verify(key.public_key(), &[], data, &signature).expect("verifies");
    let context = &data[..data.len().min(300)];
    assert_eq!(
        hazmat::ml_dsa_verify(key.public_key(), context, data, &signature).is_ok(),
        context.is_empty()
    );
}

/// What is accepted encodes to the same bytes, and the second lock is never needed.
fn wire<T: Wire>(data: &[u8]) {
    match T::decode(data) {
        Ok(value) => assert_eq!(value.encode().expect("a decoded value is within its limits"), data),
        Err(error) => assert_ne!(error.rule, Rule::NotCanonical, "the scan has a gap"),
    }
}

fn wire_hybrid_public_key(data: &[u8]) {
    wire::<hybrid::PublicKey>(data);
}

fn wire_hybrid_signature(data: &[u8]) {
    wire::<hybrid::Signature>(data);
}

fn wire_blob_pointer(data: &[u8]) {
    wire::<BlobPointer>(data);
}

fn wire_attachment_pointer(data: &[u8]) {
    wire::<AttachmentPointer>(data);
}

fn wire_specimen(data: &[u8]) {
    wire::<Specimen>(data);
    wire::<Part>(data);
    wire::<Mark>(data);
}

fn address(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let Ok(address) = text.parse::<Address>() else { return };
    assert_eq!(address.to_string(), text);
    assert_eq!(format!("{}@{}", address.local(), address.domain()), text);
    assert!(text.is_ascii() && text.len() <= 317);
}
