//! Every state that a model can come to, nearest first.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::thread;
use std::time::Instant;

use sha2::{Digest as _, Sha256};

/// Something that has states, and steps from each.
pub trait Model: Sync {
    /// A state.
    type State: Clone + Send + Sync;
    /// What leads to the next one.
    type Event: Display;

    /// Where it begins.
    fn start(&self) -> Self::State;
    /// What can happen in a state. The order is the same each time.
    fn events(&self, state: &Self::State) -> Vec<Self::Event>;
    /// The state after an event, or what is broken by it.
    fn step(&self, state: &Self::State, event: &Self::Event) -> Result<Self::State, String>;
    /// What is broken in a state.
    fn check(&self, state: &Self::State) -> Result<(), String>;
    /// The same bytes for states that are alike.
    fn encode(&self, state: &Self::State) -> Vec<u8>;
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Explored {
    /// Different states.
    pub states: u64,
    /// Steps between them.
    pub steps: u64,
    /// Steps of the longest shortest way to one.
    pub depth: u64,
    /// Whether there was nothing left to explore.
    pub complete: bool,
    /// Seconds that it took.
    pub seconds: f64,
    /// The shortest way to something broken, an event a line, and what is broken.
    pub violation: Option<(Vec<String>, String)>,
}

impl Explored {
    /// Adds what came of another exploration.
    pub fn add(&mut self, other: Self) {
        self.states += other.states;
        self.steps += other.steps;
        self.depth = self.depth.max(other.depth);
        self.complete &= other.complete;
        self.seconds += other.seconds;
        self.violation = self.violation.take().or(other.violation);
    }
}

impl Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, steps, depth, seconds, violation, complete: _ } = self;
        let violations = u8::from(violation.is_some());
        write!(f, "{states} states, {steps} steps, depth {depth}, {violations} violations, {seconds:.1} s")
    }
}

/// 128 bits of SHA-256: among 10^9 states two have the same with probability 10^-21.
type Print = [u8; 16];

/// How a state was reached first.
#[derive(Clone, Copy)]
struct Way {
    parent: u32,
    event: u16,
}

struct Found<S> {
    print: Print,
    way: Way,
    state: S,
}

/// What one worker found in its part of a level.
struct Part<S> {
    steps: u64,
    found: Vec<Found<S>>,
    broken: Option<(Way, String)>,
}

/// Visits every state, but no more than `most`.
pub fn explore<M: Model>(model: &M, most: u64) -> Explored {
    let start = Instant::now();
    let mut explored = Explored::default();
    let first = model.start();
    let mut seen = BTreeSet::from([print(&model.encode(&first))]);
    let mut ways = vec![Way { parent: u32::MAX, event: 0 }];
    let mut level = vec![(0_u32, first)];
    while !level.is_empty() && explored.violation.is_none() && (seen.len() as u64) < most {
        let mut next = Vec::new();
        for part in parts(model, &level, &seen) {
            explored.steps += part.steps;
            if let Some((way, broken)) = part.broken
                && explored.violation.is_none()
            {
                explored.violation = Some((trace(model, &ways, way), broken));
            }
            for Found { print, way, state } in part.found {
                if seen.insert(print) {
                    next.push((u32::try_from(ways.len()).unwrap(), state));
                    ways.push(way);
                }
            }
        }
        explored.depth += u64::from(!next.is_empty());
        level = next;
    }
    explored.states = seen.len() as u64;
    explored.complete = level.is_empty();
    explored.seconds = start.elapsed().as_secs_f64();
    explored
}

/// A level, divided among the processors.
fn parts<M: Model>(model: &M, level: &[(u32, M::State)], seen: &BTreeSet<Print>) -> Vec<Part<M::State>> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    if level.len() < 256 || workers == 1 {
        return vec![part(model, level, seen)];
    }
    thread::scope(|scope| {
        let chunks = level.chunks(level.len().div_ceil(workers));
        let workers: Vec<_> = chunks.map(|chunk| scope.spawn(|| part(model, chunk, seen))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    })
}

fn part<M: Model>(model: &M, level: &[(u32, M::State)], seen: &BTreeSet<Print>) -> Part<M::State> {
    let mut part = Part { steps: 0, found: Vec::new(), broken: None };
    let mut own = BTreeSet::new();
    for (parent, state) in level {
        for (number, event) in model.events(state).iter().enumerate() {
            let way = Way { parent: *parent, event: u16::try_from(number).unwrap() };
            part.steps += 1;
            let next = match model.step(state, event) {
                Ok(next) => next,
                Err(broken) => {
                    part.broken = Some((way, broken));
                    return part;
                }
            };
            let print = print(&model.encode(&next));
            if seen.contains(&print) || !own.insert(print) {
                continue;
            }
            if let Err(broken) = model.check(&next) {
                part.broken = Some((way, broken));
                return part;
            }
            part.found.push(Found { print, way, state: next });
        }
    }
    part
}

/// The events from the start, by taking them again.
fn trace<M: Model>(model: &M, ways: &[Way], last: Way) -> Vec<String> {
    let mut numbers = vec![last.event];
    let mut at = last.parent;
    while at != 0 {
        let way = ways[usize::try_from(at).unwrap()];
        numbers.push(way.event);
        at = way.parent;
    }
    let (mut state, mut said) = (model.start(), Vec::new());
    for (step, number) in numbers.iter().rev().enumerate() {
        let event = model.events(&state).swap_remove(usize::from(*number));
        said.push(event.to_string());
        if step + 1 < numbers.len() {
            state = model.step(&state, &event).unwrap();
        }
    }
    said
}

fn print(bytes: &[u8]) -> Print {
    Sha256::digest(bytes)[..16].try_into().unwrap()
}
