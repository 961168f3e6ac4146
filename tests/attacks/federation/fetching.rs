//! F-10, F-20: where fetches lead, and how many there are.

use std::net::IpAddr;

use sottovoce::identity::address::Domain;
use sottovoce::server::discovery::networks::Network;
use sottovoce::server::discovery::{Cause, DiscoveryGate, DomainState, Fetch, FetchPolicy, Rates, Standing};
use sottovoce::time::Span;
use sottovoce::wire::Wire as _;

use super::hours;
use crate::identity::NOW;

fn fetch() -> Fetch {
    Fetch::of(&"example.org".parse().unwrap(), FetchPolicy::default())
}

/// Of each kind of address, first, last and one between; and its neighbours that are public.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn f_10_addresses_that_are_not_public_are_refused() {
    let policy = FetchPolicy::default();
    for text in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.255",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "::127.0.0.1",
        "::10.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.1.2.3",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "64:ff9b:1:7f00:1::",
        "100::1",
        "100:0:0:1::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "2002:808:808::1",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "2a00:1450::5efe:10.0.0.1",
        "2a00:1450::200:5efe:127.0.0.1",
        "4000::1",
        "5f00::1",
        "8000::1",
        "fc00::1",
        "fd12:3456::1",
        "fdff:ffff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "fe00::1",
        "ff02::1",
        "ff0e::1",
        "fd00:ec2::254",
    ] {
        let address: IpAddr = text.parse().unwrap();
        assert!(!policy.permits(address), "{text}");
        assert!(fetch().targets(&[address]).is_empty());
    }
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.0.3.1",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "3ffe::1",
        "2620:4f:8001::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2a00:1450::5efe:8.8.8.8",
    ] {
        assert!(policy.permits(text.parse().unwrap()), "{text}");
    }
}

/// The spellings by which filters are led astray are no domains, so they are in no manifest, document, address or redirect.
#[test]
fn f_10_odd_literals_are_no_hosts() {
    for host in [
        "127.1",
        "127.0.0.1",
        "0x7f000001",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "0xa9fea9fe",
        "fe80::1",
        "fe80::1%eth0",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "0",
        "example.org.",
        "example.org#",
        "a@b.example",
        "example.org:80",
        "127.0.0.1.",
        "①②⑦.⓪.⓪.①",
        "example.org%00",
        "example.org\\.evil.example",
        "1.2.3.4.5",
        "example.1",
        "example.0x1",
    ] {
        assert!(host.parse::<Domain>().is_err(), "{host}");
        assert_eq!(fetch().redirected(&format!("https://{host}/.well-known/sottovoce")), None, "{host}");
    }
}

