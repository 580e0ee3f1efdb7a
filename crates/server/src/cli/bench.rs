//! `aldis bench`

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use domain::Clock;
use loadtest::{
    LEAST_SIZE, Peer, Request, Scenario, abuse, connect, crowd, direct, fill, flush, group, idle, storm,
};

use crate::system::SystemClock;

/// The window for messages that are sent at a fixed rate. It only bounds the memory.
const OPEN_WINDOW: usize = 1024;

/// More of anything than a machine has room for.
const MOST: u64 = 1_000_000_000;

/// Runs a scenario.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let (name, flags) = matches.subcommand().expect("clap requires a scenario");
    let number = |name: &str| flags.get_one::<usize>(name).copied();
    let sure = |name: &str| number(name).expect("it has a default");
    let seconds = |name: &str| sure(name) as u64;
    let scenario = match name {
        "abuse" => Scenario::Abuse(abuse::Options {
            seconds: seconds("seconds"),
            only: flags.get_one::<String>("only").cloned(),
        }),
        "connect" => Scenario::Connect(connect::Options {
            connections: sure("connections"),
            concurrency: sure("concurrency"),
        }),
        "crowd" => {
            Scenario::Crowd(crowd::Options { members: sure("members"), rounds: sure("rounds") as u64 })
        }
        "direct" => Scenario::Direct(direct::Options {
            pairs: sure("pairs"),
            window: number("window").unwrap_or(if flags.contains_id("rate") { OPEN_WINDOW } else { 16 }),
            seconds: seconds("seconds"),
            warmup: seconds("warmup"),
            size: sure("size"),
            rate: flags.get_one("rate").copied(),
            client_ids: flags.get_flag("client-ids"),
        }),
        "fill" => Scenario::Fill(fill::Options {
            messages: sure("messages") as u64,
            pairs: sure("pairs"),
            window: sure("window"),
            size: sure("size"),
            client_ids: flags.get_flag("client-ids"),
        }),
        "flush" => Scenario::Flush(flush::Options {
            messages: sure("messages") as u64,
            senders: sure("senders"),
            window: sure("window"),
            size: sure("size"),
            client_ids: flags.get_flag("client-ids"),
        }),
        "group" => Scenario::Group(group::Options {
            members: sure("members"),
            window: sure("window"),
            seconds: seconds("seconds"),
            warmup: seconds("warmup"),
            size: sure("size"),
        }),
        "idle" => Scenario::Idle(idle::Options { connections: sure("connections"), hold: seconds("hold") }),
        "storm" => Scenario::Storm(storm::Options {
            connections: sure("connections"),
            restart_command: flags.get_one("restart-command").cloned(),
            wait: seconds("wait"),
        }),
        _ => unreachable!("clap knows the scenarios"),
    };
    let path = |name: &str| flags.get_one::<PathBuf>(name).cloned();
    let text = |name: &str| flags.get_one::<String>(name).cloned().expect("it has a default");
    let request = Request {
        url: text("url"),
        peer: match text("peer").as_str() {
            "demo" => Peer::Demo,
            "relay" => Peer::Relay,
            _ => Peer::Aldis,
        },
        accounts: flags.try_get_one("accounts").ok().flatten().copied(),
        tokens: path("tokens"),
        pid: flags.get_one("pid").copied(),
        pid_file: flags.try_get_one("pid-file").ok().flatten().cloned(),
        json: path("json"),
        svg: path("svg"),
        now: SystemClock::new().now(),
    };
    loadtest::run(request, &scenario)
}

