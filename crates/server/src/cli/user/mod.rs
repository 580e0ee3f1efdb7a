//! `aldis user`

pub(super) mod door;
mod show;

use std::io::Write;
use std::path::{Path, PathBuf};

use axum::http::Method;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use protocol::{AccountRole, AddedUser, AdminUser, ChangeUser, IssuedCode, NewUser, Page};
use serde::Serialize;

use crate::config::{Config, arguments};
use door::Door;

pub(super) fn command() -> Command {
    let one = |name: &'static str, about: &'static str| with_settings(name, about).arg(name_argument());
    Command::new("user")
        .about("See to the people of a server")
        .long_about(
            "Sees to the people of a server: through the server, if one runs on the data folder, or else on the data \
             itself.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            with_settings("list", "List people, also those who are shut out").arg(
                Arg::new("query").value_name("QUERY").help("The beginning of a name or an e-mail address"),
            ),
        )
        .subcommand(one("show", "Show somebody"))
        .subcommand(
            one("add", "Make an account that needs no code, and print its password")
                .arg(flag("admin", "Make it an admin's"))
                .arg(Arg::new("user-email").long("email").value_name("ADDRESS").help("Where codes may be sent"))
                .arg(
                    Arg::new("user-display-name")
                        .long("display-name")
                        .value_name("NAME")
                        .help("The name to show [default: the username]"),
                )
                .arg(
                    Arg::new("user-password-file")
                        .long("password-file")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help("A file with the password [default: one is drawn and printed]"),
                ),
        )
        .subcommand(
            one("admin", "Make somebody an admin").arg(flag("remove", "Make them an admin no longer")),
        )
        .subcommand(one("disable", "Shut somebody out: their sessions and API tokens end"))
        .subcommand(one("enable", "Let somebody log in again"))
        .subcommand(one("reset", "Let somebody set a new password: prints a code to hand over, or sends it"))
        .subcommand(
            one("delete", "Delete the account of somebody, for ever")
                .arg(flag("delete-messages", "Delete what they wrote, too; else it stays with the others")),
        )
        .subcommand(one("logout", "End all sessions and API tokens of somebody"))
}

/// A command on the people of a server. Of the settings it shows those that name the server.
fn with_settings(name: &'static str, about: &'static str) -> Command {
    let shown = |argument: &Arg| ["config", "data"].contains(&argument.get_id().as_str());
    let settings = arguments().into_iter().map(|argument| {
        let is_shown = shown(&argument);
        argument.hide(!is_shown)
    });
    Command::new(name).about(about).args(settings).arg(flag("json", "Print JSON, for programs"))
}

fn name_argument() -> Arg {
    Arg::new("name").value_name("NAME").required(true).help("The username")
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// Runs a command.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let (command, flags) = matches.subcommand().expect("clap requires a subcommand");
    let (_, config) = super::settings(flags)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let mut door = open(command, config).await?;
        let done = execute(&mut door, command, flags).await;
        door.close().await;
        done
    })
}

async fn open(command: &str, config: Config) -> Result<Door, String> {
    if config.memory {
        return Err("a server in memory has no data folder, through which it could be reached".into());
    }
    // The first admin may be made before the server has ever run.
    Door::open(config, command == "add").await
}

async fn execute(door: &mut Door, command: &str, flags: &ArgMatches) -> Result<(), String> {
    let json = flags.get_flag("json");
    if command == "list" {
        let query = flags.get_one::<String>("query").map(String::as_str).unwrap_or_default();
        let people = list(door, query).await?;
        return if json { print_json(&people) } else { print(&show::table(&people)) };
    }
    let name = flags.get_one::<String>("name").expect("clap requires a name");
    match command {
        "show" => {
            let user: AdminUser = door.ask(Method::GET, &path(name), None::<&()>).await?;
            if json { print_json(&user) } else { print(&show::user(&user)) }
        }
        "add" => {
            let added: AddedUser =
                door.ask(Method::POST, "/admin/users", Some(&new_user(name, flags)?)).await?;
            if json { print_json(&added) } else { print(&show::added(&added)) }
        }
        "reset" => {
            let code: Option<IssuedCode> =
                door.ask_perhaps(Method::POST, &format!("{}/reset", path(name))).await?;
            match code {
                Some(code) if json => print_json(&code),
                Some(code) => print(&format!("{}\n", code.otp)),
                None => print("a code was sent\n"),
            }
        }
        "delete" => {
            let messages = if flags.get_flag("delete-messages") { "delete" } else { "keep" };
            door.tell(Method::DELETE, &format!("{}?messages={messages}", path(name))).await?;
            print(&format!("{name} is deleted\n"))
        }
        "logout" => {
            door.tell(Method::POST, &format!("{}/logout", path(name))).await?;
            let user: AdminUser = door.ask(Method::GET, &path(name), None::<&()>).await?;
            if json { print_json(&user) } else { print(&format!("{} is logged out\n", user.username)) }
        }
        _ => {
            let (change, outcome) = change(command, flags);
            let user: AdminUser = door.ask(Method::PATCH, &path(name), Some(&change)).await?;
            if json { print_json(&user) } else { print(&format!("{} {outcome}\n", user.username)) }
        }
    }
}

async fn list(door: &mut Door, query: &str) -> Result<Vec<AdminUser>, String> {
    let (mut people, mut next) = (Vec::new(), None);
    loop {
        let after = next.map(|next| format!("&next={next}")).unwrap_or_default();
        let path = format!("/admin/users?query={}{after}", door::escape(query));
        let page: Page<AdminUser> = door.ask(Method::GET, &path, None::<&()>).await?;
        people.extend(page.items);
        next = page.next;
        if next.is_none() {
            return Ok(people);
        }
    }
}

/// What a command changes, and how to say that it is done.
fn change(command: &str, flags: &ArgMatches) -> (ChangeUser, &'static str) {
    let disabled = |disabled| ChangeUser { disabled: Some(disabled), ..ChangeUser::default() };
    let role = |role| ChangeUser { role: Some(role), ..ChangeUser::default() };
    match command {
        "admin" if flags.get_flag("remove") => (role(AccountRole::Member), "is no admin any more"),
        "admin" => (role(AccountRole::Admin), "is an admin"),
        "disable" => (disabled(true), "is shut out"),
        "enable" => (disabled(false), "may log in again"),
        _ => unreachable!("clap knows the subcommands"),
    }
}

fn new_user(name: &str, flags: &ArgMatches) -> Result<NewUser, String> {
    let text = |name: &str| flags.get_one::<String>(name).cloned();
    let password = flags.get_one::<PathBuf>("user-password-file");
    Ok(NewUser {
        username: name.to_owned(),
        display_name: text("user-display-name"),
        email: text("user-email"),
        role: flags.get_flag("admin").then_some(AccountRole::Admin),
        password: password.map(|path| read_password(path)).transpose()?,
    })
}

/// The first line of a file.
fn read_password(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn path(name: &str) -> String {
    format!("/admin/users/{}", door::escape(name))
}

fn print_json(value: &impl Serialize) -> Result<(), String> {
    let json = serde_json::to_string(value).map_err(|error| error.to_string())?;
    print(&(json + "\n"))
}

fn print(text: &str) -> Result<(), String> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
}
