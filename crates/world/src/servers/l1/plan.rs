//! What happens to servers, as data: drawn from a seed, written by hand, or shrunk.

use std::fmt;
use std::str::FromStr;

use crate::dice::Dice;

/// What is submitted, and what has to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// For a mailbox, with a token: it is delivered.
    Good,
    /// … with a payload.
    Payload,
    /// For a device that its server does not list yet, but will: it waits.
    New,
    /// With a token of somebody who is blocked: it looks delivered, and is not.
    Sink,
    /// With a token that nobody gave: it is refused.
    Unknown,
    /// For a device that is not listed any more: it is told so.
    Gone,
    /// With the name of a payload that never came: it is refused.
    Missing,
}

/// How a process ends during an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Before the commit.
    Before,
    /// After it, and before anything is sent.
    After,
    /// After it; what came of it is unknown, so the same input is run again.
    Ambiguous,
}

/// Something that happens. Servers are numbered from 0; frames under way, and backups, are counted modulo how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A user of the first server submits an item for one of the second.
    Submit(Kind, u8, u8),
    /// The devices of a server drain.
    Drain(u8),
    /// A frame arrives.
    Arrive(u8),
    /// A frame is lost, and its sender learns nothing.
    Lose(u8),
    /// A frame is lost, and its sender is told.
    Fail(u8),
    /// A frame arrives, and arrives again later.
    Repeat(u8),
    /// A frame that arrived before arrives again.
    Replay(u8),
    /// So many seconds pass.
    Pass(u32),
    /// The process of a server ends in its next input, and is started again.
    Crash(Crash, u8),
    /// The power of a server fails: what was not flushed is gone.
    Power(u8),
    /// The store of a server is copied.
    BackUp(u8),
    /// A copy is put back.
    Restore(u8, u8),
    /// A server loses its store. Its accounts are adopted again.
    Wipe(u8),
    /// A second process is started on a copy of the store of a server.
    Fork(u8),
    /// The clock of a server jumps by so many seconds.
    Clock(u8, i32),
    /// Frames from the first server to the second are lost from now on …
    Cut(u8, u8),
    /// … or no longer.
    Mend(u8, u8),
    /// A server lists the new device of its user.
    Admit(u8),
    /// The user of a server rotates the tokens.
    Rotate(u8),
    /// A frame of the server that lies is changed in this way.
    Lie(u8, u8),
    /// An operator lets all links of a server go on.
    Resume(u8),
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Good, "good"),
    (Kind::Payload, "payload"),
    (Kind::New, "new"),
    (Kind::Sink, "sink"),
    (Kind::Unknown, "unknown"),
    (Kind::Gone, "gone"),
    (Kind::Missing, "missing"),
];

const CRASHES: [(Crash, &str); 3] =
    [(Crash::Before, "before"), (Crash::After, "after"), (Crash::Ambiguous, "ambiguous")];

/// Faults of which each seed has some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Lose,
    Fail,
    Repeat,
    Replay,
    Crash,
    Power,
    Restore,
    Wipe,
    Fork,
    Clock,
    Cut,
    Lie,
    Rotate,
    LongPauses,
}

const FAULTS: [Fault; 14] = [
    Fault::Lose,
    Fault::Fail,
    Fault::Repeat,
    Fault::Replay,
    Fault::Crash,
    Fault::Power,
    Fault::Restore,
    Fault::Wipe,
    Fault::Fork,
    Fault::Clock,
    Fault::Cut,
    Fault::Lie,
    Fault::Rotate,
    Fault::LongPauses,
];

/// How many servers there are, and what happens to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Two or three. The third one is the one that lies, if one does.
    pub servers: u8,
    /// In this order.
    pub actions: Vec<Action>,
}

impl Plan {
    /// The plan of a seed.
    pub fn draw(dice: &mut Dice) -> Self {
        let servers = if dice.below(4) == 0 { 3 } else { 2 };
        // Restores, losses and copies undo so much that they get seeds of their own.
        let chance = 1 + dice.below(4);
        let is_calm = dice.below(3) > 0;
        let is_grave = |fault: Fault| matches!(fault, Fault::Restore | Fault::Wipe | Fault::Fork);
        let faults: Vec<_> = FAULTS
            .into_iter()
            .filter(|fault| dice.below(8) < chance && !(is_calm && is_grave(*fault)))
            .filter(|fault| *fault != Fault::Lie || servers == 3)
            .collect();
        let count = 12 + dice.below(48);
        let actions = (0..count).map(|_| action(dice, servers, &faults)).collect();
        Self { servers, actions }
    }

    /// Whether the third server lies.
    pub fn has_liar(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Lie(..)))
    }
}

fn action(dice: &mut Dice, servers: u8, faults: &[Fault]) -> Action {
    let any = u8::try_from(dice.below(256)).unwrap();
    let server = any % servers;
    let other = (server + 1 + u8::try_from(dice.below(u64::from(servers) - 1)).unwrap()) % servers;
    match dice.below(100) {
        0..22 => Action::Submit(kind(dice), server, other),
        22..64 => Action::Arrive(any),
        64..70 => Action::Drain(server),
        70..77 => Action::Pass(u32::try_from(1 + dice.below(40)).unwrap()),
        77..78 => Action::Admit(server),
        _ => match faults.get(usize::try_from(dice.below(faults.len().max(1) as u64)).unwrap()) {
            None => Action::Arrive(any),
            Some(Fault::Lose) => Action::Lose(any),
            Some(Fault::Fail) => Action::Fail(any),
            Some(Fault::Repeat) => Action::Repeat(any),
            Some(Fault::Replay) => Action::Replay(any),
            Some(Fault::Crash) => Action::Crash(CRASHES[usize::try_from(dice.below(3)).unwrap()].0, server),
            Some(Fault::Power) => Action::Power(server),
            Some(Fault::Restore) if dice.below(2) == 0 => Action::BackUp(server),
            Some(Fault::Restore) => Action::Restore(server, other),
            Some(Fault::Wipe) => Action::Wipe(server),
            Some(Fault::Fork) => Action::Fork(server),
            Some(Fault::Clock) => Action::Clock(server, jump(dice)),
            Some(Fault::Cut) if dice.below(2) == 0 => Action::Cut(server, other),
            Some(Fault::Cut) => Action::Mend(server, other),
            Some(Fault::Lie) => Action::Lie(any, u8::try_from(dice.below(256)).unwrap()),
            Some(Fault::Rotate) => Action::Rotate(server),
            Some(Fault::LongPauses) => Action::Pass(u32::try_from(dice.below(14_400)).unwrap()),
        },
    }
}

