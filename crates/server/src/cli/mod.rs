//! The command line.

mod asyncapi;
mod bench;
mod config;
mod export;
mod keys;
mod openapi;
mod serve;
mod user;

use std::io::Write;
use std::process::ExitCode;

use clap::{ArgMatches, Command};

use crate::config::{Config, Layers, arguments};

/// Runs the command that was asked for.
pub(crate) fn run() -> ExitCode {
    let matches = command().get_matches();
    let (name, flags) = matches.subcommand().expect("clap requires a subcommand");
    let done = match name {
        "serve" => settings(flags).and_then(|(_, config)| serve::serve(config)),
        "config" => settings(flags).and_then(|(layers, _)| config::print(&layers)),
        "export" => export::run(flags),
        "keys" => settings(flags).and_then(|(_, config)| keys::rotate(&config)),
        "openapi" => openapi::print(),
        "asyncapi" => asyncapi::print(),
        "user" => user::run(flags),
        "bench" => bench::run(flags),
        _ => unreachable!("clap knows the subcommands"),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be reading any more.
            let _ = writeln!(std::io::stderr(), "aldis: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let with_settings = |command: Command| command.args(arguments());
    Command::new("aldis")
        .version(clap::crate_version!())
        .about("A self-hosted real-time messaging server for any Socket.IO client")
        .subcommand_required(true)
        .arg_required_else_help(true)
        // The last of several values counts, so that a script can append to the arguments it was given.
        .args_override_self(true)
        .subcommand(with_settings(Command::new("serve").about("Serve")))
        .subcommand(with_settings(
            Command::new("config").about("Print the settings in force, each with its source"),
        ))
        .subcommand(with_settings(
            Command::new("keys")
                .about("Make a new key for access tokens, used from the next start on")
                .long_about(
                    "Makes a new key for access tokens in the data folder. It signs from the next start on; tokens of \
                     the keys before it are accepted until their files are removed.",
                ),
        ))
        .subcommand(user::command())
        .subcommand(export::command())
        .subcommand(Command::new("openapi").about("Print the OpenAPI document, which describes HTTP"))
        .subcommand(Command::new("asyncapi").about("Print the AsyncAPI document, which describes the socket"))
        .subcommand(bench::command())
}

fn settings(flags: &ArgMatches) -> Result<(Layers, Config), String> {
    let layers = Layers::read(flags, std::env::vars_os())?;
    let config = layers.config()?;
    Ok((layers, config))
}
