//! `aldis export`

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::user::door::{self, Door};
use crate::config::arguments;

pub(super) fn command() -> Command {
    let settings = arguments().into_iter().map(|argument| {
        let is_shown = ["config", "data"].contains(&argument.get_id().as_str());
        argument.hide(!is_shown)
    });
    Command::new("export")
        .about("Write a ZIP archive of what the server has for somebody")
        .long_about(
            "Writes a ZIP archive of what the server has for somebody, as they get it from the web client: through the \
             server, if one runs on the data folder, or else from the data itself.",
        )
        .args(settings)
        .arg(Arg::new("user").long("user").value_name("NAME").required(true).help("The username"))
        .arg(
            Arg::new("target")
                .value_name("TARGET")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("The file to write, which must not be there yet"),
        )
}

pub(super) fn run(flags: &ArgMatches) -> Result<(), String> {
    let (_, config) = super::settings(flags)?;
    let name = flags.get_one::<String>("user").expect("clap requires a name");
    let target = flags.get_one::<PathBuf>("target").expect("clap requires a target");
    if config.memory {
        return Err("a server in memory has no data folder, through which it could be reached".into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let bytes = runtime.map_err(|error| error.to_string())?.block_on(async {
        let mut door = Door::open(config, false).await?;
        let saved = door.save(&format!("/admin/users/{}/export", door::escape(name)), target).await;
        door.close().await;
        saved
    })?;
    println!("{}: {bytes} bytes", target.display());
    Ok(())
}