fn kind(dice: &mut Dice) -> Kind {
    match dice.below(14) {
        0 => Kind::Payload,
        1 | 2 => Kind::New,
        3 => Kind::Sink,
        4 => Kind::Unknown,
        5 => Kind::Gone,
        6 => Kind::Missing,
        _ => Kind::Good,
    }
}

/// Up to two hours ahead, or back.
fn jump(dice: &mut Dice) -> i32 {
    i32::try_from(dice.below(14_400)).unwrap() - 7_200
}

fn name<T: PartialEq>(names: &[(T, &'static str)], value: &T) -> &'static str {
    names.iter().find(|(other, _)| other == value).unwrap().1
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submit(kind, from, to) => write!(f, "submit {} {from} {to}", name(&KINDS, kind)),
            Self::Drain(at) => write!(f, "drain {at}"),
            Self::Arrive(frame) => write!(f, "arrive {frame}"),
            Self::Lose(frame) => write!(f, "lose {frame}"),
            Self::Fail(frame) => write!(f, "fail {frame}"),
            Self::Repeat(frame) => write!(f, "repeat {frame}"),
            Self::Replay(frame) => write!(f, "replay {frame}"),
            Self::Pass(seconds) => write!(f, "pass {seconds}"),
            Self::Crash(crash, at) => write!(f, "crash {} {at}", name(&CRASHES, crash)),
            Self::Power(at) => write!(f, "power {at}"),
            Self::BackUp(at) => write!(f, "back-up {at}"),
            Self::Restore(at, backup) => write!(f, "restore {at} {backup}"),
            Self::Wipe(at) => write!(f, "wipe {at}"),
            Self::Fork(at) => write!(f, "fork {at}"),
            Self::Clock(at, seconds) => write!(f, "clock {at} {seconds}"),
            Self::Cut(from, to) => write!(f, "cut {from} {to}"),
            Self::Mend(from, to) => write!(f, "mend {from} {to}"),
            Self::Admit(at) => write!(f, "admit {at}"),
            Self::Rotate(at) => write!(f, "rotate {at}"),
            Self::Lie(frame, how) => write!(f, "lie {frame} {how}"),
            Self::Resume(at) => write!(f, "resume {at}"),
        }
    }
}

/// A line each; the first says how many servers.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "servers {}", self.servers)?;
        self.actions.iter().try_for_each(|action| writeln!(f, "{action}"))
    }
}

fn number<T: FromStr>(word: Option<&&str>) -> Result<T, String> {
    word.and_then(|word| word.parse().ok()).ok_or_else(|| "a number is missing".to_owned())
}

fn named<T: Copy>(names: &[(T, &str)], word: Option<&&str>) -> Result<T, String> {
    let found = names.iter().find(|(_, name)| Some(name) == word);
    found
        .map(|(value, _)| *value)
        .ok_or_else(|| format!("not one of {:?}", names.iter().map(|n| n.1).collect::<Vec<_>>()))
}

impl FromStr for Action {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let words: Vec<_> = line.split_whitespace().collect();
        let (a, b, c) = (words.get(1), words.get(2), words.get(3));
        Ok(match *words.first().ok_or("an empty line")? {
            "submit" => Self::Submit(named(&KINDS, a)?, number(b)?, number(c)?),
            "drain" => Self::Drain(number(a)?),
            "arrive" => Self::Arrive(number(a)?),
            "lose" => Self::Lose(number(a)?),
            "fail" => Self::Fail(number(a)?),
            "repeat" => Self::Repeat(number(a)?),
            "replay" => Self::Replay(number(a)?),
            "pass" => Self::Pass(number(a)?),
            "crash" => Self::Crash(named(&CRASHES, a)?, number(b)?),
            "power" => Self::Power(number(a)?),
            "back-up" => Self::BackUp(number(a)?),
            "restore" => Self::Restore(number(a)?, number(b)?),
            "wipe" => Self::Wipe(number(a)?),
            "fork" => Self::Fork(number(a)?),
            "clock" => Self::Clock(number(a)?, number(b)?),
            "cut" => Self::Cut(number(a)?, number(b)?),
            "mend" => Self::Mend(number(a)?, number(b)?),
            "admit" => Self::Admit(number(a)?),
            "rotate" => Self::Rotate(number(a)?),
            "lie" => Self::Lie(number(a)?, number(b)?),
            "resume" => Self::Resume(number(a)?),
            word => return Err(format!("{word}?")),
        })
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let servers = lines.next().and_then(|line| line.strip_prefix("servers ")?.parse().ok());
        let servers = servers.filter(|servers| (2..=3).contains(servers)).ok_or("servers 2 or servers 3")?;
        let actions = lines.map(|line| line.parse().map_err(|error| format!("{line}: {error}")));
        Ok(Self { servers, actions: actions.collect::<Result<_, _>>()? })
    }
}
