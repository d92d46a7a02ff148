//! Every suite, in the order in which they run: the quick ones first.

use crate::set_up::{
    C, CHROMIUM, CLIPPY, CURL, KILL, MARIADB, NODE, PYTHON, RUSTFMT, Requirement, WASIP2, WASM32,
    chromium_here,
};
use crate::{
    components, dist, formatting, guests, javascript, node, python, python_package, readme,
    reference, serve, surface, tools, wit_lint,
};
use anyhow::{Result, anyhow, bail};
use std::process::Command;
use std::time::{Duration, Instant};

/// One of the things that `cargo xtask test` runs.
pub struct Suite {
    /// As it is called on a command line.
    pub name: &'static str,
    /// What is true when it passes.
    pub shows: &'static str,
    /// The suites that make what it runs on. They run whenever it does.
    pub after: &'static [&'static str],
    /// What it needs of the machine.
    pub needs: &'static [Requirement],
    /// The hosts that it runs, by their folders.
    pub hosts: &'static [&'static str],
    pub run: fn() -> Result<()>,
}

/// The rest of a suite that needs nothing.
pub const PLAIN: Suite =
    Suite { name: "", shows: "", after: &[], needs: &[], hosts: &[], run: || Ok(()) };

/// All suites.
pub const SUITES: &[Suite] = &[
    Suite {
        name: "formatting",
        shows: "Rust, Python, JavaScript and C are as their formatters and linters want them",
        needs: &[RUSTFMT, PYTHON, NODE],
        run: formatting::check,
        ..PLAIN
    },
    Suite {
        name: "readme",
        shows: "both READMEs show the same commands, name hosts and figures that exist, and no page's command compiles wasmtime again",
        run: readme::check,
        ..PLAIN
    },
    Suite { name: "wit", shows: "everything in wit/ is documented", run: wit_lint::check, ..PLAIN },
    Suite {
        name: "reference",
        shows: "docs/reference.md is made of wit/, and docs/reference.zh.md has the same items",
        run: reference::check,
        ..PLAIN
    },
    Suite {
        name: "build",
        shows: "the components can be built, hold no path of the machine, and export what is described",
        needs: &[WASM32],
        run: || components::build().map(drop),
        ..PLAIN
    },
    Suite {
        name: "surface",
        shows: "the components import and export what tests/surface lists",
        after: &["build"],
        run: || surface::check(&components::folder()?),
        ..PLAIN
    },
    Suite {
        name: "size",
        shows: "the components that hosts carry with them are no larger than their budgets",
        after: &["build"],
        run: || components::check_sizes(&components::folder()?),
        ..PLAIN
    },
    Suite {
        name: "javascript-types",
        shows: "the types and the table of the npm package are made of what is built",
        after: &["build"],
        run: || javascript::check(&components::folder()?),
        ..PLAIN
    },
    Suite {
        name: "python-modules",
        shows: "the modules of the Python package are made of wit/",
        after: &["build"],
        run: || python_package::check(&components::folder()?),
        ..PLAIN
    },
    Suite {
        name: "wasip2",
        shows: "itsm.wasm exports the same if it is built for wasm32-wasip2",
        after: &["build"],
        needs: &[WASIP2],
        run: wasip2,
        ..PLAIN
    },
    Suite {
        name: "unit",
        shows: "domain and calls do natively what their tests say",
        run: || {
            test_alone("blueking-itsm")?;
            test_alone("wasi-http")
        },
        ..PLAIN
    },
    Suite {
        name: "xtask",
        shows: "the verbs do what their tests say",
        run: || test_alone("xtask"),
        ..PLAIN
    },
    Suite {
        name: "clippy-components",
        shows: "clippy finds nothing in what exists on wasm only",
        needs: &[CLIPPY, WASM32],
        run: clippy_components,
        ..PLAIN
    },
    Suite {
        name: "clippy",
        shows: "clippy finds nothing in the workspace",
        needs: &[CLIPPY],
        run: clippy,
        ..PLAIN
    },
    Suite { name: "rustdoc", shows: "the documentation has no broken link", run: rustdoc, ..PLAIN },
    Suite {
        name: "guests",
        shows: "the guests in Rust, Python and JavaScript can be built, and composed with itsm.wasm",
        after: &["build"],
        needs: &[WASIP2, PYTHON, NODE],
        run: guests::build,
        ..PLAIN
    },
    Suite {
        name: "c-host",
        shows: "the host in C can be built, and its requests, settings and record do what their tests say",
        after: &["build"],
        needs: &[C, CURL, PYTHON],
        hosts: &["host-examples/c"],
        run: c_host,
    },
    Suite {
        name: "workspace",
        shows: "the components, the fake ITSM, the receiver, and the hosts in Rust, in C and by command do what their tests say",
        after: &["build", "guests", "c-host"],
        needs: &[PYTHON, KILL],
        hosts: &[
            "host-examples/c",
            "host-examples/command-line",
            "host-examples/guests",
            "host-examples/rust",
            "receiver",
        ],
        run: workspace,
    },
    Suite {
        name: "serve",
        shows: "`cargo xtask serve` says which setting is missing",
        needs: &[WASM32, PYTHON],
        hosts: &["receiver"],
        run: serve::check,
        ..PLAIN
    },
    Suite {
        name: "python-host",
        shows: "the host in Python does what its tests say, in the servers that sites run too",
        after: &["build"],
        needs: &[PYTHON, MARIADB],
        hosts: &["host-examples/python"],
        run: python_host,
    },
    Suite {
        name: "javascript-host",
        shows: "the host in JavaScript and the page do what their tests say",
        after: &["build"],
        needs: &[NODE, CHROMIUM],
        hosts: &["host-examples/javascript"],
        run: javascript_host,
    },
    Suite {
        name: "site",
        shows: "a person's way over the pages of the fake site, in a browser, and axe finds nothing on them",
        after: &["build"],
        needs: &[NODE, CHROMIUM],
        run: site,
        ..PLAIN
    },
    Suite {
        name: "dist",
        shows: "the npm package and the wheel work where they are installed",
        needs: &[WASM32, PYTHON, NODE],
        run: dist::check,
        ..PLAIN
    },
];

