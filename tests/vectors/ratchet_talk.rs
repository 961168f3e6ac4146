//! Conversations of the ratchet: how one runs, and how a script comes about.

use std::convert::Infallible;

use hex::encode as hex;
use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use serde_json::{Value, json};
use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::{Generator, Seed};
use sottovoce::ratchet::SkippedBlock;
use sottovoce::wire::Wire as _;

use crate::edit::{get, get_number};
use crate::inputs::{Fixed, Inputs};
use crate::make::counting;
use crate::ops::Outcome;
use crate::ops_ratchet::{self, Blocks, Outputs};

/// A device: nothing until its session has begun.
#[derive(Clone, Default)]
pub struct Side {
    pub state: Vec<u8>,
    pub blocks: Blocks,
}

/// Both ends of a session.
pub struct Talk<'a> {
    input: Inputs<'a>,
    pub a: Side,
    pub b: Side,
    messages: Vec<Vec<u8>>,
}

fn bytes(out: &Outputs, name: &str) -> Vec<u8> {
    hex::decode(out[name].as_str().unwrap()).unwrap()
}

const PHASES: [(u64, &str); 6] =
    [(11, "offering"), (12, "ready"), (13, "collecting"), (14, "holding"), (15, "answering"), (16, "closed")];

/// The phase of a state's lane, and its epoch.
pub fn lane(state: &[u8]) -> (&'static str, u64) {
    let (field, name) = *PHASES.iter().find(|(field, _)| get(state, &[*field]).is_some()).unwrap();
    (name, get_number(state, &[field, 1]).unwrap())
}

impl Side {
    /// Adds what has changed most, of the chain in the field `chain`, and a hash of all.
    fn show(&self, out: &mut Outputs, chain: u64) {
        let at = |path: &[u64]| hex(get(&self.state, path).unwrap());
        let (phase, epoch) = lane(&self.state);
        let secret = [12, 15].iter().find_map(|field| get(&self.state, &[*field, 2])).unwrap_or_default();
        out.insert("chain".to_owned(), at(&[chain, 1]).into());
        out.insert("header_keys".to_owned(), at(&[chain, 3]).into());
        out.insert("root".to_owned(), at(&[5]).into());
        out.insert("lane".to_owned(), json!([phase, epoch, hex(secret)]));
        out.insert("state".to_owned(), hex(Hash::of(&self.state).as_bytes()).into());
    }

    /// Takes what an opened message has changed.
    pub fn take(&mut self, out: &Outputs) {
        self.state = bytes(out, "state");
        for block in out["put"].as_array().unwrap() {
            let block = hex::decode(block.as_str().unwrap()).unwrap();
            self.blocks.insert(SkippedBlock::decode(&block).unwrap().id(), block);
        }
        for removed in out["removed"].as_array().unwrap() {
            let tag = hex::decode(removed[0].as_str().unwrap()).unwrap();
            let before = self.blocks.len();
            self.blocks
                .retain(|id, _| id.tag.0 != *tag || u64::from(id.index) != removed[1].as_u64().unwrap());
            assert_eq!(self.blocks.len() + 1, before, "what is removed was there");
        }
    }
}

impl<'a> Talk<'a> {
    fn begin(input: Inputs<'a>, rng: &mut impl CryptoRng) -> Result<Self, &'static str> {
        let state = ops_ratchet::begin(&input, input.number64("now"), rng)?;
        let a = Side { state, blocks: Blocks::new() };
        Ok(Self { input, a, b: Side::default(), messages: Vec::new() })
    }

    fn side(&mut self, step: &Value) -> &mut Side {
        if step["side"] == "A" { &mut self.a } else { &mut self.b }
    }

    /// What a step comes to. The next step has the next number, whatever it is.
    fn run(&mut self, step: &Value, rng: &mut impl CryptoRng) -> Value {
        let outcome = if step["do"] == "seal" { self.seal(step, rng) } else { self.open(step) };
        let message = outcome.as_ref().ok().and_then(|out| out.get("message"));
        self.messages
            .push(message.map(|message| hex::decode(message.as_str().unwrap()).unwrap()).unwrap_or_default());
        outcome.map_or_else(|class| json!({ "error": class }), Value::from)
    }

    fn seal(&mut self, step: &Value, rng: &mut impl CryptoRng) -> Result<Outputs, &'static str> {
        let (ciphertext, k3) = (self.input.bytes("ciphertext"), self.input.array("k3"));
        let answer = (step["side"] == "B").then_some((&*ciphertext, k3));
        let (step_input, side) = (Inputs(step), self.side(step));
        let state = ops_ratchet::decoded(&side.state)?;
        let now = step_input.number64("now");
        let mut out = ops_ratchet::seal(state, answer, &step_input.bytes("content"), now, rng)?;
        side.state = bytes(&out, "state");
        side.show(&mut out, 8);
        Ok(out)
    }

    fn open(&mut self, step: &Value) -> Result<Outputs, &'static str> {
        let mut message = self.messages[usize::try_from(step["message"].as_u64().unwrap()).unwrap()].clone();
        if let Some(at) = step.get("flip") {
            message[usize::try_from(at.as_u64().unwrap()).unwrap()] ^= 1;
        }
        let now = Inputs(step).number64("now");
        let (expected, k3) = (self.input.bytes("ciphertext"), self.input.array("k3"));
        let mut out = if step["side"] == "B" && self.b.state.is_empty() {
            ops_ratchet::accept(&self.input, &message, now)?
        } else {
            let side = self.side(step);
            let given = |ciphertext: &[u8]| (ciphertext == expected).then_some(k3);
            ops_ratchet::open(ops_ratchet::decoded(&side.state)?, &side.blocks, given, &message, now)?
        };
        let side = self.side(step);
        side.take(&out);
        out = ops_ratchet::hashed(out);
        side.show(&mut out, 10);
        Ok(out)
    }
}

