//! BlueKing ITSM on the command line.
//!
//! `itsm gate` asks for an approval and waits for it; the other commands look at tickets and act on them. The
//! work is the component's, by way of the Rust host.

#[macro_use]
mod words;

mod configuration;
mod exit;
mod fake;
mod gate;
mod listen;
mod packed;
mod resume;
mod scenario;
mod show;
mod tickets;
mod trigger;
mod view;

use anyhow::Result;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use configuration::Flags;
use exit::Exit;
use std::process::ExitCode;

/// Asks BlueKing ITSM for approvals, and looks after its tickets.
#[derive(Parser)]
#[command(name = "itsm", version, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Asks for an approval, waits for it, and exits with 0 only if it is given.
    Gate(gate::Gate),
    #[command(flatten)]
    Tickets(tickets::Command),
    /// Receives callbacks, and prints what each one proves.
    Listen(listen::Listen),
    /// Lets a fake site send callbacks to an endpoint.
    Trigger(trigger::Trigger),
    /// Serves a fake site on this machine, with pages for a browser.
    Fake(fake::Fake),
    /// Prints the completion script of a shell.
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Makes this program carry a component and the page that reads callbacks.
    #[command(hide = true)]
    Pack {
        /// The component.
        component: std::path::PathBuf,
        /// The folder of the page.
        page: std::path::PathBuf,
        /// The program that carries both.
        program: std::path::PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let language = words::language(|name| std::env::var(name).ok());
    let command = words::translated(Arguments::command(), language);
    let arguments = match command.try_get_matches() {
        Ok(matches) => Arguments::from_arg_matches(&matches),
        Err(error) => Err(error),
    };
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    match run(arguments).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("itsm: {error:#}");
            exit::of(&error).into()
        }
    }
}

async fn run(Arguments { flags, command }: Arguments) -> Result<Exit> {
    match command {
        Command::Completion { shell } => {
            clap_complete::generate(
                shell,
                &mut Arguments::command(),
                "itsm",
                &mut std::io::stdout(),
            );
            Ok(Exit::Done)
        }
        Command::Pack { component, page, program } => {
            packed::pack(&component, &page, &program)?;
            Ok(Exit::Done)
        }
        Command::Gate(gate) => gate.run(&flags).await,
        Command::Tickets(command) => command.run(&flags).await,
        Command::Listen(listen) => listen.run(&flags).await,
        Command::Trigger(trigger) => trigger.run(&flags).await,
        Command::Fake(fake) => fake.run(&flags).await,
    }
}