/// The suites with these names, and those that make what they run on; all if there is no name.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Suite>> {
    let mut wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(unknown) =
        wanted.iter().find(|name| SUITES.iter().all(|suite| suite.name != **name))
    {
        let known: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
        bail!("there is no suite `{unknown}`; the suites are {}", known.join(", "));
    }
    if wanted.is_empty() {
        return Ok(SUITES.iter().collect());
    }
    // From the last to the first, since a suite comes after those that it names.
    for suite in SUITES.iter().rev() {
        if wanted.contains(&suite.name) {
            wanted.extend(suite.after);
        }
    }
    Ok(SUITES.iter().filter(|suite| wanted.contains(&suite.name)).collect())
}

/// What the suites need of the machine, each once.
pub fn needs(suites: &[&Suite]) -> Vec<Requirement> {
    let mut needs: Vec<Requirement> = Vec::new();
    for need in suites.iter().flat_map(|suite| suite.needs) {
        if needs.iter().all(|known| known.name != need.name) {
            needs.push(*need);
        }
    }
    needs
}

/// A line for each suite: its name, and what it shows.
pub fn list(suites: &[&Suite]) -> String {
    suites.iter().map(|suite| format!("{:<19}{}\n", suite.name, suite.shows)).collect()
}

/// Runs the suites up to the first that fails, or all of them, and says how each went.
pub fn run(suites: &[&Suite], keep_going: bool) -> Result<()> {
    let (report, result) = run_all(suites, keep_going);
    println!("\n{report}");
    result
}

