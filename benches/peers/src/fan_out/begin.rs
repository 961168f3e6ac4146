//! The same without sessions: each device's prekeys were claimed, and a session is begun with it.

use sottovoce::identity::ids::AccountId;
use sottovoce::session::fan_out::Sealing;
use sottovoce::storage::job::JobId;
use sottovoce::wire::Wire as _;
use sottovoce_heap::measure;
use vodozemac::olm::{Account, SessionConfig};

use super::{Office, Seen, print, size, step};
use crate::phones::{Input, Name, Offer, Output, Phone, duplicate, reference};
use crate::table::{Row, Table, Target, time};
use crate::{SEED, TEXT};

pub fn job() -> JobId {
    JobId(*b"a job of its own")
}

pub fn accounts(names: &[Name]) -> Vec<AccountId> {
    let mut accounts: Vec<_> = names.iter().map(|name| name.0).collect();
    accounts.dedup();
    accounts
}

pub fn run(table: &mut Table, name: &str, office: Office) {
    let Office { mut phone, names, strangers, offers } = office;
    let (account, mut other) = (Account::new(), Account::new());
    let one_time = other.generate_one_time_keys(1).created[0];
    let identity = other.curve25519_key();
    let row = Row { name, beside: "vodozemac", count: 1, target: Target::None };
    table.few_times(
        &row,
        |_| {
            phone.store.restore(&strangers);
            time(vec![()], |()| all(&mut phone, &names, &offers))
        },
        |_| {
            time(vec![(); names.len()], |()| {
                let config = SessionConfig::version_1();
                let mut session = account.create_outbound_session(config, identity, one_time).unwrap();
                (session.encrypt(TEXT).unwrap(), session.pickle().encrypt(&SEED))
            })
        },
    );
    phone.store.restore(&strangers);
    let (seen, heap) = all(&mut phone, &names, &offers);
    table.size("… devices (a count)", size(offers.len()), 0);
    print(table, &seen);
    table.size("… heap of a step that begins sessions with sixteen devices at its highest", size(heap), 0);
    let claims = offers.iter().map(|offer| offer.request.encode().unwrap().len()).sum();
    table.size("… claims", size(claims), 0);
}

/// The job, which finds no sessions, and a step for each account whose prekeys have come. Also the most heap that one of these took.
fn all(phone: &mut Phone, names: &[Name], offers: &[Offer]) -> (Seen, usize) {
    let (blob, pointer) = phone.share(TEXT, names);
    let mut seen = Seen { blob: blob.len(), ..Seen::default() };
    let what = reference(TEXT);
    phone.run(Input::FanOut(job(), duplicate(&pointer), what, accounts(names))).unwrap();
    let claims = |sealing| usize::from(!matches!(sealing, Sealing::Claim(..)));
    while step(phone, &mut seen, claims) {}
    assert_eq!(seen.frames, 0, "there was a session");
    let mut most = 0;
    for offers in offers.chunk_by(|one, other| one.request.account == other.request.account) {
        let account = offers[0].request.account;
        let input = Input::BeginAll(account, (duplicate(&pointer), what), offers.to_vec());
        let (output, heap) = measure(|| phone.run(input).unwrap());
        let Output::Frames(frames) = output else { panic!("{output:?}") };
        seen.frames += frames.into_iter().map(|frame| frame.unwrap().frame.len()).sum::<usize>();
        most = most.max(heap.peak);
    }
    (seen, most)
}
