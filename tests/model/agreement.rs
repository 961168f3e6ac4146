//! Whether model and library agree about a history.

use std::collections::BTreeSet;

use sottovoce::error::Blame;
use sottovoce::identity::chain::{Followed, ForkEvidence, Kind, News, Subject as _};
use sottovoce::identity::server::Server;
use sottovoce::identity::{IdentityError, Verified};

use crate::dice::Dice;
use crate::figures::Figures;
use crate::histories::History;
use crate::real::Real;
use crate::reference::Model;
use crate::values::{Held, Manifest};

/// Orders tried if there are too many to try all.
const ORDERS: usize = 24;

/// One history, made, judged, and with the orders of arrival to try.
pub struct Case<'a> {
    pub history: &'a History,
    pub real: &'a Real,
    pub orders: &'a [Vec<usize>],
}

/// Orders in which those that the library accepts can arrive.
pub fn orders(real: &Real, dice: &mut Dice) -> Vec<Vec<usize>> {
    let accepted = (0..real.verdicts.len()).filter(|i| real.verdicts[*i].is_ok());
    let mut order: Vec<_> = accepted.collect();
    if order.len() <= 4 {
        return permutations(&order);
    }
    let mut shuffled = || {
        dice.shuffle(&mut order);
        order.clone()
    };
    (0..ORDERS).map(|_| shuffled()).collect()
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let begin = |first: usize| {
        let rest: Vec<_> = items.iter().copied().filter(|item| *item != first).collect();
        permutations(&rest).into_iter().map(move |rest| [vec![first], rest].concat())
    };
    items.iter().flat_map(|first| begin(*first)).collect()
}

fn same<T: PartialEq + core::fmt::Debug>(what: &str, model: &T, library: &T) -> Result<(), String> {
    if model == library { Ok(()) } else { Err(format!("{what}: model {model:?}, library {library:?}")) }
}