fn run_all(suites: &[&Suite], keep_going: bool) -> (String, Result<()>) {
    let mut report = String::new();
    let mut failed = Vec::new();
    for Suite { name, run, .. } in suites {
        let outcome = if failed.is_empty() || keep_going {
            println!("\n== {name}");
            let start = Instant::now();
            let result = run();
            let outcome = if result.is_ok() { "ok" } else { "FAILED" };
            if let Err(why) = result {
                println!("{name} failed: {why:#}");
                failed.push(*name);
            }
            format!("{outcome:<8}{}", seconds(start.elapsed()))
        } else {
            "not run".to_owned()
        };
        report += &format!("{name:<19}{outcome}\n");
    }
    let result = match failed.as_slice() {
        [] => Ok(()),
        failed => Err(anyhow!("failed: {}", failed.join(", "))),
    };
    (report, result)
}

fn seconds(time: Duration) -> String {
    format!("{:>7.1} s", time.as_secs_f64())
}

fn clippy() -> Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets"];
    deny_warnings(tools::cargo()?.args(arguments))
}

/// What exists on wasm only, clippy does not see natively.
fn clippy_components() -> Result<()> {
    for component in components::ALL {
        deny_warnings(
            tools::cargo()?
                .args(["clippy", "--lib", "-p", component.package])
                .args(["--target", components::TARGET])
                .args(component.features),
        )?;
    }
    Ok(())
}

fn deny_warnings(clippy: &mut Command) -> Result<()> {
    tools::run(clippy.args(["--", "-D", "warnings"]))
}

