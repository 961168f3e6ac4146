//! How much a server can be made to say.

use sottovoce::crypto::hash::Hash;
use sottovoce::identity::chain::{Order, Subject as _};
use sottovoce::identity::ids::{DeviceId, RequestId};
use sottovoce::server::frame::{Access, Claim, Lookup, Part, Seen};
use sottovoce::server::{Output, Pseudonym, Token};

use crate::people::claim_of;
use crate::scene::{Cost, Scene, TOKEN, batch, frame, item, sign};
use crate::servers::Identities;

/// What is said to a frame: bytes to whoever sent it, and messages to others.
struct Said {
    reply: usize,
    elsewhere: usize,
}

fn said(cost: &Cost) -> Said {
    let mut said = Said { reply: 0, elsewhere: 0 };
    for output in &cost.outputs {
        match output {
            Output::Reply(bytes) => said.reply += bytes.len(),
            Output::Fetch(_) | Output::Post { .. } => said.elsewhere += 1,
            Output::Notify(_) | Output::Push { .. } => {}
        }
    }
    said
}

fn name(number: u32) -> RequestId {
    RequestId::from_bytes(Hash::of(&number.to_be_bytes()).truncated())
}

fn lookup(scene: &Scene, number: u32) -> Part {
    let address = scene.bob.address.parse().unwrap();
    Part::Lookup(Lookup { request: name(number), address, pseudonym: Pseudonym::from_bytes([2; 16]) })
}

fn claim(scene: &Scene, number: u32) -> Part {
    let claim = claim_of(&scene.bob, scene.bob.device.id(), number.into());
    Part::Claim(Claim { claim, access: Access::Token(TOKEN) })
}

/// What anyone can ask for, by what it is made of.
fn requests(scene: &Scene, from: &Identities) -> Vec<(&'static str, Vec<Part>)> {
    let to = scene.id();
    let order = Order { term: 0, version: 1 };
    let alternating = |number: u64| match number % 2 {
        0 => item(number, TOKEN, DeviceId::from_bytes([9; 16]), Order { term: 0, version: 0 }),
        _ => item(number, Token::from_bytes([9; 16]), scene.bob.device.id(), order),
    };
    let some = |make: &dyn Fn(u32) -> Part, count| (0..count).map(make).collect::<Vec<_>>();
    vec![
        ("nothing", Vec::new()),
        ("where one stream is", vec![batch(from, to, 1, Vec::new())]),
        ("where 16 streams are", some(&|stream| batch(from, to, stream, Vec::new()), 16)),
        ("one item", vec![batch(from, to, 1, scene.items(1))]),
        ("1,000 items", vec![batch(from, to, 1, scene.items(1_000))]),
        ("1,000 empty items", vec![batch(from, to, 1, vec![Vec::new(); 1_000])]),
        ("400 items, a verdict for each", vec![batch(from, to, 1, (0..400).map(alternating).collect())]),
        ("one look-up", some(&|number| lookup(scene, number), 1)),
        ("64 look-ups", some(&|number| lookup(scene, number), 64)),
        ("128 look-ups", some(&|number| lookup(scene, number), 128)),
        ("one claim", some(&|number| claim(scene, number), 1)),
        ("64 claims", some(&|number| claim(scene, number), 64)),
    ]
}

fn ratio(name: &str, cost: &Cost) -> (f64, Said) {
    let said = said(cost);
    let ratio = f64::from(u32::try_from(said.reply).unwrap()) / f64::from(u32::try_from(cost.bytes).unwrap());
    println!(
        "{name:<52} {:>7} B in | {:>7} B out | {ratio:>6.2} | {} to others | {} written",
        cost.bytes, said.reply, said.elsewhere, cost.rows
    );
    (ratio, said)
}

/// F-11, F-21: whoever is not known is answered with less than it sends, at most one other server is asked about it, and what is written is the state of that
/// question.
#[test]
fn f_11_f_21_strangers_get_less_than_they_send() {
    let mut scene = Scene::new();
    let (to, now) = (scene.id(), scene.home.now);
    for (name, parts) in requests(&scene, &scene.stranger) {
        let mut introduced = frame(&scene.stranger, to, now, parts);
        introduced.manifest = Some(scene.stranger.manifest.manifest());
        let bytes = sign(&scene.stranger, &introduced);
        let cost = scene.cost(bytes);
        let (ratio, said) = ratio(&format!("a stranger: {name}"), &cost);
        assert!(ratio <= 1.5 && said.elsewhere <= 1 && cost.rows <= 4, "{name}: {ratio}");
    }
}

/// F-11: what a known server is answered is the most for look-ups, which answer a short question with a manifest; one answer is bounded, and
/// so is how many there are in an hour.
#[test]
fn f_11_known_servers_are_answered_within_bounds() {
    let mut scene = Scene::new();
    let (to, now) = (scene.id(), scene.home.now);
    for (name, parts) in requests(&scene, &scene.known) {
        let mut frame = frame(&scene.known, to, now, parts);
        // Otherwise it is sent the manifest each time, as in the last row.
        frame.yours = Some(Seen::of(&scene.home.identity()));
        let bytes = sign(&scene.known, &frame);
        let cost = scene.cost(bytes);
        let (ratio, said) = ratio(&format!("a known server: {name}"), &cost);
        let is_question = name.contains("look-up") || name.contains("claim");
        let limit = if is_question { 200.0 } else { 4.0 };
        assert!(ratio <= limit, "{name}: {ratio}");
        assert!(said.elsewhere == 0 && said.reply <= 2 << 20, "{name}");
    }
    let cost = scene.cost(sign(&scene.known, &frame(&scene.known, to, now, Vec::new())));
    let (ratio, _) = ratio("a known server: nothing, and not what it holds", &cost);
    assert!(ratio <= 30.0, "{ratio}");
}

/// F-11: look-ups have a budget. What is over it is answered with nothing.
#[test]
fn f_11_look_ups_of_a_server_run_out() {
    let mut scene = Scene::new();
    let (to, now) = (scene.id(), scene.home.now);
    let [mut sent, mut answered] = [0_usize; 2];
    for round in 0..40_u32 {
        let parts = (0..64).map(|number| lookup(&scene, round * 64 + number)).collect();
        let mut frame = frame(&scene.known, to, now, parts);
        frame.request = name(round);
        let bytes = sign(&scene.known, &frame);
        sent += bytes.len();
        for output in scene.tell(bytes) {
            if let Output::Reply(bytes) = output {
                answered += bytes.len();
            }
        }
    }
    println!("2,560 look-ups at once: {sent} B in, {answered} B out");
    // 1,000 of about 10 kB, and 1,560 times nothing.
    assert!(answered < 1_000 * 11_000 + 1_560 * 60 + 40 * 4_000, "{answered}");
}
