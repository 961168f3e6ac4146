//! Servers that do not answer, for an hour, for days, for ever.

use sottovoce::identity::ids::{AccountId, RequestId};
use sottovoce::server::hazmat::{Input, Said};
use sottovoce::server::{Status, Submitter};
use sottovoce::time::Span;

use crate::scene::{ALICE, all, found, item, pair, plain, submit, told};
use crate::servers::{Net, domain};

fn acquainted() -> Net {
    let mut net = pair();
    submit(&mut net, 0);
    net.pass(Span::from_secs(20));
    assert_eq!(told(&mut net), all(0..1, Status::Delivered));
    assert_eq!(found(&mut net), [0]);
    net
}

#[test]
fn after_an_hour_it_is_told_who_waits_and_after_days_everything_arrives() {
    let mut net = acquainted();
    net.down.push(domain("b.test"));
    let since = net.now;
    (1..50).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_secs(3_500));
    assert_eq!(told(&mut net), all(0..1, Status::Delivered)[..0], "too early");
    net.pass(Span::from_secs(600));
    let statuses = told(&mut net);
    assert_eq!(statuses.len(), 49);
    for (_, status) in statuses {
        assert!(
            matches!(status, Status::Waiting(at) if at >= since && at.since(since) < Span::from_secs(60))
        );
    }
    let frames = net.frames;
    net.pass(Span::from_days(6));
    // Doubling up to 15 minutes for a day, then about every three quarters of an hour.
    let tries = net.frames - frames;
    assert!((250..450).contains(&tries), "{tries}");
    net.down.clear();
    net.pass(Span::from_secs(3_700));
    assert_eq!(found(&mut net), (1..50).collect::<Vec<_>>());
    assert_eq!(told(&mut net), all(1..50, Status::Delivered));
}

#[test]
fn an_answer_is_not_waited_for_when_the_other_one_speaks() {
    let mut net = acquainted();
    net.down.push(domain("b.test"));
    submit(&mut net, 1);
    net.pass(Span::from_days(3));
    net.down.clear();
    // Anything authentic will do: a frame that b has never seen answered.
    let ask = Input::Submit {
        by: Submitter { account: AccountId::from_bytes([0xb1; 32]), ..ALICE },
        request: RequestId::from_bytes([3; 16]),
        to: domain("a.test"),
        item: item(9),
    };
    assert_eq!(plain(&mut net, &domain("b.test"), &ask), [Said::Taken(true)]);
    net.pass(Span::from_secs(5));
    assert_eq!(found(&mut net), [1]);
}

#[test]
fn what_nobody_answers_expires_and_what_was_sent_is_uncertain() {
    let mut net = acquainted();
    net.down.push(domain("b.test"));
    (1..4).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_days(1));
    (4..6).for_each(|number| submit(&mut net, number));
    net.pass(Span::from_days(13).plus(Span::from_secs(7_200)));
    let is_final = |(_, status): &(u16, Status)| !matches!(status, Status::Waiting(_));
    let early: Vec<_> = told(&mut net).into_iter().filter(is_final).collect();
    assert_eq!(early, all(1..4, Status::Uncertain));
    net.pass(Span::from_days(1));
    let late: Vec<_> = told(&mut net).into_iter().filter(is_final).collect();
    assert_eq!(late, all(4..6, Status::Uncertain));
    net.down.clear();
    net.pass(Span::from_days(1));
    submit(&mut net, 7);
    net.pass(Span::from_secs(7_200));
    assert_eq!(found(&mut net), [7]);
}

#[test]
fn a_domain_that_does_not_exist_holds_little_for_a_day() {
    let mut net = pair();
    let mut to_nowhere = |number, account| {
        let submit = Input::Submit {
            by: Submitter { account: AccountId::from_bytes([account; 32]), ..ALICE },
            request: RequestId::from_bytes([1; 16]),
            to: domain("nowhere.test"),
            item: item(number),
        };
        plain(&mut net, &domain("a.test"), &submit) == [Said::Taken(true)]
    };
    let taken = (0..30).filter(|number| to_nowhere(*number, 0xa1)).count();
    assert_eq!(taken, 20, "of one account");
    let taken = (30_u8..200).filter(|number| to_nowhere(u16::from(*number), *number)).count();
    assert_eq!(taken, 44, "of all");
    net.pass(Span::from_days(1));
    net.pass(Span::from_secs(7_300));
    let expired = told(&mut net).into_iter().filter(|(_, status)| *status == Status::Expired).count();
    assert_eq!(expired, 20);
}
