//! Vectors of the question which session is used: events in an order, and what became of them.

use hex::encode as hex;
use serde_json::{Value, json};

use crate::make::File;

const START: u64 = 1_795_000_000_000;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// Events, each a time after the start, with hand-written words of what becomes of it.
struct Story {
    events: Vec<Value>,
    answers: Vec<Value>,
}

/// Of which sessions a beginning has proofs.
#[derive(Clone, Copy)]
struct Linked {
    active: bool,
    former: bool,
}

const NOT: Linked = Linked { active: false, former: false };
const ACTIVE: Linked = Linked { active: true, former: false };
const FORMER: Linked = Linked { active: false, former: true };
const BOTH: Linked = Linked { active: true, former: true };

fn session(number: u8) -> String {
    hex([number; 32])
}

const fn story() -> Story {
    Story { events: Vec::new(), answers: Vec::new() }
}

impl Story {
    fn event(mut self, event: Value, answer: Value) -> Self {
        self.events.push(event);
        self.answers.push(answer);
        self
    }

    fn begin(self, number: u8, at: u64) -> Self {
        let event = json!({ "do": "begin", "session": session(number), "at": (START + at).to_string() });
        self.event(event, "active".into())
    }

    fn accept(self, number: u8, linked: Linked, at: u64, answer: &str) -> Self {
        let Linked { active, former } = linked;
        let event = json!({ "do": "accept", "session": session(number), "active": active, "former": former, "at": (START + at).to_string() });
        self.event(event, answer.into())
    }

    /// Begun by somebody who has given up another one for it.
    fn accept_after(self, (number, given_up): (u8, u8), linked: Linked, at: u64, answer: &str) -> Self {
        let Linked { active, former } = linked;
        let event = json!({ "do": "accept_after", "session": session(number), "given_up": hex([given_up; 16]), "active": active, "former": former, "at": (START + at).to_string() });
        self.event(event, answer.into())
    }

    fn settle(self, number: u8) -> Self {
        self.event(json!({ "do": "settle", "session": session(number) }), "settled".into())
    }

    fn settles_nothing(self, number: u8) -> Self {
        self.event(json!({ "do": "settle", "session": session(number) }), "nothing".into())
    }

    fn withdraw(self, number: u8) -> Self {
        self.event(json!({ "do": "withdraw", "name": hex([number; 16]) }), "heard".into())
    }

    fn probe(self, at: u64) -> Self {
        self.event(json!({ "do": "probe", "at": (START + at).to_string() }), "sealed".into())
    }

    fn outlast(self, at: u64, answer: &str) -> Self {
        self.event(json!({ "do": "outlast", "at": (START + at).to_string() }), answer.into())
    }

    fn decide(self, believed: bool, at: u64, answer: &str) -> Self {
        let event = json!({ "do": "decide", "believed": believed, "at": (START + at).to_string() });
        self.event(event, answer.into())
    }

    fn expire(self, at: u64, gone: &[u8]) -> Self {
        let gone: Vec<_> = gone.iter().map(|number| session(*number)).collect();
        self.event(json!({ "do": "expire", "at": (START + at).to_string() }), gone.into())
    }

    /// 1 is active and settled.
    fn settled() -> Self {
        story().begin(1, 0).settle(1)
    }

    /// 1 is settled and former, 5 was begun here.
    fn begun_again() -> Self {
        Self::settled().begin(5, HOUR)
    }

    /// 1 is settled and former, 5 was begun there.
    fn begun_there() -> Self {
        Self::settled().accept(5, ACTIVE, HOUR, "active")
    }

    fn contested() -> Self {
        Self::settled().accept(2, NOT, HOUR, "contested")
    }

    /// So many former ones, and an active one.
    fn crowded(count: u8) -> Self {
        (1..=count + 1).fold(story(), |story, number| story.begin(number, u64::from(number)))
    }
}

pub fn lineages() -> File {
    let mut file = File::new("9.4", "which session is used with a device");
    let stories = [rows(), met(), withdrawals(), hours(), contests(), crowds()];
    for (name, story) in stories.into_iter().flatten() {
        let out = file.good(name, "lineage.run", json!({ "events": story.events }));
        assert_eq!(out["answers"], Value::from(story.answers), "{name}");
    }
    file
}