impl Case<'_> {
    /// Compares everything. The error says where they differ first.
    pub fn compare(&self, model: Model, figures: &mut Figures) -> Result<(), String> {
        figures.histories += 1;
        self.verdicts(model, figures)?;
        self.identities(model)?;
        let mut told = false;
        for order in self.orders.iter().filter(|order| !order.is_empty()) {
            figures.orders += 1;
            let followed = self.arrive(model, order, figures)?;
            if let (false, Some(evidence)) = (told, followed.evidence()) {
                told = true;
                same("evidence of a fork", &Ok(()), &evidence.verify().map(drop))?;
            }
        }
        self.evidence(model, figures)
    }

    fn verified(&self, i: usize) -> &Verified<Server> {
        self.real.verdicts[i].as_ref().unwrap()
    }

    fn verdicts(&self, model: Model, figures: &mut Figures) -> Result<(), String> {
        for (i, verdict) in self.real.verdicts.iter().enumerate() {
            let class = verdict.as_ref().map(drop).map_err(Blame::class);
            let modelled = model.judge(&self.history.manifests[i]);
            same(&format!("manifest {i}"), &modelled, &class)?;
            let count = match class {
                Ok(()) => figures.accepted.entry(self.history.roles[i]),
                Err(class) => figures.refused.entry(class),
            };
            *count.or_default() += 1;
        }
        Ok(())
    }

    fn identities(&self, model: Model) -> Result<(), String> {
        let Some(accepted) = self.orders.first() else { return Ok(()) };
        for i in accepted {
            for j in accepted {
                let [one, other] = [i, j].map(|i| model.identity(&self.history.manifests[*i]));
                let [real, real_other] = [i, j].map(|i| self.verified(*i).fingerprint());
                let what = format!("fingerprints of {i} and {j} alike");
                same(&what, &(one == other), &(real == real_other))?;
            }
        }
        Ok(())
    }

    /// Hands over all in this order, and then each again; compares after each.
    fn arrive(
        &self,
        model: Model,
        order: &[usize],
        figures: &mut Figures,
    ) -> Result<Followed<Server>, String> {
        let mut followed = Followed::new(self.verified(order[0]).clone());
        let mut before = model.held(&self.of_chain(&order[..1]));
        self.holds(model, before, &followed, &order[..1])?;
        for n in 1..order.len() {
            let after = model.held(&self.of_chain(&order[..=n]));
            let answer = name(followed.learn(self.verified(order[n]).clone()));
            self.answers(&order[..n], before, order[n], after, answer)?;
            self.holds(model, after, &followed, &order[..=n])?;
            *figures.answers.entry(answer).or_default() += 1;
            before = after;
        }
        for i in order {
            let answer = name(followed.learn(self.verified(*i).clone()));
            self.answers(order, before, *i, before, answer)?;
            self.holds(model, before, &followed, order)?;
        }
        Self::stored(&followed)?;
        let end = match before {
            Held::Newest(_) => "newest",
            Held::Twins => "twins",
            Held::Contradiction => "contradiction",
        };
        *figures.ends.entry(end).or_default() += 1;
        Ok(followed)
    }

    /// Those of the chain that is followed: that of the first.
    fn of_chain(&self, arrived: &[usize]) -> Vec<&Manifest> {
        let all = arrived.iter().map(|i| &self.history.manifests[*i]);
        all.filter(|manifest| manifest.chain() == self.history.manifests[arrived[0]].chain()).collect()
    }

    /// §4.5: what is said to one that arrives after others, and leads from one state to the next.
    fn answers(
        &self,
        arrived: &[usize],
        before: Held,
        new: usize,
        after: Held,
        answer: &'static str,
    ) -> Result<(), String> {
        let (others, new) = (self.of_chain(arrived), &self.history.manifests[new]);
        let hash = new.newest().hash;
        let highest = others.iter().map(|manifest| manifest.order()).max().unwrap();
        let highest_ones = others.iter().filter(|manifest| manifest.order() == highest);
        let hashes: BTreeSet<_> = highest_ones.map(|manifest| manifest.newest().hash).collect();
        let expected = match (before, after) {
            _ if new.chain() != others[0].chain() => "other-chain",
            _ if new.order().0 < highest.0 => "rollback",
            (_, Held::Contradiction) => "forked",
            // Which two of three are held depends on the order.
            (Held::Twins, Held::Twins)
                if hashes.contains(&hash) && hashes.len() > 2 && answer == "forked" =>
            {
                "forked"
            }
            (Held::Newest(_) | Held::Twins, _) if hashes.contains(&hash) => "known",
            (_, Held::Newest(newest)) if newest == hash => "newer",
            (_, Held::Twins) if new.order() == highest => "forked",
            _ => "rollback",
        };
        same(&format!("answer to header {hash} after {arrived:?}"), &expected, &answer)
    }

    fn holds(
        &self,
        model: Model,
        expected: Held,
        followed: &Followed<Server>,
        arrived: &[usize],
    ) -> Result<(), String> {
        let hash = |server: &Verified<Server>| server.chain().hash();
        let place = |real| self.real.hashes.iter().position(|known| *known == real).unwrap();
        let held = match followed.current() {
            Ok(server) => Held::Newest(place(hash(server))),
            Err(IdentityError::Forked) if followed.is_fork_of_twins() => Held::Twins,
            Err(IdentityError::Forked) => Held::Contradiction,
            Err(other) => return Err(format!("{other:?}")),
        };
        same(&format!("held after {arrived:?}"), &expected, &held)?;
        same("sides of a fork", &!matches!(held, Held::Newest(_)), &followed.sides().is_some())?;
        let Some(sides) = followed.sides() else { return Ok(()) };
        let [one, other] = sides.map(|side| {
            let among = arrived.iter().filter(|i| hash(self.verified(**i)) == hash(side));
            among.map(|i| &self.history.manifests[*i]).next().unwrap()
        });
        same("fork between the sides", &held, &model.held(&[one, other]))
    }

    /// The two sides of a fork, learnt anew, are the same fork.
    fn stored(followed: &Followed<Server>) -> Result<(), String> {
        let Some([one, other]) = followed.sides() else { return Ok(()) };
        let mut again = Followed::new(other.clone());
        same("answer to the other side", &"forked", &name(again.learn(one.clone())))?;
        same("kind of fork", &followed.is_fork_of_twins(), &again.is_fork_of_twins())?;
        same("sides of a fork", &true, &again.sides().is_some())
    }

    /// Any two as evidence.
    fn evidence(&self, model: Model, figures: &mut Figures) -> Result<(), String> {
        let Some([i, j, ..]) = self.orders.last().map(Vec::as_slice) else { return Ok(()) };
        let [one, other] = [i, j].map(|i| &self.history.manifests[*i]);
        let [first, second] = [i, j].map(|i| self.verified(*i).chain().path());
        let verdict = ForkEvidence { kind: Kind::Server, first, second }.verify();
        let class = verdict.as_ref().map_or_else(Blame::class, |_| "fork");
        let expected = if one.chain() != other.chain() {
            "other-chain"
        } else if one.order().0 != other.order().0 || matches!(model.held(&[one, other]), Held::Newest(_)) {
            "no-fork"
        } else {
            "fork"
        };
        *figures.evidence.entry(class).or_default() += 1;
        same(&format!("{i} and {j} as evidence"), &expected, &class)
    }
}

fn name(answer: Result<News, IdentityError>) -> &'static str {
    match answer {
        Ok(News::Known) => "known",
        Ok(News::Newer) => "newer",
        Ok(News::Forked) => "forked",
        Err(error) => error.class(),
    }
}
