//! `cargo run --release -p sottovoce-world -- store --processes 2 --kill 500`, `… -- ratchet exposure`

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sottovoce_world::Failure;
use sottovoce_world::crash;
use sottovoce_world::devices;
use sottovoce_world::ratchet;
use sottovoce_world::servers::{l0, l1, outage};
use sottovoce_world::sessions::{self, Seeds, Sessions};
use sottovoce_world::store::{self, Options, Worker};

#[derive(Parser)]
#[command(about = "Worlds in which the library has to keep its promises")]
struct Arguments {
    #[command(subcommand)]
    world: World,
}

#[derive(Subcommand)]
enum World {
    /// Kills processes that write into one store, and looks whether it stays whole
    Store(Options),
    /// Holds the ratchet against a model of it
    #[command(subcommand)]
    Ratchet(ratchet::Experiment),
    /// Sessions on networks that lose, delay, reorder and repeat
    #[command(subcommand)]
    Sessions(Sessions),
    /// Whole devices that talk, are set back, copied, and lose sessions, by seed
    Devices(Seeds),
    /// The process of an application ends at every write, before and after it
    Crash(crash::Options),
    /// Every state of one stream between two servers, within small bounds
    L0(l0::Options),
    /// Whole servers in worlds that are drawn from seeds
    Seeds(l1::Options),
    /// Carries out a plan from a file, and says what happens
    Plan(l1::Watch),
    /// A server that is away for a week while items are queued for it
    Outage(outage::Options),
    #[command(hide = true)]
    StoreWorker(Worker),
}

fn main() -> Result<ExitCode, Failure> {
    match Arguments::parse().world {
        World::Store(options) => store::main(&options),
        World::Ratchet(experiment) => Ok(ratchet::main(experiment)),
        World::Sessions(what) => sessions::main(&what),
        World::Devices(which) => Ok(devices::main(&which.seeds)),
        World::Crash(options) => Ok(crash::main(options)),
        World::L0(options) => Ok(l0::main(&options)),
        World::Seeds(options) => Ok(l1::main(&options)),
        World::Plan(what) => l1::watch(&what),
        World::Outage(options) => outage::main(&options),
        World::StoreWorker(worker) => worker.run().map(|()| ExitCode::SUCCESS),
    }
}
