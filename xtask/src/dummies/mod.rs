//! An action, a verdict and a host that nobody wants, added to a copy of the tree: with every place filled
//! the checks pass, and with any one left out the check of that place fails.
//!
//! What is added, and where, is in one table for each: [`action`], [`verdict`], [`host`]. The pages of
//! `docs/adding` lead to the same places.

mod action;
mod host;
mod verdict;

use crate::{dist, node, tools};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Something that can be added to the project.
struct Dummy {
    name: &'static str,
    places: &'static [Place],
}

/// A place that has to be filled, and what fails when it is not.
struct Place {
    what: &'static str,
    file: &'static str,
    edit: Edit,
    check: Check,
}

/// What is done to a file.
enum Edit {
    /// Puts a text after another, which occurs once.
    After(&'static str, &'static str),
    /// Puts a text at the end of the file, which may not be there yet.
    End(&'static str),
    /// Makes a new text of the old one.
    Change(fn(&str) -> Option<String>),
    /// Makes a new file of another one.
    Of(&'static str, fn(&str) -> Option<String>),
}

/// The cheapest check that finds a place empty.
#[derive(Clone, Copy, PartialEq)]
enum Check {
    /// A test program of the package `blueking-itsm`.
    Test(&'static str),
    /// The tests inside of that package.
    Unit,
    /// The fake's own tests.
    Fake,
    /// A component's package, compiled for WebAssembly.
    Component(&'static str),
    /// Everything that runs natively, compiled.
    Workspace,
    /// A verb of this program.
    Verb(&'static str),
    /// A suite of the copy's own program.
    Suite(&'static str),
    /// Tests of the host in Python, with the built component.
    Python(&'static str),
    /// The types of the host in JavaScript, which are made of the built component.
    JavaScript,
}

const DUMMIES: [Dummy; 3] = [
    Dummy { name: "action", places: action::PLACES },
    Dummy { name: "verdict", places: verdict::PLACES },
    Dummy { name: "host", places: host::PLACES },
];

/// Adds each of them, or the named ones, and leaves out one place after another.
pub fn run(names: &[String]) -> Result<()> {
    for name in names {
        if !DUMMIES.iter().any(|dummy| dummy.name == name) {
            bail!("there is no dummy `{name}`");
        }
    }
    let tree = Tree::copied()?;
    let mut unnoticed = Vec::new();
    let is_wanted = |dummy: &&Dummy| names.is_empty() || names.iter().any(|it| it == dummy.name);
    for dummy in DUMMIES.iter().filter(is_wanted) {
        println!("\n== {}: {} places", dummy.name, dummy.places.len());
        tree.fill(dummy, None)?;
        if dummy.is_loaded() {
            tools::run(&mut tree.verb("build")?)?;
        }
        for check in checks(dummy) {
            if let Some(said) = tree.failure(check)? {
                bail!("with every place filled, {} fails:\n{said}", check.name());
            }
        }
        println!("every place is filled, and every check passes. Without:");
        for (left_out, place) in dummy.places.iter().enumerate() {
            tree.fill(dummy, Some(left_out))?;
            let said = match tree.failure(place.check)? {
                Some(said) => reason(&said),
                None => {
                    unnoticed.push(format!("{}: {}", dummy.name, place.what));
                    "NOTHING FAILS".to_owned()
                }
            };
            println!("{} ({}) | {} | {said}", place.what, place.file, place.check.name());
        }
        tree.empty(dummy)?;
    }
    if !unnoticed.is_empty() {
        bail!("nothing fails without:\n{}", unnoticed.join("\n"));
    }
    Ok(())
}

/// The checks of a dummy's places, each once.
fn checks(dummy: &Dummy) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for place in dummy.places {
        if !checks.contains(&place.check) {
            checks.push(place.check);
        }
    }
    checks
}

impl Dummy {
    /// Whether a host loads the component that has it.
    fn is_loaded(&self) -> bool {
        let loads = |place: &Place| matches!(place.check, Check::Python(_) | Check::JavaScript);
        self.places.iter().any(loads)
    }

    /// The files with every place filled but one, or nothing for a file that is not there then.
    fn texts(
        &self,
        root: &Path,
        left_out: Option<usize>,
    ) -> Result<BTreeMap<&'static str, Option<String>>> {
        let mut texts = BTreeMap::new();
        for (number, place) in self.places.iter().enumerate() {
            let old = match texts.remove(place.file) {
                Some(text) => text,
                None => fs::read_to_string(root.join(place.file)).ok(),
            };
            let new = if left_out == Some(number) {
                old
            } else {
                let new = place.edit.apply(root, old.as_deref());
                Some(new.with_context(|| format!("{}: {}", place.file, place.what))?)
            };
            texts.insert(place.file, new);
        }
        Ok(texts)
    }
}

impl Check {
    fn name(self) -> String {
        match self {
            Self::Test(name) => format!("tests/{name}.rs"),
            Self::Unit => "tests of src/".to_owned(),
            Self::Fake => "tests of the fake".to_owned(),
            Self::Component(package) => format!("{package}, compiled for WebAssembly"),
            Self::Workspace => "the workspace, compiled".to_owned(),
            Self::Verb(verb) => format!("cargo xtask {verb}"),
            Self::Suite(suite) => format!("cargo xtask test {suite}"),
            Self::Python(tests) => format!("Python's {tests}"),
            Self::JavaScript => "tsc".to_owned(),
        }
    }
}

/// A copy of the tree, and where its parts are built.
struct Tree {
    root: PathBuf,
    copy: PathBuf,
}

impl Tree {
    /// Copies what git knows of, as it is now. What is the same already stays, so that it is not built again.
    fn copied() -> Result<Self> {
        let root = tools::root()?;
        let tree = Self { copy: root.join("target/dummies"), root };
        let mut list = Command::new("git");
        list.args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(&tree.root);
        let files = tools::output(&mut list)?;
        for file in files.lines() {
            // What is deleted and not committed is listed, too.
            match fs::read(tree.root.join(file)) {
                Ok(content) => tree.write(file, &content)?,
                Err(_) => tree.remove(file)?,
            }
        }
        tree.forget(&files)?;
        for dummy in &DUMMIES {
            tree.empty(dummy)?;
        }
        // The target directory is shared. With another version, nothing that is built of the copy passes
        // for what is built of the tree.
        let manifest = fs::read_to_string(tree.root.join("Cargo.toml"))?;
        let version = "[workspace.package]\nversion = \"0.1.0";
        tree.write("Cargo.toml", put_after(&manifest, version, "-dummy")?.as_bytes())?;
        // The components are built apart, from where the tree's are: see `verb`.
        let built = tools::target_dir()?.join("components");
        if built.exists() && !tree.copy.join("target/components").exists() {
            tools::run(Command::new("cp").arg("-a").arg(built).arg(tree.copy.join("target")))?;
        }
        node::Packages::install("host-examples/javascript")?;
        let packages = "host-examples/javascript/node_modules";
        if !tree.copy.join(packages).exists() {
            std::os::unix::fs::symlink(tree.root.join(packages), tree.copy.join(packages))?;
        }
        Ok(tree)
    }

    /// Removes what an earlier copy had and this one has not.
    fn forget(&self, files: &str) -> Result<()> {
        let list = self.copy.join("target/files");
        if let Ok(before) = fs::read_to_string(&list) {
            let now: BTreeSet<_> = files.lines().collect();
            for file in before.lines().filter(|file| !now.contains(file)) {
                self.remove(file)?;
            }
        }
        fs::create_dir_all(self.copy.join("target"))?;
        fs::write(&list, files).with_context(|| format!("can't write {}", list.display()))
    }

    /// Fills every place but one.
    fn fill(&self, dummy: &Dummy, left_out: Option<usize>) -> Result<()> {
        for (file, text) in dummy.texts(&self.root, left_out)? {
            match text {
                Some(text) => self.write(file, text.as_bytes())?,
                None => self.remove(file)?,
            }
        }
        Ok(())
    }

    /// Undoes it.
    fn empty(&self, dummy: &Dummy) -> Result<()> {
        for place in dummy.places {
            match fs::read(self.root.join(place.file)) {
                Ok(content) => self.write(place.file, &content)?,
                Err(_) => self.remove(place.file)?,
            }
        }
        Ok(())
    }

    fn write(&self, file: &str, content: &[u8]) -> Result<()> {
        let path = self.copy.join(file);
        if fs::read(&path).is_ok_and(|old| old == content) {
            return Ok(());
        }
        fs::create_dir_all(path.parent().context("a file in a folder")?)?;
        fs::write(&path, content).with_context(|| format!("can't write {}", path.display()))
    }

    fn remove(&self, file: &str) -> Result<()> {
        let path = self.copy.join(file);
        if path.exists() {
            fs::remove_file(&path)?;
        }
        // A host's folder goes with its last file.
        let _ = fs::remove_dir(path.parent().context("a file in a folder")?);
        Ok(())
    }

    /// What a check says, if it fails.
    fn failure(&self, check: Check) -> Result<Option<String>> {
        for mut command in self.commands(check)? {
            let output = command.output().context("can't start a check")?;
            if !output.status.success() {
                let said = [output.stdout, output.stderr].concat();
                return Ok(Some(String::from_utf8_lossy(&said).into_owned()));
            }
        }
        Ok(None)
    }

    fn commands(&self, check: Check) -> Result<Vec<Command>> {
        let cargo = |arguments: &[&str]| -> Result<Vec<Command>> {
            let mut cargo = tools::cargo()?;
            cargo.args(arguments).current_dir(&self.copy);
            cargo.env("CARGO_TARGET_DIR", tools::target_dir()?);
            Ok(vec![cargo])
        };
        match check {
            Check::Test(name) => cargo(&["test", "--quiet", "-p", "blueking-itsm", "--test", name]),
            Check::Unit => cargo(&["test", "--quiet", "-p", "blueking-itsm", "--lib"]),
            Check::Fake => cargo(&["test", "--quiet", "-p", "fake-itsm", "--lib"]),
            Check::Component(package) => {
                cargo(&["check", "--quiet", "-p", package, "--target", crate::components::TARGET])
            }
            Check::Workspace => cargo(&["check", "--quiet", "--workspace", "--all-targets"]),
            Check::Verb(verb) => Ok(vec![self.verb(verb)?]),
            Check::Suite(suite) => {
                // The suites that the copy has, this program has not.
                let mut xtask = tools::cargo()?;
                xtask.args(["xtask", "test", suite]).current_dir(&self.copy);
                xtask.env("CARGO_TARGET_DIR", self.copy.join("target"));
                xtask.env("CARGO_BUILD_BUILD_DIR", tools::target_dir()?);
                Ok(vec![xtask])
            }
            Check::Python(tests) => {
                let mut python = dist::python()?.python();
                python.args(["-m", "unittest", tests]);
                Ok(vec![self.in_host("host-examples/python", python)?])
            }
            Check::JavaScript => {
                let script = |name: &str| {
                    let mut npm = Command::new("npm");
                    npm.args(["run", "--silent", name]);
                    self.in_host("host-examples/javascript", npm)
                };
                Ok(vec![script("build")?, script("check")?])
            }
        }
    }

    /// This program, on the copy. What is built of the copy names the copy's folder, so that nothing of it can
    /// be shared.
    fn verb(&self, verb: &str) -> Result<Command> {
        let mut this = Command::new(std::env::current_exe()?);
        this.arg(verb).env("CARGO_MANIFEST_DIR", self.copy.join("xtask"));
        this.env_remove("CARGO_TARGET_DIR");
        Ok(this)
    }

    fn in_host(&self, folder: &str, mut command: Command) -> Result<Command> {
        command
            .current_dir(self.copy.join(folder))
            .env("ITSM_WASM_DIR", self.copy.join("target/itsm"))
            .env("FAKE_ITSM", tools::program("fake-itsm")?);
        Ok(command)
    }
}

impl Edit {
    fn apply(&self, root: &Path, old: Option<&str>) -> Result<String> {
        let there = || old.context("there is no such file");
        match self {
            Self::After(place, text) => put_after(there()?, place, text),
            Self::End(text) => Ok(old.unwrap_or_default().to_owned() + text),
            Self::Change(change) => change(there()?).context("this can't be changed"),
            Self::Of(file, change) => {
                let text = fs::read_to_string(root.join(file))?;
                change(&text).with_context(|| format!("nothing can be made of {file}"))
            }
        }
    }
}

fn put_after(text: &str, place: &str, more: &str) -> Result<String> {
    let Some((before, after)) = text.split_once(place) else {
        bail!("there is no `{place}`");
    };
    if after.contains(place) {
        bail!("`{place}` is there twice");
    }
    Ok([before, place, more, after].concat())
}

/// A change of the two figures that count the recorded exchanges.
fn counted_once_more(evidence: &str) -> Option<String> {
    let (_, figures) = evidence.split_once("| decoded ")?;
    let (count, _) = figures.split_once(',')?;
    let next = count.parse::<u32>().ok()? + 1;
    let figures = |count: &str| format!("decoded {count}, typed {count},");
    Some(evidence.replace(&figures(count), &figures(&next.to_string())))
}

/// The line that says why a check failed, and the next one where it ends with a colon.
fn reason(said: &str) -> String {
    const OF_TOOLS: [&str; 4] = ["AssertionError", "TypeError", "error TS", "error["];
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_of_a_tool = |line: &&str| OF_TOOLS.iter().any(|word| line.contains(word));
    let is_of_a_suite = |line: &&str| line.contains(" failed: ") && !line.starts_with("error");
    let after_a_panic = lines.iter().position(|line| line.contains("panicked at")).map(|at| at + 1);
    let at = after_a_panic
        .or_else(|| lines.iter().position(is_of_a_tool))
        .or_else(|| lines.iter().position(is_of_a_suite))
        .or_else(|| lines.iter().position(|line| line.starts_with("error: ")));
    let rest = lines.get(at.unwrap_or_default()..).unwrap_or_default();
    match rest {
        [line, next, ..] if line.ends_with(':') => format!("{line} {next}"),
        [line, ..] => (*line).to_owned(),
        [] => "it failed without a word".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_on_the_page_that_leads_to_it_in_both_languages() {
        let root = tools::root().unwrap();
        for dummy in &DUMMIES {
            for ending in ["md", "zh.md"] {
                let page = format!("docs/adding/{}.{ending}", dummy.name);
                let text = fs::read_to_string(root.join(&page)).unwrap();
                for place in dummy.places {
                    let file = place.file.replace("/shell/", "/NAME/");
                    assert!(is_named(&text, &file), "{page} does not lead to {file}");
                }
            }
        }
    }

    /// What a dummy puts its text after moves with the tree.
    #[test]
    fn each_place_can_be_filled_and_left_out() {
        let root = tools::root().unwrap();
        for dummy in &DUMMIES {
            let filled = dummy.texts(&root, None).unwrap();
            for (number, place) in dummy.places.iter().enumerate() {
                let without = dummy.texts(&root, Some(number)).unwrap();
                assert_ne!(filled[place.file], without[place.file], "{}", place.what);
            }
        }
    }

    /// A page may name a folder for all that is in it.
    fn is_named(page: &str, file: &str) -> bool {
        let folders = Path::new(file).ancestors().filter_map(Path::to_str);
        folders.take_while(|path| path.contains('/')).any(|path| page.contains(path))
            || page.contains(file)
    }

    #[test]
    fn a_text_is_put_after_another_that_is_there_once() {
        assert_eq!(put_after("a b c", "b", "x").unwrap(), "a bx c");
        assert!(put_after("a b c", "d", "x").is_err());
        assert!(put_after("a b b", "b", "x").is_err());
    }

    #[test]
    fn the_line_that_says_why_is_found() {
        for (said, why) in [
            ("x\nthread 'a' panicked at b.rs:1:\nno row\nnote: c", "no row"),
            ("   Checking a\nerror[E0046]: not all\n", "error[E0046]: not all"),
            ("a.js(1,2): error TS2741: missing", "a.js(1,2): error TS2741: missing"),
            ("Traceback\nTypeError: no", "TypeError: no"),
            ("readme failed: no page\nerror: failed: readme", "readme failed: no page"),
            (
                "error: wit/ is not as it should be:\na has no docs",
                "error: wit/ is not as it should be: a has no docs",
            ),
            ("", "it failed without a word"),
        ] {
            assert_eq!(reason(said), why);
        }
    }
}