/// The scenarios with their options.
pub(super) fn command() -> Command {
    let scenario = |name: &'static str, about: &'static str| Command::new(name).about(about);
    Command::new("bench")
        .about("Load a running server, measure it, and check what it promises")
        .long_about(
            "Loads a running server over WebSocket, measures it, and checks that every acknowledged message was \
             delivered exactly once and in order; if not, it fails. The server's limits are for people: start it with \
             higher --message-burst, --messages-per-second, --event-burst and --events-per-second, and with \
             --otp-channel fixed.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            scenario("direct", "Pairs of clients send to each other")
                .arg(at_least(1, "pairs", "500", "Pairs of clients, each client with an account of its own"))
                .arg(
                    number("window", 1..=MOST)
                        .help("Messages in flight for each client [default: 16; with --rate 1024, as a bound]"),
                )
                .arg(at_least(1, "seconds", "10", "How long to measure"))
                .arg(at_least(0, "warmup", "2", "Seconds before that"))
                .arg(size())
                .arg(
                    Arg::new("rate").long("rate").value_name("N").value_parser(rate).help(
                        "Messages a second in all, whatever the server does; latency counts from when each was due",
                    ),
                )
                .arg(client_ids()),
        )
        .subcommand(
            scenario("group", "One member of a group writes to everybody in it")
                .arg(at_least(2, "members", "1000", "All of them connected, each with an account of its own"))
                .arg(at_least(1, "window", "1", "Messages in flight"))
                .arg(at_least(1, "seconds", "10", "How long to measure"))
                .arg(at_least(0, "warmup", "2", "Seconds before that"))
                .arg(size()),
        )
        .subcommand(
            scenario("crowd", "What requests cost in a group of 10 and in a large one, while nobody is connected")
                .arg(
                    number("members", 11..=9_999)
                        .default_value("9999")
                        .help("Members of the large group, each an account of its own; one more joins and leaves"),
                )
                .arg(at_least(1, "rounds", "100", "How often each request is made")),
        )
        .subcommand(
            scenario("connect", "Clients connect, get what waits, and leave")
                .arg(at_least(1, "connections", "5000", "How many in all"))
                .arg(at_least(1, "concurrency", "32", "How many at the same time"))
                .arg(accounts()),
        )
        .subcommand(
            scenario("idle", "Clients connect and stay, for the memory of a connection")
                .arg(at_least(1, "connections", "5000", "How many"))
                .arg(at_least(0, "hold", "5", "Seconds to stay"))
                .arg(accounts()),
        )
        .subcommand(
            scenario("flush", "Many messages wait for one person, who then connects")
                .arg(at_least(1, "messages", "100000", "How many"))
                .arg(at_least(1, "senders", "16", "Clients that send them"))
                .arg(at_least(1, "window", "64", "Messages in flight for each sender"))
                .arg(size())
                .arg(client_ids()),
        )
        .subcommand(
            scenario("fill", "Store messages for people who are not connected, to measure with many stored")
                .arg(at_least(1, "messages", "1000000", "How many"))
                .arg(at_least(1, "pairs", "500", "Conversations, which are those of direct"))
                .arg(at_least(1, "window", "16", "Messages in flight for each sender"))
                .arg(size())
                .arg(client_ids()),
        )
        .subcommand(
            scenario("storm", "The server is restarted under many clients, which all come back at once")
                .arg(at_least(1, "connections", "10000", "How many"))
                .arg(
                    Arg::new("restart-command")
                        .long("restart-command")
                        .value_name("COMMAND")
                        .help("Restarts the server, on the same address and data; without it somebody else does"),
                )
                .arg(
                    Arg::new("pid-file")
                        .long("pid-file")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help("Where the server's present process is to be read, for its memory"),
                )
                .arg(at_least(1, "wait", "120", "Seconds to wait for the restart, and then for everybody"))
                .arg(accounts()),
        )
        .subcommand(abuse())
        .mut_subcommands(|command| command.args(common()))
}

fn abuse() -> Command {
    Command::new("abuse")
.about("Accounts ask for what costs most, beside people who use the server as always")
                .long_about(
                    "Accounts ask for what costs most, one kind after the other, beside people who send, read, log in and \
                     connect. Compares what those people wait with what they waited just before, and fails if one of \
                     a hundred waits more than twice as long. Start the server with its usual limits, which are what \
                     is tried, and with --otp-channel fixed.",
                )
                .arg(at_least(1, "seconds", "5", "How long to measure each kind, before and beside it"))
                .arg(Arg::new("only").long("only").value_name("TEXT").help("Only kinds whose name contains this"))
}

fn common() -> [Arg; 6] {
    let path = |name: &'static str| {
        Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf))
    };
    [
        Arg::new("url")
            .long("url")
            .value_name("URL")
            .default_value("http://127.0.0.1:5000")
            .help("The server"),
        path("tokens").help("Keep the accounts' tokens here, and use them again"),
        Arg::new("pid")
            .long("pid")
            .value_parser(value_parser!(u32))
            .help("Process of the server, to measure it"),
        path("json").help("Write the report for machines; - for standard output, without the table"),
        path("svg").help("Draw the latencies"),
        Arg::new("peer")
            .long("peer")
            .value_parser(["aldis", "demo", "relay"])
            .default_value("aldis")
            .hide(true),
    ]
}

fn number(name: &'static str, range: RangeInclusive<u64>) -> Arg {
    let parser = RangedU64ValueParser::<usize>::new().range(range);
    Arg::new(name).long(name).value_name("N").value_parser(parser)
}

fn at_least(least: u64, name: &'static str, default: &'static str, help: &'static str) -> Arg {
    number(name, least..=MOST).default_value(default).help(help)
}

fn accounts() -> Arg {
    number("accounts", 1..=MOST).help("Accounts that the clients share [default: one each, at most 1000]")
}

fn size() -> Arg {
    at_least(LEAST_SIZE as u64, "size", "120", "Bytes of a text")
}

fn client_ids() -> Arg {
    let help = "Send a clientId with each message, as a client does that sends again";
    Arg::new("client-ids").long("client-ids").action(ArgAction::SetTrue).help(help)
}

/// More than any server does would wait for messages that were due long ago.
fn rate(text: &str) -> Result<f64, &'static str> {
    text.parse()
        .ok()
        .filter(|rate: &f64| *rate > 0.0 && *rate <= 1_000_000.0)
        .ok_or("it must be a number above 0, up to 1000000")
}