type Stories = Vec<(&'static str, Story)>;

/// Each line of the table, and each of its conditions.
fn rows() -> Stories {
    let (settled, again, there) = (Story::settled, Story::begun_again, Story::begun_there);
    vec![
        ("nothing", story()),
        ("none: begun here", story().begin(1, 0)),
        ("none: begun there", story().accept(1, NOT, 0, "active")),
        ("none: begun there, named as withdrawn", story().withdraw(1).accept(1, NOT, 0, "active")),
        ("settled: linked", settled().accept(2, ACTIVE, HOUR, "active")),
        (
            "settled: linked, the name is higher or lower",
            story().begin(9, 0).settle(9).accept(2, ACTIVE, 1, "active"),
        ),
        (
            "settled, begun there: linked",
            story().accept(1, NOT, 0, "active").settle(1).accept(2, ACTIVE, 1, "active"),
        ),
        ("settled: not linked", settled().accept(2, NOT, HOUR, "contested")),
        (
            "settled, begun there: not linked",
            story().accept(1, NOT, 0, "active").settle(1).accept(2, NOT, 1, "contested"),
        ),
        (
            "settled: linked to the former one only",
            again().settle(5).accept(7, FORMER, 2 * HOUR, "contested"),
        ),
        ("settled: linked to both", again().settle(5).accept(7, BOTH, 2 * HOUR, "active")),
        ("settled: named as withdrawn", settled().withdraw(2).accept(2, NOT, HOUR, "former")),
        ("settled: named as withdrawn, linked", settled().withdraw(2).accept(2, ACTIVE, HOUR, "former")),
        ("begun here: the first, lower", story().begin(1, 0).accept(2, NOT, 1, "former")),
        ("begun here: the first, higher", story().begin(2, 0).accept(1, NOT, 1, "active")),
        ("begun here again: not linked", again().accept(2, NOT, 2 * HOUR, "contested")),
        ("begun here again: linked to the active one, lower", again().accept(7, ACTIVE, 2 * HOUR, "active")),
        ("begun here again: linked to the active one, higher", again().accept(3, ACTIVE, 2 * HOUR, "active")),
        ("begun here again: linked to the former one, lower", again().accept(7, FORMER, 2 * HOUR, "former")),
        ("begun here again: linked to the former one, higher", again().accept(3, FORMER, 2 * HOUR, "active")),
        (
            "begun here again, none settled: not linked, lower",
            story().begin(1, 0).begin(5, 1).accept(7, NOT, 2, "former"),
        ),
        (
            "begun here again, none settled: not linked, the row is lower",
            story().begin(1, 0).begin(5, 1).accept(3, NOT, 2, "former"),
        ),
        (
            "begun here again, none settled: not linked, the row is higher",
            story().begin(5, 0).begin(1, 1).accept(3, NOT, 2, "active"),
        ),
        (
            "begun here, the other side's row is lower",
            story().begin(4, 0).accept_after((7, 2), NOT, 1, "active"),
        ),
        (
            "begun here, the other side's row is higher",
            story().begin(4, 0).accept_after((2, 7), NOT, 1, "former"),
        ),
        (
            "begun here, the other side's row is withdrawn",
            story().begin(4, 0).withdraw(2).accept_after((3, 2), NOT, 1, "former"),
        ),
        (
            "begun here, the other side's row is withdrawn, and linked",
            story().begin(4, 0).withdraw(2).accept_after((3, 2), ACTIVE, 1, "active"),
        ),
        (
            "begun here, given up, begun here again: the row stays",
            story().begin(6, 0).accept(3, NOT, 1, "active").begin(9, 2).accept(7, NOT, 3, "former"),
        ),
        (
            "begun here, the former one is settled late",
            story().begin(1, 0).begin(5, 1).settle(1).accept(3, NOT, 2, "contested"),
        ),
        ("begun there: linked to the active one", there().accept(7, ACTIVE, HOUR + 1, "active")),
        ("begun there: linked to the former one", there().accept(7, FORMER, HOUR + 1, "active")),
        ("begun there: not linked", there().accept(7, NOT, HOUR + 1, "contested")),
        (
            "begun there, the first: not linked",
            story().accept(1, NOT, 0, "active").accept(2, NOT, 1, "contested"),
        ),
        (
            "begun there, the first: linked",
            story().accept(1, NOT, 0, "active").accept(2, ACTIVE, 1, "active"),
        ),
    ]
}

/// Both begin, in all orders.
fn met() -> Stories {
    vec![
        ("both begin, the lower here", story().begin(1, 0).accept(2, NOT, 1, "former").settle(1)),
        ("both begin, the higher here", story().begin(2, 0).accept(1, NOT, 1, "active").settle(1)),
        (
            "both begin, the answer comes first",
            story().begin(1, 0).settle(1).withdraw(2).accept(2, NOT, 1, "former"),
        ),
        ("both begin, and nothing is named", story().begin(1, 0).settle(1).accept(2, NOT, 1, "contested")),
        (
            "both begin, and it is named late",
            story().begin(1, 0).settle(1).accept(2, NOT, 1, "contested").withdraw(2),
        ),
        ("both begin, and it is named after the probe", Story::contested().probe(2 * HOUR).withdraw(2)),
        ("three begin", story().begin(3, 0).accept(2, NOT, 1, "active").accept(1, ACTIVE, 2, "active")),
        ("the former one settles", story().begin(1, 0).accept(2, NOT, 1, "former").settle(2)),
        ("one settles once", Story::settled().settles_nothing(1)),
        ("an unknown one settles nothing", Story::settled().settles_nothing(2)),
        ("given up, then begun again", story().begin(2, 0).accept(1, NOT, 1, "active").begin(4, 2)),
        (
            "given up, then replaced",
            story().begin(2, 0).accept(1, NOT, 1, "active").settle(1).accept(4, ACTIVE, 2, "active"),
        ),
    ]
}

fn withdrawals() -> Stories {
    let five = || (0x21..=0x25).fold(Story::settled(), Story::withdraw);
    vec![
        ("four names are remembered: the newest", five().accept(0x25, NOT, 1, "former")),
        ("four names are remembered: the oldest of them", five().accept(0x22, NOT, 1, "former")),
        ("four names are remembered: one before", five().accept(0x21, NOT, 1, "contested")),
        (
            "a name that is said again stays where it is",
            (0x21..=0x24).fold(Story::settled(), Story::withdraw).withdraw(0x21).withdraw(0x25).accept(
                0x21,
                NOT,
                1,
                "contested",
            ),
        ),
        ("the name of another contested one", Story::contested().withdraw(9)),
        ("the name of the active one", Story::settled().withdraw(1)),
        ("the name of the contested one", Story::contested().withdraw(2).decide(true, 2 * HOUR, "nothing")),
    ]
}

/// A settled session is replaced at most once an hour.
fn hours() -> Stories {
    let replaced = || Story::settled().accept(2, ACTIVE, HOUR, "active").settle(2);
    vec![
        ("a replacement a moment before the hour", replaced().accept(3, ACTIVE, 2 * HOUR - 1, "too-soon")),
        ("a replacement after the hour", replaced().accept(3, ACTIVE, 2 * HOUR, "active")),
        ("a replacement at once", replaced().accept(3, ACTIVE, HOUR, "too-soon")),
        ("a replacement after the clock was set back", replaced().accept(3, ACTIVE, HOUR - 1, "active")),
        (
            "a replacement of an unsettled one",
            Story::settled().accept(2, ACTIVE, HOUR, "active").accept(3, ACTIVE, HOUR, "active"),
        ),
        (
            "a replacement after one was begun here",
            replaced().begin(4, HOUR + 1).settle(4).accept(5, ACTIVE, HOUR + 2, "too-soon"),
        ),
        ("one that is not linked within the hour", replaced().accept(3, NOT, HOUR + 1, "contested")),
        (
            "too soon, then again",
            replaced().accept(3, ACTIVE, HOUR + 1, "too-soon").accept(3, ACTIVE, 2 * HOUR, "active"),
        ),
        (
            "too soon, then named as withdrawn",
            replaced().accept(3, ACTIVE, HOUR + 1, "too-soon").withdraw(3).accept(
                3,
                ACTIVE,
                HOUR + 2,
                "former",
            ),
        ),
        (
            "a replacement within the hour of a decision",
            Story::contested().decide(true, 2 * HOUR, "active").settle(2).accept(
                3,
                ACTIVE,
                3 * HOUR - 1,
                "too-soon",
            ),
        ),
    ]
}

fn contests() -> Stories {
    let contested = Story::contested;
    let probed = || contested().probe(2 * HOUR);
    vec![
        ("contested, no probe, a week", contested().outlast(8 * DAY, "nothing")),
        ("contested, a moment before the day", probed().outlast(2 * HOUR + DAY - 1, "nothing")),
        ("contested, the day is over", probed().outlast(2 * HOUR + DAY, "active")),
        (
            "contested, the day counts from the probe",
            contested().probe(DAY).outlast(DAY + HOUR, "nothing").outlast(2 * DAY, "active"),
        ),
        ("contested, after the clock was set back", probed().outlast(HOUR, "active")),
        (
            "none is contested",
            Story::settled().outlast(8 * DAY, "nothing").decide(true, 8 * DAY, "nothing").decide(
                false,
                8 * DAY,
                "nothing",
            ),
        ),
        ("contested and believed", contested().decide(true, 2 * HOUR, "active")),
        ("contested and not believed", contested().decide(false, 2 * HOUR, "deleted").expire(2 * HOUR, &[2])),
        (
            "contested and not believed, twice",
            contested().decide(false, 2 * HOUR, "deleted").decide(false, 2 * HOUR, "nothing"),
        ),
        (
            "contested and believed while another was begun here",
            Story::begun_again().accept(2, NOT, HOUR, "contested").decide(true, 2 * HOUR, "active"),
        ),
        ("contested, another one within the day", contested().accept(3, NOT, HOUR + DAY - 1, "too-soon")),
        (
            "contested, another one after the day",
            contested().accept(3, NOT, HOUR + DAY, "contested").expire(HOUR + DAY, &[2]),
        ),
        (
            "contested, another one within the day of the probe",
            probed().accept(3, NOT, HOUR + DAY, "too-soon"),
        ),
        (
            "contested, another one after the day of the probe",
            probed().accept(3, NOT, 2 * HOUR + DAY, "contested").outlast(9 * DAY, "nothing"),
        ),
        (
            "contested, then a linked one",
            contested().accept(3, ACTIVE, 2 * HOUR, "active").decide(false, 3 * HOUR, "deleted"),
        ),
        ("contested, then begun here", contested().begin(3, 2 * HOUR).decide(true, 3 * HOUR, "active")),
        (
            "contested, then a linked one: another probe is due in it",
            probed()
                .accept(3, ACTIVE, 3 * HOUR, "active")
                .outlast(3 * DAY, "nothing")
                .probe(3 * DAY)
                .outlast(4 * DAY, "active"),
        ),
        ("a contested one proves nothing", contested().accept(3, NOT, 2 * HOUR, "too-soon")),
        (
            "contested again after a decision",
            contested().decide(false, 2 * HOUR, "deleted").accept(3, NOT, 2 * HOUR, "contested"),
        ),
    ]
}

fn crowds() -> Stories {
    let month = 30 * DAY;
    vec![
        ("former for 30 days", Story::begun_again().expire(HOUR + month - 1, &[]).expire(HOUR + month, &[1])),
        ("four are former", Story::crowded(4).expire(DAY, &[])),
        ("five are former", Story::crowded(5).expire(DAY, &[1])),
        ("eight are former", Story::crowded(8).expire(DAY, &[1, 2, 3, 4])),
        (
            "eight are former: refused",
            Story::crowded(8)
                .accept(0x31, NOT, DAY, "too-soon")
                .expire(DAY, &[1, 2, 3, 4])
                .accept(0x31, NOT, DAY, "former"),
        ),
        (
            "eight are former: refused, even if named as withdrawn",
            Story::crowded(8).withdraw(0x31).accept(0x31, NOT, DAY, "too-soon"),
        ),
        ("seven are former: taken", Story::crowded(7).accept(0x31, NOT, DAY, "former")),
        ("all are over", Story::crowded(5).expire(40 * DAY, &[1, 2, 3, 4, 5])),
        (
            "what is deleted at once makes no other one go",
            Story::crowded(4)
                .settle(5)
                .accept(0x31, NOT, DAY, "contested")
                .decide(false, DAY, "deleted")
                .expire(DAY, &[0x31]),
        ),
        (
            "one that was named goes with the others",
            Story::contested().withdraw(2).expire(HOUR + month - 1, &[]).expire(HOUR + month, &[2]),
        ),
    ]
}