/// Redirects stay on the host, under its well-known paths, and end.
#[test]
fn f_10_redirects_stay_on_the_host() {
    let first = fetch();
    assert_eq!((first.port.get(), first.path.as_str()), (443, "/.well-known/sottovoce"));
    for good in [
        "/.well-known/sottovoce.bin",
        "https://example.org/.well-known/sottovoce/",
        "https://example.org:443/.well-known/a_b~c-d",
    ] {
        let next = first.redirected(good).unwrap();
        assert_eq!((&next.host, next.port), (&first.host, first.port));
        assert!(good.ends_with(&next.path) && next.path.starts_with("/.well-known/"));
    }
    for bad in [
        "http://example.org/.well-known/sottovoce",
        "https://example.net/.well-known/sottovoce",
        "//example.net/.well-known/sottovoce",
        "https:/example.org/.well-known/sottovoce",
        "https:example.org",
        "HTTPS://example.org/.well-known/sottovoce",
        "https://example.org@example.net/.well-known/sottovoce",
        "https://user:443@example.org/.well-known/sottovoce",
        "https://example.org.example.net/.well-known/sottovoce",
        "https://EXAMPLE.org/.well-known/sottovoce",
        "https://example.org./.well-known/sottovoce",
        "https://example.org:8443/.well-known/sottovoce",
        "https://example.org:0443/.well-known/sottovoce",
        "https://example.org:/.well-known/sottovoce",
        "https://example.org\\@example.net/.well-known/sottovoce",
        "https://sub.example.org/.well-known/sottovoce",
        "file:///etc/passwd",
        "gopher://example.org/",
        "ftp://example.org/",
        "data:,x",
        "javascript:1",
        "https://",
        "https://example.org",
        "",
        "sottovoce",
        "/uploads/document",
        "/.well-known/../uploads/x",
        "/.well-known/./x",
        "/.well-known/%2e%2e/x",
        "/.well-known/x?y=z",
        "/.well-known/x#y",
        "/.well-known/x y",
        "/.well-known/x\r\nHost: example.net",
        "/.well-known\\x",
        "/.well-known/ü",
        "/.WELL-KNOWN/x",
    ] {
        assert_eq!(first.redirected(bad), None, "{bad}");
    }
    assert!(first.redirected(&format!("/.well-known/{}", "x".repeat(499))).is_some());
    assert!(first.redirected(&format!("/.well-known/{}", "x".repeat(500))).is_none());
    // A loop ends after three.
    let mut fetch = first;
    for _ in 0..3 {
        fetch = fetch.redirected("/.well-known/sottovoce").unwrap();
    }
    assert_eq!(fetch.redirected("/.well-known/sottovoce"), None);
}

/// What is connected to is what was checked: a name that resolves to something else a moment later is not asked again.
#[test]
fn f_10_the_checked_address_is_the_one_connected_to() {
    let parse = |text: &str| text.parse::<IpAddr>().unwrap();
    let resolved =
        [parse("127.0.0.1"), parse("93.184.216.34"), parse("::ffff:10.0.0.1"), parse("2606:2800:220::1")];
    let targets: Vec<_> =
        fetch().targets(&resolved).iter().map(|target| target.address().to_string()).collect();
    assert_eq!(targets, ["93.184.216.34:443", "[2606:2800:220::1]:443"]);
    // The second answer of a rebinding resolver gives no target, and there is no way to make one by hand.
    assert!(fetch().targets(&[parse("127.0.0.1")]).is_empty());
}

/// What the operator permits, and no more than was written.
#[test]
fn f_10_exceptions_are_the_operators() {
    let network = |text: &str| text.parse::<Network>();
    let exceptions =
        ["10.1.0.0/16", "127.0.0.1/32", "fd00:1::/32"].map(|text| network(text).unwrap()).to_vec();
    let policy = FetchPolicy { exceptions };
    for (text, permitted) in [
        ("10.1.0.0", true),
        ("10.1.255.255", true),
        ("10.2.0.0", false),
        ("10.0.255.255", false),
        ("127.0.0.1", true),
        ("127.0.0.2", false),
        ("::ffff:10.1.2.3", true),
        ("::ffff:10.2.2.3", false),
        ("fd00:1:ffff::1", true),
        ("fd00:2::1", false),
        ("64:ff9b::10.1.2.3", false),
        ("8.8.8.8", true),
        ("169.254.169.254", false),
    ] {
        assert_eq!(policy.permits(text.parse().unwrap()), permitted, "{text}");
    }
    let all = FetchPolicy { exceptions: vec![network("0.0.0.0/0").unwrap()] };
    assert!(all.permits("127.0.0.1".parse().unwrap()) && !all.permits("::1".parse().unwrap()));
    for bad in [
        "10.1.2.3/16",
        "10.0.0.0/33",
        "10.0.0.0",
        "10.0.0.0/",
        "/8",
        "10.0.0.0/-1",
        "10.0.0.0/08",
        "10.0.0.0/ 8",
        "10/8",
        "fd00::/129",
        "fd00::1/64",
        "FD00::/8",
        "::ffff:10.0.0.0/104",
        "example.org/8",
        "0:0::/0",
    ] {
        assert!(network(bad).is_err(), "{bad}");
    }
}

