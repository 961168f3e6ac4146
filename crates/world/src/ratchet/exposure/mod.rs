//! What a stolen state is worth: to whom, how long, and to whom not. Conversations of two models, and a thief who computes.

mod active;
mod links;
mod passive;
mod repeats;
mod talk;
mod thief;

use active::{DEEDS, Outcome};
use links::{THEFTS, verdicts};
use passive::{BROKEN, LOOT, Loot, Story, Tally};
use repeats::{Repeats, repeats};
use thief::Broken;

use super::model::Part;

/// Of how many conversations, and which.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// The number of the first
    #[arg(long, default_value_t = Options::default().seed)]
    pub seed: u64,
    /// How many there are
    #[arg(long, default_value_t = Options::default().conversations)]
    pub conversations: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, conversations: 6 }
    }
}

impl Options {
    fn numbers(self) -> impl Iterator<Item = u64> {
        self.seed..self.seed + self.conversations
    }
}

/// The tables.
pub fn report(options: Options) -> String {
    let part = |rows: Vec<String>, head: &str| [head, &rows.concat(), "\n"].concat();
    let parts = [
        part(listening(options), Tally::HEAD),
        part(writing(options), Outcome::HEAD),
        part(repeating(options), REPEATS_HEAD),
        part(linking(options), LINKS_HEAD),
    ];
    parts.concat().trim_end().to_owned() + "\n"
}

fn tally(options: Options, without: Option<Part>, cells: &[(&Loot, Broken)]) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); cells.len()];
    for number in options.numbers() {
        let story = Story::new(number, without);
        cells.iter().zip(&mut tallies).for_each(|((loot, broken), tally)| story.tally(loot, *broken, tally));
    }
    tallies
}

fn listening(options: Options) -> Vec<String> {
    let whole = LOOT.iter().flat_map(|loot| BROKEN.iter().map(move |broken| (None, loot, *broken)));
    let lame = [(Part::Lane, BROKEN[1]), (Part::NextHeaderKey, BROKEN[0])];
    let lame = lame
        .into_iter()
        .flat_map(|(part, broken)| [&LOOT[0], &LOOT[1]].map(|loot| (Some(part), loot, broken)));
    let all: Vec<_> = whole.chain(lame).collect();
    let mut rows = Vec::new();
    for group in all.chunk_by(|one, other| one.0 == other.0) {
        let cells: Vec<_> = group.iter().map(|(_, loot, (_, broken))| (*loot, *broken)).collect();
        for ((without, loot, (words, _)), tally) in group.iter().zip(tally(options, group[0].0, &cells)) {
            rows.push(format!("| {words} | {}{} | {tally} |\n", loot.words, said(*without)));
        }
    }
    rows
}

const fn said(without: Option<Part>) -> &'static str {
    match without {
        None => "",
        Some(Part::Lane) => " *(without the lane)*",
        Some(Part::Salt) => " *(without the salt)*",
        Some(Part::NextHeaderKey) => " *(without next header keys)*",
    }
}

fn writing(options: Options) -> Vec<String> {
    let cells = BROKEN[..2].iter().flat_map(|broken| DEEDS.iter().map(move |deed| (*broken, *deed)));
    cells
        .map(|((words, broken), (does, deed))| {
            format!("| {words} | {does} | {} |\n", Outcome::of(options.seed, deed, broken))
        })
        .collect()
}

const REPEATS_HEAD: &str = "\
| two texts sealed from one state with the same randomness | pairs | under the same key and nonce | XOR of the texts read |
|---|---|---|---|\n";

fn repeating(options: Options) -> Vec<String> {
    [None, Some(Part::Salt)]
        .map(|without| {
            let Repeats { pairs, same_key, read } = repeats(options.seed, without, 100);
            format!("| a copied state{} | {pairs} | {same_key} | {read} |\n", said(without))
        })
        .to_vec()
}

const LINKS_HEAD: &str = "\
| broken | the state was stolen | a proof is accepted 0, 1, 2, … root steps later |
|---|---|---|\n";

fn linking(options: Options) -> Vec<String> {
    let cells = THEFTS.iter().map(|theft| (BROKEN[0], theft)).chain([(BROKEN[1], &THEFTS[0])]);
    cells
        .map(|((words, broken), theft)| {
            let verdicts = verdicts(options.seed, theft, broken, 6);
            let verdicts: Vec<_> =
                verdicts.iter().map(|verdict| if *verdict { "yes" } else { "no" }).collect();
            format!("| {words} | {} | {} |\n", theft.words, verdicts.join(", "))
        })
        .collect()
}
