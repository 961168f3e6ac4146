//! What an operator decides. One setting is mandatory: the domain.

use core::fmt;
use core::net::SocketAddr;
use core::num::NonZeroU16;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sottovoce::identity::address::Domain;
use sottovoce::identity::server::Endpoint;
use sottovoce::server::{
    self,
    discovery::{FetchPolicy, Rates},
};

use crate::Failure;

/// The configuration, as its file has it. What is unknown there is an error: a setting with a typing mistake is not silently without effect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The domain of the addresses that the server is responsible for.
    #[serde(deserialize_with = "parsed")]
    pub(crate) domain: Domain,
    /// Where keys and state lie; relative to the file.
    #[serde(default = "data")]
    pub(crate) data: PathBuf,
    /// Where it listens.
    #[serde(default = "listen")]
    pub(crate) listen: SocketAddr,
    /// Where others reach it, `host:port`. If there is none, the domain at port 443.
    #[serde(default)]
    endpoints: Vec<Public>,
    /// Who may register.
    #[serde(default)]
    registration: Registration,
    /// Servers that are reached by plain HTTP at a fixed place, `host:port` by domain. There is no other way to reach one yet.
    #[serde(default)]
    pub(crate) peers: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Registration {
    Open,
    Invite,
    /// Nobody registers unless the operator has decided who may.
    #[default]
    Closed,
}

#[derive(Debug)]
struct Public(Endpoint);

impl Config {
    /// Reads a file. The error says where in it and what to do.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read the configuration {}: {error}", path.display()))?;
        let mut config = Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        if let Some(directory) = path.parent() {
            config.data = directory.join(config.data);
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let config: Self = toml::from_str(text)?;
        for (name, place) in &config.peers {
            name.parse::<Domain>().map_err(|_| format!("peers: {name:?} is not a domain"))?;
            place
                .parse::<axum::http::uri::Authority>()
                .ok()
                .filter(|place| place.port_u16().is_some())
                .ok_or_else(|| format!("peers: {place:?} is not host:port"))?;
        }
        if config.endpoints.len() > 8 {
            return Err("endpoints: at most 8".into());
        }
        Ok(config)
    }

    /// Where others reach it.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        if self.endpoints.is_empty() {
            const HTTPS: NonZeroU16 = NonZeroU16::MIN.saturating_add(442);
            return vec![Endpoint { host: self.domain.clone(), port: HTTPS }];
        }
        self.endpoints.iter().map(|public| public.0.clone()).collect()
    }

    /// What of it concerns the machine.
    pub(crate) fn server(&self) -> server::Config {
        let registration = match self.registration {
            Registration::Open => server::Registration::Open,
            Registration::Invite => server::Registration::Invite,
            Registration::Closed => server::Registration::Closed,
        };
        server::Config { registration, fetch: FetchPolicy::default(), fetches: Rates::default() }
    }
}

fn data() -> PathBuf {
    PathBuf::from("data")
}

/// On this machine only: what the world reaches it through is to be decided.
fn listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8448))
}

fn parsed<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Domain, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom(NotADomain(text)))
}

struct NotADomain(String);

impl fmt::Display for NotADomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a domain: lower case, at least two labels, such as \"chat.example\"", self.0)
    }
}

impl<'de> Deserialize<'de> for Public {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let place = text.rsplit_once(':').and_then(|(host, port)| {
            Some(Self(Endpoint { host: host.parse().ok()?, port: port.parse().ok()? }))
        });
        place.ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not host:port with a host name")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Config::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn the_domain_is_all_that_is_needed() {
        let config = Config::parse("domain = 'a.test'").unwrap();
        assert_eq!(config.endpoints()[0].host.as_str(), "a.test");
        assert_eq!(config.endpoints()[0].port.get(), 443);
        assert_eq!(config.server().registration, server::Registration::Closed);
        assert!(config.listen.ip().is_loopback());
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refused("").contains("domain"));
        assert!(refused("domain = 'A.test'").contains("not a domain"));
        assert!(refused("domain = 'a.test'\nlisten_on = '[::]:1'").contains("listen_on"));
        assert!(refused("domain = 'a.test'\nregistration = 'all'").contains("registration"));
        assert!(refused("domain = 'a.test'\nendpoints = ['127.0.0.1:443']").contains("host name"));
        assert!(refused("domain = 'a.test'\n[peers]\n'b.test' = 'nowhere'").contains("host:port"));
        assert!(refused("domain = 'a.test'\n[peers]\n'B' = '127.0.0.1:1'").contains("not a domain"));
    }
}
