//! The application around a device: it does what `docs/PROTOCOL.md` §9 asks of it, and notes what it is told.

use std::collections::{BTreeMap, BTreeSet};

use sottovoce::crypto::blob::BlobPointer;
use sottovoce::crypto::hash::Hash;
use sottovoce::error::Blame as _;
use sottovoce::handshake::OwnManifest;
use sottovoce::identity::Verified;
use sottovoce::identity::account::Account;
use sottovoce::identity::chain::Subject as _;
use sottovoce::identity::ids::AccountId;
use sottovoce::ratchet::{Gap, Position, RatchetError};
use sottovoce::session::fan_out::{self, Sealing};
use sottovoce::session::{
    self as s, Claimed, Introduction, Message, Notice, Received, Say, SealedFrame, SessionError, SharedBody,
};
use sottovoce::storage::MemoryStore;
use sottovoce::storage::job::JobId;
use sottovoce::time::Timestamp;

use super::act::{act, devices, ratchet, sessions};
use super::around::{Alarm, Around, Sent};
use super::phones::{Input, Name, Phone, generator, reference};

/// What the application keeps in the same store as the library.
#[derive(Clone, Default)]
pub(super) struct Memory {
    /// Contents that were shown.
    pub(super) shown: BTreeSet<Vec<u8>>,
    /// Frames that have opened.
    pub(super) opened: BTreeSet<[u8; 32]>,
    /// Contents that were said, by reference.
    pub(super) texts: BTreeMap<[u8; 16], Vec<u8>>,
    /// Handshakes that are due.
    due: BTreeSet<Name>,
    /// Devices that are owed an answer, or a probe.
    nods: BTreeSet<Name>,
    /// Accounts whose newest manifest is to be fetched.
    fetch: BTreeSet<AccountId>,
    /// What is to be sealed again.
    again: Vec<(Name, [u8; 16], Option<Gap>)>,
    /// What could not be sealed yet.
    waiting: Vec<(Name, Vec<u8>)>,
}

/// A store as it was, and what was with it.
pub(super) struct Earlier {
    store: MemoryStore,
    memory: Memory,
    account: Verified<Account>,
    manifests: Vec<OwnManifest>,
    draws: u64,
}

pub(super) struct App {
    pub(super) phone: Phone,
    /// From which its keys are made.
    pub(super) number: u64,
    pub(super) memory: Memory,
    pub(super) earlier: Vec<Earlier>,
    pub(super) is_copy: bool,
    jobs: u64,
}

/// A blob, and what points to it.
type Shared = (Vec<u8>, BlobPointer, Option<Vec<u8>>);

impl App {
    pub(super) fn new(phone: Phone, number: u64) -> Self {
        Self { phone, number, memory: Memory::default(), earlier: Vec::new(), is_copy: false, jobs: 0 }
    }

    pub(super) fn name(&self) -> Name {
        self.phone.name
    }

    pub(super) fn remember(&mut self, draws: u64) {
        self.phone.rng = generator(draws);
        self.earlier.push(Earlier {
            store: self.phone.store.clone(),
            memory: self.memory.clone(),
            account: self.phone.account.clone(),
            manifests: self.phone.manifests.clone(),
            draws,
        });
        if self.earlier.len() > 4 {
            self.earlier.remove(0);
        }
    }

    /// Becomes what it was. `draws` unless it draws the same again.
    pub(super) fn become_earlier(&mut self, earlier: &Earlier, draws: Option<u64>) {
        self.phone.store = earlier.store.clone();
        self.memory = earlier.memory.clone();
        self.phone.account = earlier.account.clone();
        self.phone.manifests.clone_from(&earlier.manifests);
        self.phone.rng = generator(draws.unwrap_or(earlier.draws));
    }

