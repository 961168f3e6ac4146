//! `sottovoce-homeserver --config sottovoce.toml`

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sottovoce_homeserver::{Config, Failure, serve};

/// Keeps the accounts of a domain, and passes their messages on to other servers
#[derive(Parser)]
struct Arguments {
    /// The configuration; `domain = "chat.example"` is all it has to say
    #[arg(long, default_value = "sottovoce.toml")]
    config: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::read(&arguments.config)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))
}