/// Ten thousand names that cost a stranger nothing: few are fetched, none of the others leaves a row, and neither users nor known domains wait.
#[test]
fn f_20_ten_thousand_strangers_starve_nobody() {
    let rates = Rates::default();
    let mut gate = DiscoveryGate::open(&rates, NOW);
    let domain = |n: u32| format!("s{n}.example").parse::<Domain>().unwrap();
    let mut fetched = 0_u64;
    let mut now = NOW;
    for n in 0..10_000 {
        now = now.plus(Span::from_millis(6));
        let mut state = DomainState::new(domain(n));
        let before = (state.clone(), gate);
        let next = state.ask(&mut gate, &rates, Cause::Inbound, now);
        if next.fetch {
            fetched += 1;
            assert_eq!(next.standing, Standing::Asked);
            // Nor may the same one ask twice.
            let again = state.ask(&mut gate, &rates, Cause::Inbound, now);
            assert!(!again.fetch && again.standing == Standing::Asked);
        } else {
            assert_eq!((state, gate), before, "what is refused leaves nothing behind");
            let wait = next.retry.unwrap().since(now);
            assert!(wait <= Span::from_secs(6), "{wait:?}");
        }
        // A user who writes to a new domain now and then is served in the middle of it.
        if n % 100 == 0 {
            let mut state = DomainState::new(format!("u{n}.example").parse().unwrap());
            assert!(state.ask(&mut gate, &rates, Cause::Local, now).fetch, "after {n}");
        }
    }
    // A burst, and ten a minute since the first: six milliseconds are missing of it.
    assert_eq!(fetched, rates.inbound.burst + 9);
    let gate = DiscoveryGate::decode(&gate.encode().unwrap()).unwrap();
    assert!(gate.encode().unwrap().len() <= 72);
}

/// A domain that names nobody is asked rarely, however often somebody comes with it, and in the end its row goes.
#[test]
fn f_20_absent_domains_are_remembered_and_forgotten() {
    let rates = Rates::default();
    let mut gate = DiscoveryGate::open(&rates, NOW);
    let mut state = DomainState::new("nobody.example".parse().unwrap());
    let (mut fetches, mut gaps, mut last) = (0, Vec::new(), NOW);
    for second in 0..24 * 3_600 {
        let now = NOW.plus(Span::from_secs(second));
        let next = state.ask(&mut gate, &rates, Cause::Inbound, now);
        if next.fetch {
            fetches += 1;
            gaps.push(now.since(last).as_millis() / 60_000);
            last = now;
            state.missed(now);
            let Standing::Absent { until } = state.standing(now) else { panic!("{:?}", state.standing(now)) };
            assert_eq!(state.forget_at(), Some(until));
        }
        state = DomainState::decode(&state.encode().unwrap()).unwrap();
    }
    assert_eq!(gaps[..6], [0, 5, 10, 20, 40, 60]);
    assert!((26..=28).contains(&fetches), "{fetches} in a day");
    // A clock that was ahead does not make it wait for the time that it had invented.
    let mut state = DomainState::new("nobody.example".parse().unwrap());
    assert!(state.ask(&mut gate, &rates, Cause::Local, hours(9_000)).fetch);
    state.missed(hours(9_000));
    assert_eq!(state.standing(NOW), Standing::Unknown);
    // A reply that nobody waits for is no failure.
    let before = state.clone();
    state.missed(NOW);
    assert_eq!(state, before);
    // A fetch whose outcome never comes is begun again.
    let mut gate = DiscoveryGate::open(&rates, NOW);
    let mut state = DomainState::new("silent.example".parse().unwrap());
    assert!(state.ask(&mut gate, &rates, Cause::Local, NOW).fetch);
    assert!(!state.ask(&mut gate, &rates, Cause::Local, NOW.plus(Span::from_secs(59))).fetch);
    assert!(state.ask(&mut gate, &rates, Cause::Local, NOW.plus(Span::from_secs(60))).fetch);
}
