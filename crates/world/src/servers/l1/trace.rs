//! What happens, in words.

use sottovoce::server::frame::{Frame, Part};
use sottovoce::server::hazmat::{Input, Said};

pub(super) fn input(input: &Input) -> String {
    match input {
        Input::PeerReply { reply: None, .. } => "<- nothing".to_owned(),
        Input::Peer(frame) | Input::PeerReply { reply: Some(frame), .. } => {
            format!("<- {}", frame_of(frame))
        }
        Input::Introduce(domain, _) => format!("{domain} is introduced"),
        Input::Submit { to, item, .. } => format!("submit {:?} for {to}", item.id),
        Input::Mailboxes(operation) => {
            let text = format!("{operation:?}");
            text.split([' ', '(']).next().unwrap_or_default().to_owned()
        }
        Input::Resume(domain) => format!("resume {domain}"),
        Input::Wake => "wake".to_owned(),
    }
}

pub(super) fn said(said: &Said) -> String {
    match said {
        Said::Reply(frame) => format!("   -> {}", frame_of(frame)),
        Said::Post(post) => format!("   => {} {}", post.to, frame_of(&post.frame)),
        Said::Taken(is_taken) => format!("   taken: {is_taken}"),
        Said::Mailboxes(_) => "   done".to_owned(),
        Said::Other(output) => format!("   {output:?}"),
    }
}

fn frame_of(frame: &Frame) -> String {
    let parts: Vec<_> = frame.parts.iter().map(part).collect();
    let short = |id: sottovoce::identity::ids::RequestId| format!("{:02x?}", &id.as_bytes()[..2]);
    format!("{} for {:?}: {}", short(frame.request), frame.reply_to.map(short), parts.join(", "))
}

fn part(part: &Part) -> String {
    match part {
        Part::Batch(batch) => {
            format!("batch epoch {} first {} of {}", batch.epoch, batch.first, batch.items.len())
        }
        Part::Position(position) => format!(
            "position epoch {} next {} from {} {:?} {:?}",
            position.epoch,
            position.next,
            position.last_first,
            position.verdicts.iter().map(|verdict| verdict.code).collect::<Vec<_>>(),
            position.window.not_before
        ),
        _ => "something else".to_owned(),
    }
}
