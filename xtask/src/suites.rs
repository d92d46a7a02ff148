//! Every suite, in the order in which they run: the quick ones first.

use crate::{
    components, dist, guests, node, python, readme, reference, serve, surface, tools, wit_lint,
};
use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::{Duration, Instant};

/// A suite's name, and its function.
type Suite = (&'static str, fn() -> Result<()>);

const SUITES: &[Suite] = &[
    ("formatting", formatting),
    ("README", readme::check),
    ("WIT docs", wit_lint::check),
    ("reference", reference::check),
    ("build", || components::build().map(drop)),
    ("surface", || surface::check(&components::folder()?)),
    ("wasm32-wasip2", wasip2),
    ("unit tests", || test_alone("blueking-itsm")),
    ("xtask", || test_alone("xtask")),
    ("clippy, components", clippy_components),
    ("clippy, workspace", clippy),
    ("rustdoc", rustdoc),
    ("guests", guests::build),
    ("host in C, build", c_host),
    ("workspace tests", workspace_tests),
    ("serve", serve::check),
    ("host in Python", python_host),
    ("host in JavaScript", javascript_host),
    ("dist", dist::check),
];

/// Runs the suites up to the first that fails, and says how each went.
pub fn run() -> Result<()> {
    let (report, result) = run_all(SUITES);
    println!("\n{report}");
    result
}

fn run_all(suites: &[Suite]) -> (String, Result<()>) {
    let mut report = String::new();
    let mut result = Ok(());
    for (name, suite) in suites {
        let outcome = if result.is_ok() {
            println!("\n== {name}");
            let start = Instant::now();
            result = suite().with_context(|| format!("the suite `{name}` failed"));
            let outcome = if result.is_ok() { "ok" } else { "FAILED" };
            format!("{outcome:<8}{}", seconds(start.elapsed()))
        } else {
            "not run".to_owned()
        };
        report += &format!("{name:<30}{outcome}\n");
    }
    (report, result)
}

fn seconds(time: Duration) -> String {
    format!("{:>7.1} s", time.as_secs_f64())
}

fn formatting() -> Result<()> {
    need_component("fmt", "rustfmt")?;
    tools::run(tools::cargo()?.args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets"];
    deny_warnings(tools::cargo()?.args(arguments))
}

/// What exists on wasm only, clippy does not see natively.
fn clippy_components() -> Result<()> {
    tools::need_target(components::TARGET)?;
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
    need_component("clippy", "clippy")?;
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

/// Its tests are among those of the workspace.
fn c_host() -> Result<()> {
    for tool in ["make", "cc"] {
        if !tools::works(Command::new(tool).arg("--version")) {
            bail!("{tool} is missing: run `apt-get install build-essential`");
        }
    }
    tools::run(Command::new("make").args(["-C", "host-examples/c"]).current_dir(tools::root()?))
}

/// The components and the hosts. The tests of the pure core and of xtask have run before.
fn workspace_tests() -> Result<()> {
    tools::run(
        tools::cargo()?
            .arg("test")
            .args(tools::HOSTS)
            .args(SHOW_FIGURES)
            .env("ITSM_WASM_DIR", components::folder()?)
            .env("WASMTIME", python::wasmtime()?),
    )
}

fn python_host() -> Result<()> {
    let mut tests = dist::python()?.python();
    tests
        .args(["-m", "unittest", "discover", "-s", "tests", "-t", "."])
        .current_dir(tools::root()?.join("host-examples/python"));
    tools::run(with_built(&mut tests)?)
}

fn javascript_host() -> Result<()> {
    let packages = node::Packages::install("host-examples/javascript")?;
    let mut tests = packages.npm();
    tests.args(["run", "--silent", "test"]).env("CHROMIUM", node::chromium()?);
    tools::run(with_built(&mut tests)?)
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

fn need_component(command: &str, name: &str) -> Result<()> {
    if !tools::works(tools::cargo()?.args([command, "--version"])) {
        bail!("{name} is missing: run `rustup component add {name}`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failing_suite_is_named_and_the_rest_not_run() {
        let (report, result) = run_all(&[
            ("first", || Ok(())),
            ("second", || bail!("no")),
            ("third", || unreachable!("it runs after a failure")),
        ]);
        let error = format!("{:#}", result.unwrap_err());
        assert_eq!(error, "the suite `second` failed: no");
        let rows: Vec<_> =
            report.lines().map(|row| row.split_whitespace().take(2).collect::<Vec<_>>()).collect();
        assert_eq!(rows, [["first", "ok"], ["second", "FAILED"], ["third", "not"]]);
    }

    #[test]
    fn suites_that_pass_all_run() {
        let (report, result) = run_all(&[("one", || Ok(())), ("two", || Ok(()))]);
        assert!(result.is_ok());
        assert_eq!(report.matches("ok").count(), 2);
    }
}