    /// Says something to all devices of both, but this one.
    pub(super) fn say(&mut self, around: &mut Around, text: &[u8], by_job: bool) -> Vec<Name> {
        let accounts: Vec<_> = around.people.iter().map(|person| person.account.id()).collect();
        let mut to = Vec::new();
        for account in &accounts {
            if devices(&mut self.phone, *account).is_none() {
                self.fetch(around, *account);
            }
            let devices = devices(&mut self.phone, *account).unwrap_or_default();
            to.extend(devices.into_iter().map(|device| (*account, device)));
        }
        to.retain(|name| *name != self.name());
        self.memory.texts.insert(reference(text), text.to_vec());
        let shared = self.share(Some(text.to_vec()), &to);
        if by_job {
            self.tell_by_job(around, &accounts, &shared);
        } else {
            for name in &to {
                self.tell(around, *name, &shared, None);
            }
        }
        to
    }

    fn tell_by_job(&mut self, around: &mut Around, accounts: &[AccountId], shared: &Shared) {
        self.jobs += 1;
        let name = [self.jobs.to_be_bytes(), self.phone.now.as_millis().to_be_bytes()].concat();
        let id = JobId(Hash::of(&name).truncated());
        let text = shared.2.clone().unwrap_or_default();
        let start =
            act(&mut self.phone, |ctx| fan_out::start(ctx, id, (&shared.1, reference(&text)), accounts));
        assert_eq!(start, Ok(true), "a job of its own");
        loop {
            let progress = act(&mut self.phone, |ctx| {
                let running = fan_out::job(ctx.tx, id)?.expect("the job");
                fan_out::go_on(ctx, id, running)
            });
            let progress = progress.expect("a step of a job");
            for of_device in progress.devices {
                match of_device {
                    Sealing::Sealed(frame) => self.post(around, &frame, shared),
                    Sealing::Claim(account, device) => self.begin(around, (account, device), shared),
                    Sealing::Failed(account, device, error) => {
                        self.failed(around, (account, device), shared, error);
                    }
                    Sealing::Refused(account, error) => {
                        for device in devices(&mut self.phone, account).unwrap_or_default() {
                            if (account, device) != self.name() {
                                self.failed(around, (account, device), shared, error);
                            }
                        }
                    }
                }
            }
            if progress.is_done {
                return;
            }
        }
    }

    fn share(&mut self, content: Option<Vec<u8>>, to: &[Name]) -> Shared {
        let phone = &mut self.phone;
        let needs = act(phone, |ctx| Ok(s::needs_introduction(ctx, to)?)).expect("a question");
        let introduction =
            needs.then(|| Introduction { manifest: phone.account.manifest(), certificate: None });
        let (account, device) = phone.name;
        let body = SharedBody { account, device, introduction, content: content.clone() };
        let (blob, pointer) = body.seal(&mut phone.rng).expect("it is short");
        (blob, pointer, content)
    }

    /// Seals for a device, in a session that there is or that it begins.
    fn tell(&mut self, around: &mut Around, to: Name, shared: &Shared, repairs: Option<Gap>) {
        let text = shared.2.clone().unwrap_or_default();
        let say = Say { shared: Some((&shared.1, reference(&text))), repairs };
        match self.seal(around, to, &say) {
            Ok(frame) => self.post(around, &frame, shared),
            Err(SessionError::NoSession) => self.begin(around, to, shared),
            Err(error) => self.failed(around, to, shared, error),
        }
    }

    /// Seals, and looks whether it was in the contested session.
    fn seal(&mut self, around: &mut Around, to: Name, say: &Say<'_>) -> Result<SealedFrame, SessionError> {
        let contested = sessions(&mut self.phone, to).and_then(|sessions| sessions.lineage.contested);
        let contested = contested.map(|contested| contested.place.session);
        let before = contested.and_then(|session| ratchet(&mut self.phone, session));
        let sealed = act(&mut self.phone, |ctx| s::seal(ctx, to, say));
        if contested.and_then(|session| ratchet(&mut self.phone, session)) != before {
            around.broken.push(format!("{to:?}: sealed in a contested session"));
        }
        sealed
    }

