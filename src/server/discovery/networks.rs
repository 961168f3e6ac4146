//! Which addresses are of the public internet (attack F-10).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use crate::error::{Blame, Fault};

/// A range of IP addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Text that is not the one spelling of a [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadNetwork;

/// Not reached by anyone, or by everyone as something of their own. IANA's registry of special purposes, without exceptions.
const NOT_PUBLIC_V4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared by carriers
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, and metadata of clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24), // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24), // AMT
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // relays of 6to4
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(192, 175, 48, 0), 24), // AS112
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

/// The only part of IPv6 from which public addresses are given out: what lies outside is loopback, link-local, unique-local, multicast,
/// IPv4 in other clothes, or nothing.
const PUBLIC_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not public within [`PUBLIC_V6`].
const NOT_PUBLIC_V6: &[(Ipv6Addr, u8)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Where networks without IPv4 find hosts that have nothing else.
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether an address is one of the public internet, in whatever form it is written.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|network| is_in_v4(address, *network))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [.., high, low] = address.segments();
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    let embedded = is_public_v4(Ipv4Addr::new(a, b, c, d));
    if is_in_v6(address, NAT64) {
        return embedded;
    }
    // ISATAP carries an IPv4 address behind any prefix.
    let [_, _, _, _, first, second, _, _] = address.segments();
    let is_tunnel = (first == 0 || first == 0x200) && second == 0x5efe;
    is_in_v6(address, PUBLIC_V6)
        && !NOT_PUBLIC_V6.iter().any(|network| is_in_v6(address, *network))
        && (embedded || !is_tunnel)
}

fn is_in_v4(address: Ipv4Addr, (network, prefix): (Ipv4Addr, u8)) -> bool {
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0);
    address.to_bits() & mask == network.to_bits() & mask
}

fn is_in_v6(address: Ipv6Addr, (network, prefix): (Ipv6Addr, u8)) -> bool {
    let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix.into())).unwrap_or(0);
    address.to_bits() & mask == network.to_bits() & mask
}

impl Network {
    /// Whether the address, or the IPv4 address that it is mapped from, lies in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => is_in_v4(address, (network, self.prefix)),
            (IpAddr::V6(network), IpAddr::V6(address)) => is_in_v6(address, (network, self.prefix)),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    /// `10.0.0.0/8`, `fd00::/8`. [`BadNetwork`] unless the address is the first of the network, so that a slip of the pen does not open
    /// more than was meant.
    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let (address, prefix) = text.split_once('/').ok_or(BadNetwork)?;
        let address: IpAddr = address.parse().map_err(|_| BadNetwork)?;
        let prefix: u8 = prefix.parse().map_err(|_| BadNetwork)?;
        let network = Self { address, prefix };
        let is_first = match address {
            IpAddr::V4(first) => {
                let rest = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
                prefix <= 32 && first.to_bits() & rest == 0
            }
            IpAddr::V6(first) => {
                let rest = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
                prefix <= 128 && first.to_bits() & rest == 0 && first.to_ipv4_mapped().is_none()
            }
        };
        if is_first && network.to_string() == text { Ok(network) } else { Err(BadNetwork) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Blame for BadNetwork {
    fn fault(&self) -> Fault {
        Fault::Caller
    }

    fn class(&self) -> &'static str {
        "bad-network"
    }
}

impl fmt::Display for BadNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

impl core::error::Error for BadNetwork {}
