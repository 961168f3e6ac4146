//! `wire.decode` of `test-vectors/README.md`: decoded messages as JSON, and back to the same bytes.

use std::path::Path;
use std::sync::OnceLock;

use hex::encode as hex;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, ReflectMessage as _, Value as Field};
use serde_json::{Map, Value, json};
use sottovoce::crypto::attachment::AttachmentPointer;
use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::hybrid;
use sottovoce::handshake::{
    Answering, Awaiting, Floor, Initial, LinkProof, OneTimePlace, OwnBundle, OwnManifest, ReplayEntry,
};
use sottovoce::identity::account::AccountBody;
use sottovoce::identity::certificate::{AddressCertificate, SignedCertificate};
use sottovoce::identity::chain::{AuthorityPath, ForkEvidence, Header, Link, Manifest, SignedHeader};
use sottovoce::identity::device::{Device, DeviceSecret, Newcomer};
use sottovoce::identity::link::{Inviting, Joined, Joining, LinkInvitation, LinkRequest, LinkReveal};
use sottovoce::identity::prekeys::{
    Bundle, ClaimAnswer, ClaimRequest, Grant, OneTime, OneTimePair, OneTimeSecret, PrekeySecret, PrekeysSeen,
    Seen, SignedBundle, SignedStock, Stock,
};
use sottovoce::identity::qr::{QrPayload, VerificationCode};
use sottovoce::identity::sas::{Comparison, Initiator, Responder, SasAnswer, SasReveal, SasStart};
use sottovoce::identity::server::{Endpoint, OnlineKey, ServerBody};
use sottovoce::identity::trust::{Compared, ContactTrust};
use sottovoce::identity::validity::Validity;
use sottovoce::pairwise::{Frame, Standing};
use sottovoce::ratchet::{Ratchet, SkippedBlock};
use sottovoce::storage::job::Job;
use sottovoce::storage::timer::Timer;
use sottovoce::wire::Wire;
use sottovoce::wire::specimen::Specimen;

use crate::ops::{Outcome, class};

/// A message that has vectors: its name, and its decoder.
struct Decoder {
    name: &'static str,
    accepts: fn(&[u8]) -> Result<(), &'static str>,
}

const fn decoder<T: Wire>() -> Decoder {
    Decoder { name: T::NAME, accepts: accepts::<T> }
}

const DECODERS: &[Decoder] = &[
    decoder::<hybrid::PublicKey>(),
    decoder::<hybrid::Signature>(),
    decoder::<BlobPointer>(),
    decoder::<AttachmentPointer>(),
    decoder::<Specimen>(),
    decoder::<Timer>(),
    decoder::<Job>(),
    decoder::<Link>(),
    decoder::<Header>(),
    decoder::<SignedHeader>(),
    decoder::<AuthorityPath>(),
    decoder::<Manifest>(),
    decoder::<ForkEvidence>(),
    decoder::<Device>(),
    decoder::<AccountBody>(),
    decoder::<Validity>(),
    decoder::<Endpoint>(),
    decoder::<OnlineKey>(),
    decoder::<ServerBody>(),
    decoder::<AddressCertificate>(),
    decoder::<SignedCertificate>(),
    decoder::<Bundle>(),
    decoder::<SignedBundle>(),
    decoder::<Stock>(),
    decoder::<SignedStock>(),
    decoder::<OneTimePair>(),
    decoder::<OneTime>(),
    decoder::<ClaimRequest>(),
    decoder::<ClaimAnswer>(),
    decoder::<VerificationCode>(),
    decoder::<LinkInvitation>(),
    decoder::<QrPayload>(),
    decoder::<SasStart>(),
    decoder::<SasAnswer>(),
    decoder::<SasReveal>(),
    decoder::<LinkRequest>(),
    decoder::<LinkReveal>(),
    decoder::<Grant>(),
    decoder::<Seen>(),
    decoder::<PrekeysSeen>(),
    decoder::<ContactTrust>(),
    decoder::<Initiator>(),
    decoder::<Responder>(),
    decoder::<Comparison<Compared>>(),
    decoder::<Inviting>(),
    decoder::<Joining>(),
    decoder::<Comparison<Newcomer>>(),
    decoder::<Comparison<Joined>>(),
    decoder::<DeviceSecret>(),
    decoder::<PrekeySecret>(),
    decoder::<OneTimeSecret>(),
    decoder::<OneTimePlace>(),
    decoder::<Initial>(),
    decoder::<LinkProof>(),
    decoder::<OwnBundle>(),
    decoder::<OwnManifest>(),
    decoder::<ReplayEntry>(),
    decoder::<Awaiting>(),
    decoder::<Answering>(),
    decoder::<Floor>(),
    decoder::<Standing>(),
    decoder::<Frame>(),
    decoder::<Ratchet>(),
    decoder::<SkippedBlock>(),
];

/// The library decides and encodes again; a general decoder then shows the fields.
pub fn decode(message: &str, bytes: &[u8]) -> Outcome {
    let decoder = DECODERS.iter().find(|decoder| decoder.name == message).expect("a message of the list");
    (decoder.accepts)(bytes)?;
    let descriptor = pool().get_message_by_name(&format!("sottovoce.v1.{message}")).unwrap();
    Ok(json!({ "value": show(&DynamicMessage::decode(descriptor, bytes).unwrap()) }))
}

fn accepts<T: Wire>(bytes: &[u8]) -> Result<(), &'static str> {
    let message = T::decode(bytes).map_err(class)?;
    assert_eq!(message.encode().unwrap(), bytes, "one value, one encoding");
    Ok(())
}

fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
        let files = std::fs::read_dir(&proto).unwrap().map(|file| file.unwrap().path());
        let set = protox::compile(files, [&proto]).unwrap();
        DescriptorPool::from_file_descriptor_set(set).unwrap()
    })
}

fn show(message: &DynamicMessage) -> Value {
    let descriptor = message.descriptor();
    let there = descriptor.fields().filter(|field| field.is_list() || message.has_field(field));
    let there = there.map(|field| (field.name().to_owned(), item(&field, &message.get_field(&field))));
    there.collect::<Map<_, _>>().into()
}

fn item(field: &FieldDescriptor, value: &Field) -> Value {
    match value {
        Field::List(items) => items.iter().map(|value| item(field, value)).collect(),
        Field::Message(message) => show(message),
        Field::Bytes(bytes) => hex(bytes).into(),
        Field::String(text) => text.as_str().into(),
        Field::Bool(flag) => (*flag).into(),
        Field::U32(number) => (*number).into(),
        Field::EnumNumber(number) => (*number).into(),
        Field::U64(number) => number.to_string().into(),
        other => panic!("{}: {other:?} is outside the subset", field.full_name()),
    }
}

/// Every message of the `.proto` files is in the list above, but for the parts of the specimen and those that PROTOCOL.md describes with
/// the message around them.
#[test]
fn every_message_has_a_decoder_here() {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOL.md");
    let protocol = std::fs::read_to_string(protocol).unwrap();
    let parts: String =
        protocol.lines().filter_map(|row| row.split_once(" | within `")).map(|row| row.0).collect();
    let described = pool().all_messages().filter(|message| message.package_name() == "sottovoce.v1");
    for message in described.filter(|message| !message.name().starts_with("Specimen")) {
        let known = DECODERS.iter().any(|decoder| decoder.name == message.name());
        let is_part = parts.contains(&format!("`{}`", message.name()));
        assert!(known != is_part, "{} is missing, or described twice", message.name());
    }
}
