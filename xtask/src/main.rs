//! The project's only entry point: `cargo xtask <verb>`.
#![expect(clippy::indexing_slicing, reason = "an id of the WIT leads to what it names")]

mod bench;
mod components;
mod compose;
mod description;
mod dist;
mod dummies;
mod formatting;
mod guests;
mod javascript;
mod node;
mod pages;
mod platforms;
mod prose;
mod prove;
mod python;
mod python_package;
mod readme;
mod reference;
mod serve;
mod set_up;
mod suites;
mod surface;
mod tools;
mod wit_lint;

use anyhow::{Result, bail};
use set_up::{KILL, MARIADB, NODE, PYTHON, RUSTFMT, Requirement, WASIP2, WASM32};
use std::process::{Command, ExitCode};

/// A verb, what it does, what it needs of the machine, and its function. The function gets what follows the verb.
type Verb = (&'static str, &'static str, &'static [Requirement], fn(&[String]) -> Result<ExitCode>);

const VERBS: [Verb; 16] = [
    (
        "bench",
        "measure speed, space and counts beside native code: five minutes, after a first build of ten [--bless] [--seeded]",
        &[WASM32, PYTHON, NODE],
        bench,
    ),
    ("build", "make the components in target/itsm", &[WASM32], build),
    (
        "demo",
        "build, then play six tickets against the fake ITSM [--stay] [--seed N] [--flip]",
        &[WASM32],
        demo,
    ),
    ("dist", "make target/dist: what people get who have no Rust", &[WASM32, PYTHON, NODE], dist),
    (
        "dummies",
        "add an action, a verdict and a host to a copy, and leave out each place [action|verdict|host]",
        &[WASM32, PYTHON, NODE],
        dummies,
    ),
    (
        "format",
        "format all languages, and make the linters' safe corrections",
        &[RUSTFMT, PYTHON, NODE],
        format,
    ),
    (
        "guests",
        "build, then compose each guest with itsm.wasm",
        &[WASM32, WASIP2, PYTHON, NODE],
        guests,
    ),
    (
        "javascript",
        "build, then compare the types and the table of the npm package with what is built [--bless]",
        &[WASM32],
        javascript,
    ),
    (
        "platforms",
        "run what is built in other runtimes, which it gets first",
        &[WASM32, WASIP2, PYTHON, NODE],
        platforms,
    ),
    (
        "prove",
        "gather the long evidence: a quarter of an hour of it",
        &[WASM32, KILL, PYTHON, MARIADB],
        prove,
    ),
    (
        "python",
        "compare the modules of the Python package that are made of wit/ [--bless]",
        &[WASM32],
        python_modules,
    ),
    (
        "serve",
        "build, then serve the receiver; its settings are ITSM_... in the environment",
        &[WASM32, PYTHON],
        serve,
    ),
    ("set-up", "install what the suites need and the machine lacks [SUITE...]", &[], set_up),
    (
        "surface",
        "compare the built imports and exports with tests/surface [--bless]",
        &[WASM32],
        surface,
    ),
    (
        "test",
        "set up, then run every suite up to the first that fails [SUITE...] [--list] [--keep-going]",
        &[],
        test,
    ),
    ("wit", "check the docs in wit/, and the reference made of them [--bless]", &[], wit),
];

/// From a clean clone, on two cores.
const FIRST_BUILD: &str = "five to nine minutes on two cores";

/// The exit code of a command line that can't be understood.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    };
    let Some((_, _, needs, run)) = VERBS.iter().find(|(verb, ..)| *verb == name) else {
        eprint!("there is no verb `{name}`\n{}", usage());
        return USAGE.into();
    };
    let ran = set_up::set_up(needs).and_then(|()| run(&arguments.collect::<Vec<_>>()));
    ran.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn usage() -> String {
    let verbs = VERBS.map(|(name, help, ..)| format!("  {name:<11}{help}\n"));
    format!("cargo xtask <verb>\n{}", verbs.concat())
}

fn bench(arguments: &[String]) -> Result<ExitCode> {
    match flag(arguments, Some("--seeded")) {
        Ok(true) => bench::seeded()?,
        _ => bench::run(flag(arguments, Some("--bless"))?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn build(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    components::build()?;
    Ok(ExitCode::SUCCESS)
}

fn demo(arguments: &[String]) -> Result<ExitCode> {
    println!("The first build takes {FIRST_BUILD}. The next one takes a second.");
    let folder = components::build_only(&[components::ITSM])?;
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

fn dummies(arguments: &[String]) -> Result<ExitCode> {
    dummies::run(arguments)?;
    Ok(ExitCode::SUCCESS)
}

fn format(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    formatting::write()?;
    Ok(ExitCode::SUCCESS)
}

fn guests(arguments: &[String]) -> Result<ExitCode> {
    flag(arguments, None)?;
    components::build()?;
    guests::build()?;
    Ok(ExitCode::SUCCESS)
}

fn javascript(arguments: &[String]) -> Result<ExitCode> {
    let bless = flag(arguments, Some("--bless"))?;
    let folder = components::build()?;
    if bless {
        javascript::bless(&folder)?;
    } else {
        javascript::check(&folder)?;
    }
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

fn python_modules(arguments: &[String]) -> Result<ExitCode> {
    let bless = flag(arguments, Some("--bless"))?;
    let folder = components::build()?;
    if bless {
        python_package::bless(&folder)?;
    } else {
        python_package::check(&folder)?;
    }
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

fn set_up(names: &[String]) -> Result<ExitCode> {
    set_up::set_up(&suites::needs(&suites::chosen(names)?))?;
    Ok(ExitCode::SUCCESS)
}

fn test(arguments: &[String]) -> Result<ExitCode> {
    let (list, keep_going) = ("--list", "--keep-going");
    let is_flag = |argument: &String| [list, keep_going].contains(&argument.as_str());
    let (flags, names): (Vec<_>, Vec<_>) = arguments.iter().cloned().partition(is_flag);
    let suites = suites::chosen(&names)?;
    if flags.iter().any(|flag| flag == list) {
        print!("{}", suites::list(&suites));
        return Ok(ExitCode::SUCCESS);
    }
    set_up::set_up(&suites::needs(&suites))?;
    suites::run(&suites, flags.iter().any(|flag| flag == keep_going))?;
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
        for (name, help, ..) in VERBS {
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