fn rustdoc() -> Result<()> {
    tools::run(
        tools::cargo()?
            .args(["doc", "--no-deps", "--workspace"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// What a test that passes has counted is shown too.
const SHOW_FIGURES: [&str; 2] = ["--", "--show-output"];

fn test_alone(package: &str) -> Result<()> {
    tools::run(tools::cargo()?.args(["test", "-p", package]).args(SHOW_FIGURES))
}

/// Its stories with callbacks are among the tests of the workspace too.
fn c_host() -> Result<()> {
    let root = tools::root()?;
    tools::run(Command::new("make").args(["-C", "host-examples/c", "tests"]).current_dir(&root))?;
    let mut tests = Command::new("python3");
    tests.args(["-m", "unittest", "discover", "-s", "host-examples/c/tests"]).current_dir(&root);
    tools::run(with_built(&mut tests)?)
}

/// The components and the hosts. The tests of the pure core and of xtask have run before.
fn workspace() -> Result<()> {
    tools::run(
        tools::cargo()?
            .arg("test")
            .args(SHOW_FIGURES)
            .env("ITSM_WASM_DIR", components::folder()?)
            .env("WASMTIME", python::wasmtime()?),
    )
}

fn python_host() -> Result<()> {
    let mut tests = dist::python()?.python();
    tests
        .args(["-m", "pytest", "--quiet", "-n", "2"])
        .current_dir(tools::root()?.join("host-examples/python"))
        // What its own command is compared with.
        .env("NATIVE_ITSM", tools::program("itsm")?);
    tools::run(with_built(&mut tests)?)
}

fn javascript_host() -> Result<()> {
    let packages = node::Packages::install("host-examples/javascript")?;
    let mut tests = packages.npm();
    tests.args(["run", "--silent", "test"]).env("CHROMIUM", chromium_here()?);
    tools::run(with_built(&mut tests)?)
}

fn site() -> Result<()> {
    let packages = node::Packages::install("tests/site")?;
    let program = dist::program(&components::folder()?)?;
    let mut tests = packages.npm();
    tests.args(["run", "--silent", "test"]);
    tools::run(tests.env("ITSM", program).env("CHROMIUM", chromium_here()?))
}

/// Tells a test of a host where the components and the fake ITSM are.
pub fn with_built(test: &mut Command) -> Result<&mut Command> {
    Ok(test
        .env("ITSM_WASM_DIR", components::folder()?)
        .env("FAKE_ITSM", tools::program("fake-itsm")?))
}

/// Who builds for `wasm32-wasip2`, where cargo itself makes the component, gets the same exports.
fn wasip2() -> Result<()> {
    let built = components::ITSM.file(&components::folder()?);
    let other = components::ITSM.compile("wasm32-wasip2")?;
    surface::same_exports(&built, &other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Suite = Suite { name: "good", ..PLAIN };
    const BAD: Suite = Suite { name: "bad", run: || bail!("no"), ..PLAIN };
    const NEVER: Suite = Suite { name: "never", run: || unreachable!("it ran"), ..PLAIN };

    /// How each suite went, and the error.
    fn ran(suites: &[&Suite], keep_going: bool) -> (Vec<(String, String)>, String) {
        let (report, result) = run_all(suites, keep_going);
        let rows = report.lines().map(|row| {
            let mut words = row.split_whitespace().map(str::to_owned);
            (words.next().unwrap(), words.next().unwrap())
        });
        (rows.collect(), result.err().map(|error| error.to_string()).unwrap_or_default())
    }

    fn row(name: &str, outcome: &str) -> (String, String) {
        (name.to_owned(), outcome.to_owned())
    }

    fn names(chosen: &[&str]) -> Vec<&'static str> {
        let chosen: Vec<_> = chosen.iter().map(|name| (*name).to_owned()).collect();
        super::chosen(&chosen).unwrap().iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn suites_run_up_to_the_first_that_fails() {
        let (rows, error) = ran(&[&GOOD, &BAD, &NEVER], false);
        assert_eq!(rows, [row("good", "ok"), row("bad", "FAILED"), row("never", "not")]);
        assert_eq!(error, "failed: bad");
    }

    #[test]
    fn all_suites_run_where_that_is_asked_and_a_failure_stays_one() {
        let (rows, error) = ran(&[&BAD, &GOOD, &BAD], true);
        assert_eq!(rows, [row("bad", "FAILED"), row("good", "ok"), row("bad", "FAILED")]);
        assert_eq!(error, "failed: bad, bad");
    }

    #[test]
    fn suites_that_pass_are_no_error() {
        assert_eq!(ran(&[&GOOD], false), (vec![row("good", "ok")], String::new()));
    }

    #[test]
    fn named_suites_come_in_the_order_of_the_table_after_those_that_make_what_they_run_on() {
        for (chosen, expected) in [
            (["xtask", "unit"].as_slice(), ["unit", "xtask"].as_slice()),
            (&["unit", "unit"], &["unit"]),
            (&["surface"], &["build", "surface"]),
            (&["serve", "workspace"], &["build", "guests", "c-host", "workspace", "serve"]),
        ] {
            assert_eq!(names(chosen), expected);
        }
        assert_eq!(names(&[]).len(), SUITES.len());
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_names() {
        let error = chosen(&["unit".into(), "units".into()]).err().unwrap().to_string();
        assert!(error.starts_with("there is no suite `units`; the suites are formatting, readme,"));
        assert!(SUITES.iter().all(|suite| error.contains(suite.name)), "{error}");
    }

    #[test]
    fn only_what_the_chosen_suites_need_is_asked_for() {
        for (chosen, expected) in [
            (["unit", "xtask", "readme"].as_slice(), [].as_slice()),
            (&["python-host"], &[WASM32, PYTHON, MARIADB]),
            (&["clippy", "c-host", "serve"], &[WASM32, CLIPPY, C, CURL, PYTHON]),
        ] {
            let chosen: Vec<_> = chosen.iter().map(|name| (*name).to_owned()).collect();
            let needs = needs(&super::chosen(&chosen).unwrap());
            let names =
                |needs: &[Requirement]| needs.iter().map(|need| need.name).collect::<Vec<_>>();
            assert_eq!(names(&needs), names(expected));
        }
    }

    #[test]
    fn each_suite_can_be_typed_and_comes_after_those_that_it_names() {
        for (place, suite) in SUITES.iter().enumerate() {
            let typed = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
            };
            assert!(suite.name.chars().all(typed), "{}", suite.name);
            for before in suite.after {
                assert!(SUITES[..place].iter().any(|suite| suite.name == *before), "{before}");
            }
        }
    }
}
