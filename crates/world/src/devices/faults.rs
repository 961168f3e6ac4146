//! What happens to devices.

use sottovoce::identity::device::DeviceSecret;

use super::act::lose;
use super::app::App;
use super::phones::generator;
use super::plan::Fault;
use super::world::World;

impl World {
    pub(super) fn befall(&mut self, fault: Fault) {
        let count = u64::try_from(self.apps.len()).unwrap();
        let place = usize::try_from(self.dice.below(count)).unwrap();
        match fault {
            Fault::SetBack => self.set_back(place),
            Fault::Copy => self.copy(place),
            Fault::Lose | Fault::LoseRatchet => {
                let mut others = self.around.listed();
                others.retain(|name| *name != self.apps[place].name());
                let other = self.dice.below(u64::try_from(others.len()).unwrap());
                let other = others[usize::try_from(other).unwrap()];
                lose(&mut self.apps[place].phone, other, fault == Fault::Lose);
            }
            Fault::Leave => self.leave(),
            Fault::Join => self.add(),
            Fault::Clock => {
                let hours = self.dice.below(72);
                let clock = (self.dice.below(2) == 0, hours * 3_600_000);
                self.clocks.insert(self.apps[place].name(), clock);
            }
        }
    }

    fn set_back(&mut self, place: usize) {
        let draws = self.number();
        let app = &mut self.apps[place];
        let count = u64::try_from(app.earlier.len()).unwrap();
        if count > 0 {
            let earlier = app.earlier.remove(usize::try_from(self.dice.below(count)).unwrap());
            app.become_earlier(&earlier, (!self.plan.draws_again).then_some(draws));
        }
    }

    fn copy(&mut self, place: usize) {
        let (name, number) = (self.apps[place].name(), self.apps[place].number);
        if !self.around.listed().contains(&name) {
            return;
        }
        let draws = self.number();
        self.apps[place].remember(draws);
        let earlier = self.apps[place].earlier.pop().expect("just now");
        let mut copy = App::new(self.phone(name, number), number);
        let other = self.number();
        copy.become_earlier(&earlier, (!self.plan.draws_again).then_some(other));
        copy.is_copy = true;
        self.apps.push(copy);
    }

    fn leave(&mut self) {
        let person = usize::try_from(self.dice.below(2)).unwrap();
        let devices = self.around.people[person].devices.len();
        if devices > 1 {
            self.around.people[person].remove(devices - 1);
        }
    }

    fn add(&mut self) {
        let person = usize::try_from(self.dice.below(2)).unwrap();
        let number = self.number();
        let person = &mut self.around.people[person];
        if person.devices.len() < 3 {
            person.add(DeviceSecret::generate(&mut generator(number)).expect("randomness"));
            let name = person.name(person.devices.len() - 1);
            let first = person.name(0);
            self.join(name);
            // The device that adds another one knows it at once; the others hear of it.
            for place in 0..self.apps.len() {
                if self.apps[place].name() == first {
                    self.apps[place].fetch(&mut self.around, first.0);
                }
            }
        }
    }
}