/// `ratchet.converse`.
pub fn converse(i: &Inputs) -> Outcome {
    let mut random = i.random();
    let mut talk = Talk::begin(Inputs(i.0), &mut random)?;
    random.finish();
    let mut results = Vec::new();
    for step in i.0["steps"].as_array().unwrap() {
        let drawn = step.get("random").map(|random| hex::decode(random.as_str().unwrap()).unwrap());
        let mut random = Fixed::new(drawn.unwrap_or_default());
        results.push(talk.run(step, &mut random));
        random.finish();
    }
    Ok(json!({ "steps": results, "states": [hex(&talk.a.state), hex(&talk.b.state)] }))
}

/// A generator that remembers what was drawn.
struct Recorder {
    generator: Generator,
    drawn: Vec<u8>,
}

impl TryRng for Recorder {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("the library draws bytes only")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("the library draws bytes only")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.generator.try_fill_bytes(out).unwrap();
        self.drawn.extend_from_slice(out);
        Ok(())
    }
}

impl TryCryptoRng for Recorder {}

/// A script in the making: each step is carried out while it is written down, so that all draws are known.
pub struct Script {
    input: Value,
    random: Recorder,
    pub now: u64,
    steps: Vec<Value>,
    /// What each step came to.
    pub results: Vec<Value>,
    pub a: Side,
    pub b: Side,
    messages: Vec<Vec<u8>>,
}

/// When scripts begin.
pub const BEGUN: u64 = 1_764_000_000_000;

/// The keys of a session, and the first answer to it.
pub fn session(number: u8) -> Value {
    let key = |first: u8| hex(counting(number.wrapping_mul(37).wrapping_add(first), 32));
    json!({
        "root": key(1), "chain": key(2), "header": key(3), "next_header_of_responder": key(4),
        "next_header_of_initiator": key(5), "link": key(7), "transcript": key(6),
    })
}

impl Script {
    pub fn new(number: u8) -> Self {
        let seed = Seed::from_bytes(counting(number, 32).try_into().unwrap()).unwrap();
        let mut random = Recorder { generator: seed.into_generator(), drawn: Vec::new() };
        let mut input = session(number);
        input["ciphertext"] = hex(counting(number, 1088)).into();
        input["k3"] = hex(counting(number.wrapping_add(100), 32)).into();
        input["now"] = BEGUN.to_string().into();
        let a = Talk::begin(Inputs(&input), &mut random).unwrap().a;
        input["random"] = hex(random.drawn.drain(..).collect::<Vec<_>>()).into();
        let (steps, results, messages) = (Vec::new(), Vec::new(), Vec::new());
        Self { input, random, now: BEGUN, steps, results, a, b: Side::default(), messages }
    }

    /// Carries out one step a second later. Its number.
    fn step(&mut self, mut step: Value) -> usize {
        self.now += 1000;
        step["now"] = self.now.to_string().into();
        let mut talk = Talk {
            input: Inputs(&self.input),
            a: std::mem::take(&mut self.a),
            b: std::mem::take(&mut self.b),
            messages: std::mem::take(&mut self.messages),
        };
        let result = talk.run(&step, &mut self.random);
        (self.a, self.b, self.messages) = (talk.a, talk.b, talk.messages);
        if step["do"] == "seal" {
            step["random"] = hex(self.random.drawn.drain(..).collect::<Vec<_>>()).into();
        }
        self.steps.push(step);
        self.results.push(result);
        self.steps.len() - 1
    }

    pub fn seal(&mut self, side: &str, content: &[u8]) -> usize {
        let step = self.step(json!({ "do": "seal", "side": side, "content": hex(content) }));
        assert!(self.results[step].get("error").is_none(), "{step}: {}", self.results[step]);
        step
    }

    /// Seals several messages, with so much content each.
    pub fn burst(&mut self, side: &str, count: usize, length: usize) -> Vec<usize> {
        (0..count).map(|number| self.seal(side, &counting(number.to_le_bytes()[0], length))).collect()
    }

    pub fn open(&mut self, side: &str, message: usize) {
        let step = self.step(json!({ "do": "open", "side": side, "message": message }));
        assert!(self.results[step].get("error").is_none(), "{step}: {}", self.results[step]);
    }

    pub fn open_all(&mut self, side: &str, messages: &[usize]) {
        for message in messages {
            self.open(side, *message);
        }
    }

    /// A message that is refused.
    pub fn refuse(&mut self, side: &str, message: usize, class: &str) {
        let step = self.step(json!({ "do": "open", "side": side, "message": message }));
        assert_eq!(self.results[step], json!({ "error": class }), "{step}");
    }

    /// A message that is refused because one byte was changed.
    pub fn damage(&mut self, side: &str, message: usize, at: usize, class: &str) {
        let step = self.step(json!({ "do": "open", "side": side, "message": message, "flip": at }));
        assert_eq!(self.results[step], json!({ "error": class }), "{step}");
    }

    pub fn message(&self, step: usize) -> Vec<u8> {
        self.messages[step].clone()
    }

    pub fn input(&self) -> Value {
        let mut input = self.input.clone();
        input["steps"] = self.steps.clone().into();
        input
    }
}
