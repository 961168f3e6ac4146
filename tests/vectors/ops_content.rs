//! The operations of contents of `test-vectors/README.md`.

use hex::encode as hex;
use serde_json::{Value, json};
use sottovoce::content::{
    Act, Body, Class, Consent, ContactConsent, ContentId, ConversationId, Heard, Own, Rank, ReceiptBatch,
    ReceiptState, Sender, TokenAction, TokenGrant, Version, padded, receive,
};
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::wire::Wire as _;

use crate::inputs::Inputs;
use crate::ops::{Outcome, class};
use crate::ops_identity::{decoded, encoded, time};

pub fn run(op: &str, i: &Inputs) -> Outcome {
    match op {
        "conversation.direct" => {
            let id = ConversationId::direct(account(i, "one"), account(i, "other"));
            Ok(json!({ "conversation": hex(id.as_bytes()) }))
        }
        "content.receive" => content(i),
        "attachment.padded" => Ok(json!({ "padded": padded(i.number64("size")).to_string() })),
        "receipts.due" => Ok(due(i)),
        "contact.act" => act(i),
        "contact.hear" => {
            let mut contact: ContactConsent = decoded(i, "contact")?;
            let id = ContentId::from_bytes(i.array("id"));
            let version = Version { sent_at: time(i, "sent_at"), id };
            let changed = if i.number("kind") == 106 {
                contact.hear(Heard::Token(&decoded::<TokenGrant>(i, "body")?), version)
            } else {
                contact.hear(Heard::Consent(&decoded::<Consent>(i, "body")?), version)
            };
            Ok(json!({ "contact": encoded(&contact), "changed": changed }))
        }
        "contact.merge" => {
            let (mut one, other): (ContactConsent, ContactConsent) =
                (decoded(i, "one")?, decoded(i, "other")?);
            let actions = one.merge(&other, time(i, "now")).map_err(class)?;
            Ok(json!({ "contact": encoded(&one), "tokens": tokens(&actions) }))
        }
        _ => panic!("unknown operation {op}"),
    }
}

fn account(i: &Inputs, name: &str) -> AccountId {
    AccountId::from_bytes(i.array(name))
}

fn content(i: &Inputs) -> Outcome {
    let devices = i.0["devices"].as_array().unwrap().iter().map(|device| {
        DeviceId::from_bytes(hex::decode(device.as_str().unwrap()).unwrap().try_into().unwrap())
    });
    let own = Own { account: account(i, "own"), devices: devices.collect() };
    let sender = Sender {
        account: account(i, "sender"),
        device: DeviceId::from_bytes(i.array("device")),
        is_proven: i.0["proven"].as_bool().unwrap(),
    };
    let contact = match i.text("contact") {
        "" => None,
        _ => Some(decoded::<ContactConsent>(i, "contact")?),
    };
    let received = receive(&i.bytes("content"), sender, &own, |_| contact.as_ref()).map_err(class)?;
    let name = match received.kind().class() {
        Class::Stored => "stored",
        Class::Silent => "silent",
        Class::Ephemeral => "ephemeral",
        Class::Own => "own",
    };
    Ok(json!({
        "conversation": hex(received.conversation().as_bytes()),
        "id": hex(received.id().as_bytes()),
        "kind": received.kind().number(),
        "class": name,
        "copy": received.is_copy(),
        "known": !matches!(received.body(), Body::Unsupported(_)),
    }))
}

/// By a batch in which one content waits.
fn due(i: &Inputs) -> Value {
    let rank = u8::try_from(i.number("rank")).unwrap();
    let own = Own {
        account: AccountId::from_bytes([1; 32]),
        devices: (0..rank).map(|first| DeviceId::from_bytes([first; 16])).collect(),
    };
    let rank = Rank::of(DeviceId::from_bytes([0xff; 16]), &own);
    let (contact, receivable) = crate::make_content::receivable();
    let mut batch = ReceiptBatch::new(contact);
    let mut random = i.random();
    batch.note(ReceiptState::Read, receivable, time(i, "now"), rank, &mut random).unwrap();
    random.finish();
    json!({ "due": batch.due().unwrap().as_millis().to_string() })
}

fn act(i: &Inputs) -> Outcome {
    let mut contact: ContactConsent = decoded(i, "contact")?;
    let home = i.text("home").parse().map_err(class)?;
    let act = match i.text("act") {
        "request" => Act::Request,
        "accept" => Act::Accept,
        "decline" => Act::Decline,
        "revoke" => Act::Revoke,
        "rotate" => Act::Rotate,
        "block" => Act::Block,
        "unblock" => Act::Unblock,
        other => panic!("unknown act {other}"),
    };
    let before = contact.encode().unwrap();
    let mut random = i.random();
    let acted = match contact.act(act, &home, time(i, "now"), &mut random) {
        Ok(acted) => acted,
        Err(error) => {
            assert_eq!(contact.encode().unwrap(), before, "nothing has changed");
            return Err(class(error));
        }
    };
    random.finish();
    let (kind, send) = match &acted.send {
        None => (0, String::new()),
        Some(Body::Consent(consent)) => (107, encoded(consent)),
        Some(Body::Token(grant)) => (106, encoded(grant)),
        Some(other) => panic!("{other:?}"),
    };
    assert!(acted.at >= time(i, "now"), "never before");
    let at = acted.at.as_millis().to_string();
    Ok(
        json!({ "contact": encoded(&contact), "at": at, "kind": kind, "send": send, "tokens": tokens(&acted.tokens) }),
    )
}

fn tokens(actions: &[TokenAction]) -> Vec<String> {
    let token = |token: &sottovoce::content::DeliveryToken| hex(token.secret().expose());
    let words = actions.iter().map(|action| match action {
        TokenAction::Add(new) => vec!["add".to_owned(), token(new)],
        TokenAction::Rotate { old, new } => vec!["rotate".to_owned(), token(old), token(new)],
        TokenAction::Sink(old) => vec!["sink".to_owned(), token(old)],
    });
    words.flatten().collect()
}
