//! `wire.decode` of `test-vectors/README.md`: decoded messages as JSON, and back to the same bytes.

use std::path::Path;
use std::sync::OnceLock;

use hex::encode as hex;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, ReflectMessage as _, Value as Field};
use serde_json::{Map, Value, json};
use sottovoce::client::{
    ClientAccount, ClientState, Errand, Event, KnownContent, Outgoing, PendingDevice, Person, SubmittedItem,
    TokenOwner,
};
use sottovoce::content::{
    AttachmentInfo, Consent, ContactConsent, ContactSync, Content, Delete, Edit, Mention, Preview, Profile,
    Reaction, ReadMarker, Receipt, ReceiptBatch, Text, Timer as Lifetime, TokenGrant, Typing,
};
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
use sottovoce::ratchet::{Gap, Ratchet, SkippedBlock};
use sottovoce::server::directory::{
    AccountEntry, AddressOwner, AskBudget, ClaimBudget, DevicePrekeys, Invite, RegisteredKey, StockUse,
};
use sottovoce::server::discovery::{Discovery, DiscoveryGate, DomainState, SignedDiscovery};
use sottovoce::server::frame::{Answer, Claim, Frame as ServerFrame, Lookup, SignedFrame};
use sottovoce::server::link::ServerAlarm;
use sottovoce::server::mailbox::{Drained, ItemStatus};
use sottovoce::server::service::{
    BlobGrant, Hello, Refused, Request, Response, SignedBlobGrant, SignedHello,
};
use sottovoce::server::stream::{Batch, Inbound, Outbound, Position};
use sottovoce::server::{Item, Verdict, hazmat};
use sottovoce::session::fan_out::{FanOut, Recipients};
use sottovoce::session::{
    Ack, Body, Contact, ContactManifest, DeviceSessions, Introduction, Linking, SentMessage, SessionState,
    SessionTag, SharedBody,
};
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
    decoder::<Discovery>(),
    decoder::<SignedDiscovery>(),
    decoder::<DomainState>(),
    decoder::<DiscoveryGate>(),
    decoder::<ServerFrame>(),
    decoder::<SignedFrame>(),
    decoder::<Batch>(),
    decoder::<Verdict>(),
    decoder::<Position>(),
    decoder::<Item>(),
    decoder::<Lookup>(),
    decoder::<Claim>(),
    decoder::<Answer>(),
    decoder::<Inbound>(),
    decoder::<Outbound>(),
    decoder::<ServerAlarm>(),
    decoder::<ItemStatus>(),
    decoder::<Drained>(),
    decoder::<AccountEntry>(),
    decoder::<AddressOwner>(),
    decoder::<RegisteredKey>(),
    decoder::<DevicePrekeys>(),
    decoder::<StockUse>(),
    decoder::<ClaimBudget>(),
    decoder::<AskBudget>(),
    decoder::<Invite>(),
    decoder::<Request>(),
    decoder::<Response>(),
    decoder::<Refused>(),
    decoder::<Hello>(),
    decoder::<SignedHello>(),
    decoder::<BlobGrant>(),
    decoder::<SignedBlobGrant>(),
    decoder::<Content>(),
    decoder::<Text>(),
    decoder::<Mention>(),
    decoder::<AttachmentInfo>(),
    decoder::<Preview>(),
    decoder::<Edit>(),
    decoder::<Delete>(),
    decoder::<Reaction>(),
    decoder::<Receipt>(),
    decoder::<Lifetime>(),
    decoder::<Profile>(),
    decoder::<TokenGrant>(),
    decoder::<Consent>(),
    decoder::<Typing>(),
    decoder::<ReadMarker>(),
    decoder::<ContactSync>(),
    decoder::<ContactConsent>(),
    decoder::<ReceiptBatch>(),
    decoder::<Body>(),
    decoder::<Ack>(),
    decoder::<Linking>(),
    decoder::<Gap>(),
    decoder::<SharedBody>(),
    decoder::<Introduction>(),
    decoder::<Contact>(),
    decoder::<ContactManifest>(),
    decoder::<DeviceSessions>(),
    decoder::<SessionState>(),
    decoder::<SessionTag>(),
    decoder::<SentMessage>(),
    decoder::<FanOut>(),
    decoder::<Recipients>(),
    decoder::<ClientAccount>(),
    decoder::<ClientState>(),
    decoder::<Errand>(),
    decoder::<Person>(),
    decoder::<PendingDevice>(),
    decoder::<Outgoing>(),
    decoder::<KnownContent>(),
    decoder::<SubmittedItem>(),
    decoder::<TokenOwner>(),
    decoder::<Event>(),
];

/// Messages of the list, or with a decoder that only the server itself and its simulations reach.
fn accept(message: &str, bytes: &[u8]) -> Result<(), &'static str> {
    if let Some(decoder) = DECODERS.iter().find(|decoder| decoder.name == message) {
        return (decoder.accepts)(bytes);
    }
    let kept = hazmat::kept().find(|kept| kept.name == message).expect("a message that has vectors");
    let again = kept.again(bytes).map_err(class)?;
    assert_eq!(again.unwrap(), bytes, "one value, one encoding");
    Ok(())
}

/// The library decides and encodes again; a general decoder then shows the fields.
pub fn decode(message: &str, bytes: &[u8]) -> Outcome {
    accept(message, bytes)?;
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
        let name = message.name();
        let known = DECODERS.iter().any(|decoder| decoder.name == name);
        let is_kept = hazmat::kept().any(|kept| kept.name == name);
        let is_part = parts.contains(&format!("`{name}`"));
        // What is kept by a server may be both: its parts have decoders too.
        assert!(known || is_kept || is_part, "{name} is missing");
        assert!(!known || !(is_kept || is_part), "{name} is described twice");
    }
}