    fn begin(&mut self, around: &mut Around, to: Name, shared: &Shared) {
        let before = sessions(&mut self.phone, to).map(|sessions| sessions.lineage).unwrap_or_default();
        let held = before.active.iter().chain(&before.former).map(|place| place.session);
        let held: Vec<_> = held.filter(|session| ratchet(&mut self.phone, *session).is_some()).collect();
        let address = around.person(to.0).address.clone();
        let (request, answer) = around.claim(to);
        let text = shared.2.clone().unwrap_or_default();
        let say = Say { shared: Some((&shared.1, reference(&text))), repairs: None };
        let claimed = Claimed { request: &request, answer: &answer, address: &address };
        match act(&mut self.phone, |ctx| s::begin(ctx, to, &claimed, &say)) {
            Ok((frame, _)) => {
                let active = sessions(&mut self.phone, to).and_then(|sessions| sessions.lineage.active);
                let session = *active.expect("it has begun").session.as_bytes();
                let held = held.iter().map(|session| *session.as_bytes());
                around.held.entry(session).or_default().extend(held);
                self.post(around, &frame, shared);
            }
            Err(error) => self.failed(around, to, shared, error),
        }
    }

    fn failed(&mut self, around: &mut Around, to: Name, shared: &Shared, error: SessionError) {
        around.fail(error.class());
        if error == SessionError::NotListed {
            return;
        }
        self.memory.fetch.extend([to.0, self.name().0]);
        if let Some(text) = &shared.2 {
            self.memory.waiting.push((to, text.clone()));
        }
    }

    fn post(&self, around: &mut Around, frame: &SealedFrame, shared: &Shared) {
        around.sent.push(Sent {
            from: self.name(),
            to: (frame.account, frame.device),
            frame: frame.frame.clone(),
            blob: Some(shared.0.clone()),
            text: shared.2.clone(),
        });
    }

    /// Does what is to be done. How many contents were sealed again.
    pub(super) fn tend(&mut self, around: &mut Around) -> u64 {
        for account in std::mem::take(&mut self.memory.fetch) {
            self.fetch(around, account);
        }
        for name in std::mem::take(&mut self.memory.due) {
            let shared = self.share(None, &[name]);
            self.begin(around, name, &shared);
        }
        for to in std::mem::take(&mut self.memory.nods) {
            match self.seal(around, to, &Say::default()) {
                Ok(frame) => around.sent.push(Sent {
                    from: self.name(),
                    to,
                    frame: frame.frame,
                    blob: None,
                    text: None,
                }),
                Err(SessionError::Refetch) => {
                    self.memory.fetch.extend([to.0, self.name().0]);
                    self.memory.nods.insert(to);
                }
                Err(error) => around.fail(error.class()),
            }
        }
        let mut resent = 0;
        for (to, name, repairs) in std::mem::take(&mut self.memory.again) {
            if let Some(text) = self.memory.texts.get(&name).cloned() {
                resent += 1;
                let shared = self.share(Some(text), &[to]);
                self.tell(around, to, &shared, repairs);
            }
        }
        for (to, text) in std::mem::take(&mut self.memory.waiting) {
            let shared = self.share(Some(text), &[to]);
            self.tell(around, to, &shared, None);
        }
        resent
    }

    /// Whether something is still to be done.
    pub(super) fn is_busy(&self) -> bool {
        let Memory { due, nods, fetch, again, waiting, .. } = &self.memory;
        !(due.is_empty() && nods.is_empty() && fetch.is_empty() && again.is_empty() && waiting.is_empty())
    }

    pub(super) fn fetch(&mut self, around: &mut Around, account: AccountId) {
        let person = around.person(account);
        let newest = person.account.clone();
        if account == self.name().0 && newest.order() > self.phone.account.order() {
            self.phone.update(person);
        }
        let notices = self.phone.learn(&newest);
        self.heed(around, notices);
    }

