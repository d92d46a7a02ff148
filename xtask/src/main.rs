//! The project's only entry point: `cargo xtask <verb>`.

mod components;
mod compose;
mod dist;
mod guests;
mod node;
mod platforms;
mod prose;
mod prove;
mod python;
mod readme;
mod reference;
mod serve;
mod suites;
mod surface;
mod tools;
mod wit_lint;

use anyhow::{Result, bail};
use std::process::{Command, ExitCode};

/// A verb, what it does, and its function. The function gets what follows the verb.
type Verb = (&'static str, &'static str, fn(&[String]) -> Result<ExitCode>);

const VERBS: [Verb; 10] = [
    ("build", "make the components in target/itsm", build),
    ("demo", "build, then play an approval against the fake ITSM [--seed N] [--flip]", demo),
    ("dist", "make target/dist: what people get who have no Rust", dist),
    ("guests", "build, then compose each guest with itsm.wasm", guests),
    ("platforms", "run what is built in other runtimes, which it gets first", platforms),
    ("prove", "gather the long evidence: a quarter of an hour of it", prove),
    ("surface", "compare the built imports and exports with tests/surface [--bless]", surface),
    (
        "serve",
        "build, then serve the receiver; its settings are ITSM_... in the environment",
        serve,
    ),
    ("test", "run every suite, up to the first that fails", test),
    ("wit", "check the docs in wit/, and the reference made of them [--bless]", wit),
];

/// The exit code of a command line that can't be understood.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    };
    let Some((.., run)) = VERBS.iter().find(|(verb, ..)| *verb == name) else {
        eprint!("there is no verb `{name}`\n{}", usage());
        return USAGE.into();
    };
    run(&arguments.collect::<Vec<_>>()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn usage() -> String {
    let verbs = VERBS.map(|(name, help, _)| format!("  {name:<11}{help}\n"));
    format!("cargo xtask <verb>\n{}", verbs.concat())
}

fn build(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    components::build()?;
    Ok(ExitCode::SUCCESS)
}

fn demo(arguments: &[String]) -> Result<ExitCode> {
    let folder = components::build()?;
    let status = Command::new(tools::program("demo")?)
        .args(arguments)
        .env("ITSM_WASM_DIR", folder)
        .status()?;
    Ok(tools::exit_code(status))
}

fn dist(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    let folder = dist::make()?;
    println!("in {}", folder.display());
    Ok(ExitCode::SUCCESS)
}

fn guests(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    components::build()?;
    guests::build()?;
    Ok(ExitCode::SUCCESS)
}

fn platforms(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    platforms::run()?;
    Ok(ExitCode::SUCCESS)
}

fn prove(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    prove::run()?;
    Ok(ExitCode::SUCCESS)
}

fn serve(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    serve::run(&components::build()?)
}

fn surface(arguments: &[String]) -> Result<ExitCode> {
    let bless = flag(arguments, Some("--bless"))?;
    let folder = components::build()?;
    if bless {
        surface::bless(&folder)?;
    } else {
        surface::check(&folder)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn test(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    suites::run()?;
    Ok(ExitCode::SUCCESS)
}

fn wit(arguments: &[String]) -> Result<ExitCode> {
    let bless = flag(arguments, Some("--bless"))?;
    wit_lint::check()?;
    if bless {
        reference::bless()?;
    } else {
        reference::check()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the one flag that a verb knows was given. Anything else is an error.
fn flag(arguments: &[String], known: Option<&str>) -> Result<bool> {
    for argument in arguments {
        if known != Some(argument) {
            bail!("this verb does not know `{argument}`");
        }
    }
    Ok(!arguments.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_gives_each_verb_a_line() {
        let usage = usage();
        for (name, help, _) in VERBS {
            assert!(usage.lines().any(|line| {
                line.split_whitespace().next() == Some(name) && line.ends_with(help)
            }));
        }
    }

    #[test]
    fn an_unknown_flag_is_an_error() {
        assert!(flag(&["--bless".into()], Some("--bless")).unwrap());
        assert!(!flag(&[], Some("--bless")).unwrap());
        assert_eq!(
            flag(&["--bles".into()], Some("--bless")).unwrap_err().to_string(),
            "this verb does not know `--bles`"
        );
    }
}