    pub(super) fn wake(&mut self, around: &mut Around) {
        let notices = self.phone.notices(Input::Wake);
        self.heed(around, notices);
    }

    /// Takes what came. What it says, and in which message; or why it is refused.
    pub(super) fn receive(
        &mut self,
        around: &mut Around,
        from: AccountId,
        frame: &[u8],
        blob: Option<&[u8]>,
    ) -> Result<Message, SessionError> {
        let input = Input::Receive(frame.to_vec(), blob.map(<[u8]>::to_vec));
        let super::phones::Output::Received(received) = self.phone.run(input).expect("a verdict") else {
            panic!("another output");
        };
        match received {
            Received::Message(mut message) => {
                let notices = std::mem::take(&mut message.notices);
                self.heed(around, notices);
                Ok(*message)
            }
            Received::Refused { error, notices } => {
                self.heed(around, notices);
                if error == SessionError::Ratchet(RatchetError::UnknownTag) {
                    let notices = self.phone.notices(Input::Unknown(from));
                    self.heed(around, notices);
                }
                if error.class() == "other-manifest" {
                    // It names a manifest of this account that this device does not hold yet.
                    self.memory.fetch.extend([from, self.name().0]);
                }
                Err(error)
            }
        }
    }

    fn heed(&mut self, around: &mut Around, notices: Vec<Notice>) {
        let (at, when) = (self.name(), around.now);
        for notice in notices {
            if let Notice::Gap(account, device, gap) | Notice::Lost(account, device, gap) = &notice {
                let Gap { from: Position { chain, number }, count } = gap;
                let is_lost = matches!(notice, Notice::Lost(..));
                let what = format!("misses {count} from {:x?} {number}, for good {is_lost}", &chain.0[..2]);
                around.notes.push((at, (*account, *device), what));
            }
            if let Notice::Resend { account, device, reference, repairs } = &notice {
                let text =
                    self.memory.texts.get(reference).map(|text| u16::from_be_bytes([text[6], text[7]]));
                let place = repairs.map(|gap| (gap.from.chain.0[0], gap.from.number));
                around.notes.push((
                    at,
                    (*account, *device),
                    format!("is to send {text:?} again, for {place:x?}"),
                ));
            }
            if let Notice::HandshakeDue(account, device) = &notice {
                around.notes.push((at, (*account, *device), "a handshake is due".to_owned()));
            }
            let mut alarm = |kind, account, device| {
                around.alarms.push(Alarm { at, about: (account, device), kind, when });
            };
            match notice {
                Notice::Learned(account, learned) => {
                    if learned.evidence.is_some() {
                        around.broken.push(format!("{account:?} has forked"));
                    }
                }
                Notice::Refetch(account) => drop(self.memory.fetch.insert(account)),
                Notice::HandshakeDue(account, device) => drop(self.memory.due.insert((account, device))),
                Notice::AnswerOwed(account, device) => drop(self.memory.nods.insert((account, device))),
                Notice::Contested(account, device) => {
                    self.memory.nods.insert((account, device));
                    alarm("contested", account, device);
                }
                Notice::Resend { account, device, reference, repairs } => {
                    self.memory.again.push(((account, device), reference, repairs));
                }
                Notice::Copied(account, device) => alarm("copied", account, device),
                Notice::SelfCopied(account, device) => alarm("self-copied", account, device),
                Notice::IdentityCopied(account, device) => alarm("identity-copied", account, device),
                Notice::Replaced(account, device) => alarm("replaced", account, device),
                Notice::LaneClosed(account, device) => alarm("lane-closed", account, device),
                Notice::Lost(account, device, _) => alarm("lost", account, device),
                Notice::Gap(..) => {}
            }
        }
    }

    /// Sets the clock.
    pub(super) fn at(&mut self, now: Timestamp) {
        self.phone.now = now;
    }
}
