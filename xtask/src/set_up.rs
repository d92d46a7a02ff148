//! What the verbs and suites need of the machine beyond Rust's toolchain. What is missing is installed where
//! that can be done without asking anybody. Elsewhere a sentence says what to paste, before anything is compiled.

use crate::tools;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Something that must be on the machine.
#[derive(Clone, Copy)]
pub struct Requirement {
    /// As a sentence names it.
    pub name: &'static str,
    find: fn(&dyn Machine) -> Found,
    source: Source,
}

/// What a machine has of a requirement.
enum Found {
    Fit,
    Missing,
    /// Nothing that could be installed would help. A sentence says why, and what will.
    Unfit(String),
}

/// Where a requirement comes from.
#[derive(Clone, Copy)]
enum Source {
    /// Debian's packages.
    Apt(&'static [&'static str]),
    /// A component of the toolchain.
    Component(&'static str),
    /// A target of the toolchain.
    Target(&'static str),
}

/// The host in C, and the crates that have C in them. Without a compiler this program could not be linked.
pub const C: Requirement = Requirement {
    name: "a C compiler and make",
    find: |machine| works(machine, &[&["cc", "--version"], &["make", "--version"]]),
    source: Source::Apt(&["gcc", "libc6-dev", "make"]),
};

/// The host in C sends its requests by it.
pub const CURL: Requirement = Requirement {
    name: "libcurl 7.80 or later with its headers, and pkg-config",
    find: |machine| works(machine, &[&["pkg-config", "--exists", "libcurl >= 7.80"]]),
    source: Source::Apt(&["libcurl4-openssl-dev", "pkg-config"]),
};

/// The durable host's test kills it by this program.
pub const KILL: Requirement = Requirement {
    name: "kill",
    find: |machine| works(machine, &[&["kill", "-l"]]),
    source: Source::Apt(&["procps"]),
};

/// Hosts and guests in Python, and the `wasmtime` command, which comes as a package for Python.
pub const PYTHON: Requirement = Requirement {
    name: "Python 3.11 or later with venv",
    find: |machine| {
        let version =
            "import ensurepip, platform, venv; print('Python', platform.python_version())";
        match machine.says(&["python3", "-c", version]) {
            Some(python) => at_least([3, 11], &python, "https://www.python.org/downloads"),
            None => Found::Missing,
        }
    },
    source: Source::Apt(&["python3", "python3-venv"]),
};

/// Hosts and guests in JavaScript.
pub const NODE: Requirement = Requirement {
    name: "Node 20 or later with npm",
    find: |machine| match (machine.says(&["node", "--version"]), machine.says(&["npm", "-v"])) {
        (Some(node), Some(_)) => {
            let node = node.replacen('v', "Node ", 1);
            at_least([20, 0], &node, "https://nodejs.org/en/download")
        }
        _ => Found::Missing,
    },
    source: Source::Apt(&["nodejs", "npm"]),
};

/// The page.
pub const CHROMIUM: Requirement = Requirement {
    name: "Chromium",
    find: |machine| match (chosen_chromium(machine), chromium(machine)) {
        (_, Some(_)) => Found::Fit,
        (Some(chosen), None) => {
            let help = "set CHROMIUM to the path of a Chromium or a Chrome, or unset it";
            Found::Unfit(format!("CHROMIUM is `{chosen}`, which can't be started: {help}"))
        }
        (None, None) => Found::Missing,
    },
    source: Source::Apt(&["chromium"]),
};

/// For the suite `formatting`.
pub const RUSTFMT: Requirement = Requirement {
    name: "rustfmt",
    find: |machine| works(machine, &[&["cargo", "fmt", "--version"]]),
    source: Source::Component("rustfmt"),
};

/// For the suites of its name.
pub const CLIPPY: Requirement = Requirement {
    name: "clippy",
    find: |machine| works(machine, &[&["cargo", "clippy", "--version"]]),
    source: Source::Component("clippy"),
};

/// For the components that are shipped.
pub const WASM32: Requirement = Requirement {
    name: "Rust's target wasm32-unknown-unknown",
    find: |machine| target(machine, "wasm32-unknown-unknown"),
    source: Source::Target("wasm32-unknown-unknown"),
};

/// For the guest in Rust, and for those who build `itsm.wasm` by cargo alone.
pub const WASIP2: Requirement = Requirement {
    name: "Rust's target wasm32-wasip2",
    find: |machine| target(machine, "wasm32-wasip2"),
    source: Source::Target("wasm32-wasip2"),
};

/// The database under the Python package's tests. Its program is where users' paths mostly do not lead.
pub const MARIADB: Requirement = Requirement {
    name: "MariaDB's server",
    find: |machine| {
        let found = works(machine, &[&["mariadbd", "--version"]]);
        if matches!(found, Found::Fit) {
            return found;
        }
        works(machine, &[&["/usr/sbin/mariadbd", "--version"]])
    },
    source: Source::Apt(&["mariadb-server-core"]),
};

/// Ubuntu's names for packages that have others in Debian.
const IN_UBUNTU: [(&str, &str); 1] = [("chromium", "chromium-browser")];

/// Where Chromium is looked for.
const CHROMIUMS: [&str; 3] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Installs what this machine lacks of these, or says how to.
pub fn set_up(requirements: &[Requirement]) -> Result<()> {
    set_up_on(&Here { root: tools::root()? }, requirements)
}

/// The Chromium of this machine, which [`set_up`] has found.
pub fn chromium_here() -> Result<String> {
    chromium(&Here { root: tools::root()? }).context("Chromium is missing")
}

/// What a machine is asked and told.
trait Machine {
    /// What a command prints. None if it can't be started, or fails.
    fn says(&self, command: &[&str]) -> Option<String>;
    /// Runs a command whose output the user sees.
    fn run(&self, command: &[&str]) -> Result<()>;
}

/// This machine. Its commands run in the workspace, where rustup sees which toolchain is meant.
struct Here {
    root: PathBuf,
}

impl Here {
    fn command(&self, command: &[&str]) -> Command {
        let (program, arguments) = command.split_first().unwrap_or((&"", &[]));
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }
}

impl Machine for Here {
    fn says(&self, command: &[&str]) -> Option<String> {
        let output = self.command(command).output().ok()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        output.status.success().then(|| printed.trim().to_owned())
    }

    fn run(&self, command: &[&str]) -> Result<()> {
        tools::run(&mut self.command(command))
    }
}

fn set_up_on(machine: &dyn Machine, requirements: &[Requirement]) -> Result<()> {
    let lacks = Lacks::of(machine, requirements);
    if lacks.nothing() {
        return Ok(());
    }
    let root = as_root(machine);
    let apt = root.is_some() && distribution(machine) != Distribution::Other;
    let rustup = machine.says(&["rustup", "--version"]).is_some();
    if !lacks.unfit.is_empty()
        || (!lacks.packages.is_empty() && !apt)
        || (!lacks.rustup_commands().is_empty() && !rustup)
    {
        bail!(lacks.help(machine));
    }
    println!("\n== set-up: {}", lacks.missing.join(", "));
    for command in lacks.apt_commands() {
        let quietly: &[&str] = &["env", "DEBIAN_FRONTEND=noninteractive"];
        machine.run(&[root.unwrap_or_default(), quietly, &command].concat())?;
    }
    for command in lacks.rustup_commands() {
        machine.run(&command)?;
    }
    let lacks = Lacks::of(machine, requirements);
    if !lacks.nothing() {
        bail!("the set-up went through, but: {}", lacks.help(machine));
    }
    Ok(())
}

/// What a machine lacks.
#[derive(Default)]
struct Lacks {
    /// Sentences about what can't be installed.
    unfit: Vec<String>,
    /// The names of what can be.
    missing: Vec<&'static str>,
    packages: Vec<&'static str>,
    components: Vec<&'static str>,
    targets: Vec<&'static str>,
}

impl Lacks {
    fn of(machine: &dyn Machine, requirements: &[Requirement]) -> Self {
        let ubuntu = distribution(machine) == Distribution::Ubuntu;
        let mut lacks = Self::default();
        for Requirement { name, find, source } in requirements {
            match find(machine) {
                Found::Fit => continue,
                Found::Unfit(why) => {
                    lacks.unfit.push(why);
                    continue;
                }
                Found::Missing => lacks.missing.push(name),
            }
            match source {
                Source::Apt(packages) => lacks.packages.extend(packages.iter().map(|package| {
                    let other = IN_UBUNTU.iter().find(|(debian, _)| ubuntu && debian == package);
                    other.map_or(*package, |(_, name)| *name)
                })),
                Source::Component(name) => lacks.components.push(name),
                Source::Target(name) => lacks.targets.push(name),
            }
        }
        lacks
    }

    fn nothing(&self) -> bool {
        self.unfit.is_empty() && self.missing.is_empty()
    }

    fn apt_commands(&self) -> Vec<Vec<&str>> {
        let install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends"];
        match self.packages.as_slice() {
            [] => Vec::new(),
            packages => vec![
                ["apt-get", "update", "--quiet"].to_vec(),
                [install.as_slice(), packages].concat(),
            ],
        }
    }

    fn rustup_commands(&self) -> Vec<Vec<&str>> {
        [("component", &self.components), ("target", &self.targets)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(kind, names)| [["rustup", kind, "add"].as_slice(), names].concat())
            .collect()
    }

    /// What a person has to do: a sentence for what is unfit, and lines to paste for what is missing.
    fn help(&self, machine: &dyn Machine) -> String {
        let mut help = self.unfit.clone();
        if !self.missing.is_empty() {
            help.push(format!("missing: {}. Install what is missing by", self.missing.join(", ")));
        }
        let line = |commands: Vec<Vec<&str>>, before: &str| {
            let commands = commands.iter().map(|command| before.to_owned() + &command.join(" "));
            format!("    {}", commands.collect::<Vec<_>>().join(" && "))
        };
        if !self.packages.is_empty() {
            let sudo = machine.says(&["sudo", "--version"]).is_some();
            help.push(match distribution(machine) {
                Distribution::Other => {
                    let packages = self.packages.join(" ");
                    format!("    this system's packages, which Debian calls {packages}")
                }
                _ if sudo => line(self.apt_commands(), "sudo "),
                _ => line(self.apt_commands(), "") + "    # as root",
            });
        }
        if !self.rustup_commands().is_empty() {
            help.push(line(self.rustup_commands(), ""));
            if machine.says(&["rustup", "--version"]).is_none() {
                help.push(
                    "rustup is missing too: install it first, from https://rustup.rs".to_owned(),
                );
            }
        }
        help.join("\n")
    }
}

/// What stands before a command that only root may run. None if somebody would be asked for a password.
fn as_root(machine: &dyn Machine) -> Option<&'static [&'static str]> {
    if machine.says(&["id", "-u"]).is_some_and(|user| user == "0") {
        return Some(&[]);
    }
    machine.says(&["sudo", "-n", "true"]).map(|_| ["sudo", "-n"].as_slice())
}

#[derive(PartialEq, Eq)]
enum Distribution {
    Debian,
    Ubuntu,
    Other,
}

/// Which one it is, or is derived from.
fn distribution(machine: &dyn Machine) -> Distribution {
    let about = machine.says(&["cat", "/etc/os-release"]).unwrap_or_default();
    let lines = about.lines().filter_map(|line| line.split_once('='));
    let ids: Vec<_> = lines
        .filter(|(name, _)| ["ID", "ID_LIKE"].contains(name))
        .flat_map(|(_, value)| value.trim_matches('"').split(' '))
        .collect();
    if ids.contains(&"ubuntu") {
        Distribution::Ubuntu
    } else if ids.contains(&"debian") {
        Distribution::Debian
    } else {
        Distribution::Other
    }
}

fn works(machine: &dyn Machine, commands: &[&[&str]]) -> Found {
    let all = commands.iter().all(|command| machine.says(command).is_some());
    if all { Found::Fit } else { Found::Missing }
}

/// Whether a program, given as `Node 20.1.2`, is new enough.
fn at_least(least: [u32; 2], program: &str, site: &str) -> Found {
    let version = program.rsplit(' ').next().unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let found = [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)];
    if found >= least {
        return Found::Fit;
    }
    let [major, minor] = least;
    Found::Unfit(format!(
        "{program} is here, and {major}.{minor} or later is wanted: \
         get one from {site}, and put its folder first in PATH"
    ))
}

fn target(machine: &dyn Machine, name: &str) -> Found {
    let folder = machine.says(&["rustc", "--print", "target-libdir", "--target", name]);
    let there = folder.is_some_and(|folder| machine.says(&["ls", &folder]).is_some());
    if there { Found::Fit } else { Found::Missing }
}

fn chosen_chromium(machine: &dyn Machine) -> Option<String> {
    machine.says(&["printenv", "CHROMIUM"])
}

fn chromium(machine: &dyn Machine) -> Option<String> {
    let places = match chosen_chromium(machine) {
        Some(chosen) => vec![chosen],
        None => CHROMIUMS.map(str::to_owned).to_vec(),
    };
    places.into_iter().find(|program| machine.says(&[program, "--version"]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const ALL: [Requirement; 11] =
        [C, CURL, KILL, PYTHON, NODE, CHROMIUM, MARIADB, RUSTFMT, CLIPPY, WASM32, WASIP2];

    /// How commands begin, and what they print then.
    type Answers = Vec<(&'static str, &'static str)>;

    /// What each word of an installing command brings.
    const BRINGS: [(&str, &[(&str, &str)]); 13] = [
        ("gcc", &[("cc", "")]),
        ("make", &[("make", "")]),
        ("libcurl4-openssl-dev", &[("pkg-config --exists libcurl", "")]),
        ("procps", &[("kill", "")]),
        ("python3-venv", &[("python3", "Python 3.13.5")]),
        ("npm", &[("node", "v20.19.2"), ("npm", "9.2.0")]),
        ("chromium", &[("/usr/bin/chromium", "")]),
        ("chromium-browser", &[("/usr/bin/chromium-browser", "")]),
        ("mariadb-server-core", &[("/usr/sbin/mariadbd", "")]),
        ("rustfmt", &[("cargo fmt", "")]),
        ("clippy", &[("cargo clippy", "")]),
        ("wasm32-unknown-unknown", &[("ls /unknown", "")]),
        ("wasm32-wasip2", &[("ls /wasip2", "")]),
    ];

    const DEBIAN: (&str, &str) =
        ("cat /etc/os-release", "PRETTY_NAME=\"Debian 13\"\nID=debian\nVERSION_ID=\"13\"");
    const UBUNTU: (&str, &str) = ("cat /etc/os-release", "ID=ubuntu\nID_LIKE=debian");
    const FEDORA: (&str, &str) = ("cat /etc/os-release", "ID=fedora");
    const ROOT: (&str, &str) = ("id -u", "0");
    const USER: (&str, &str) = ("id -u", "1000");
    const SUDO: (&str, &str) = ("sudo --version", "");
    const SILENT_SUDO: (&str, &str) = ("sudo -n true", "");
    const RUSTUP: (&str, &str) = ("rustup --version", "");
    const LIBRARIES: [(&str, &str); 2] = [
        ("rustc --print target-libdir --target wasm32-unknown-unknown", "/unknown"),
        ("rustc --print target-libdir --target wasm32-wasip2", "/wasip2"),
    ];

    struct Scripted {
        answers: RefCell<Answers>,
        ran: RefCell<Vec<String>>,
    }

    impl Machine for Scripted {
        fn says(&self, command: &[&str]) -> Option<String> {
            let command = command.join(" ");
            let answers = self.answers.borrow();
            let answer = answers.iter().find(|(start, _)| command.starts_with(start));
            answer.map(|(_, answer)| (*answer).to_owned())
        }

        fn run(&self, command: &[&str]) -> Result<()> {
            self.ran.borrow_mut().push(command.join(" "));
            for (word, brought) in BRINGS {
                if command.contains(&word) {
                    self.answers.borrow_mut().extend(brought);
                }
            }
            Ok(())
        }
    }

    /// What a machine with these answers ran, and what it was told in the end.
    fn set_up(
        answers: &[(&'static str, &'static str)],
        needs: &[Requirement],
    ) -> (Vec<String>, String) {
        let answers = [answers, &LIBRARIES].concat();
        let machine = Scripted { answers: RefCell::new(answers), ran: RefCell::default() };
        let result = set_up_on(&machine, needs);
        let told = result.err().map(|error| error.to_string()).unwrap_or_default();
        (machine.ran.into_inner(), told)
    }

    #[test]
    fn a_machine_that_has_it_all_is_left_alone() {
        let all = BRINGS.iter().flat_map(|(_, brought)| *brought).copied();
        let (ran, told) = set_up(&all.collect::<Vec<_>>(), &ALL);
        assert_eq!((ran, told.as_str()), (vec![], ""));
    }

    #[test]
    fn root_of_debian_gets_everything_installed() {
        let (ran, told) = set_up(&[DEBIAN, ROOT, RUSTUP], &ALL);
        assert_eq!(
            ran,
            [
                "env DEBIAN_FRONTEND=noninteractive apt-get update --quiet",
                "env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet \
                 --no-install-recommends gcc libc6-dev make libcurl4-openssl-dev pkg-config procps \
                 python3 python3-venv nodejs npm chromium mariadb-server-core",
                "rustup component add rustfmt clippy",
                "rustup target add wasm32-unknown-unknown wasm32-wasip2",
            ]
        );
        assert_eq!(told, "");
    }

    #[test]
    fn a_user_is_root_where_sudo_asks_nothing() {
        let (ran, told) = set_up(&[UBUNTU, USER, SUDO, SILENT_SUDO], &[CHROMIUM]);
        assert_eq!(
            ran,
            [
                "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get update --quiet",
                "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet \
                 --no-install-recommends chromium-browser",
            ]
        );
        assert_eq!(told, "");
    }

    #[test]
    fn a_toolchain_is_completed_without_root_and_on_every_system() {
        let (ran, told) = set_up(&[FEDORA, USER, RUSTUP], &[CLIPPY, WASIP2]);
        assert_eq!(ran, ["rustup component add clippy", "rustup target add wasm32-wasip2"]);
        assert_eq!(told, "");
    }

    #[test]
    fn where_nothing_can_be_installed_nothing_is_and_lines_to_paste_are_told() {
        let apt = "apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends";
        let sudo = apt.replace("apt-get", "sudo apt-get");
        for (machine, needs, expected) in [
            (
                [DEBIAN, USER, SUDO, RUSTUP].as_slice(),
                [KILL, PYTHON, NODE, WASIP2].as_slice(),
                format!(
                    "missing: kill, Python 3.11 or later with venv, Node 20 or later with npm, \
                     Rust's target wasm32-wasip2. Install what is missing by\n    {sudo} procps \
                     python3 python3-venv nodejs npm\n    rustup target add wasm32-wasip2"
                ),
            ),
            (
                &[DEBIAN, USER],
                &[CHROMIUM],
                format!(
                    "missing: Chromium. Install what is missing by\n    {apt} chromium    # as root"
                ),
            ),
            (
                &[FEDORA, ROOT],
                &[C, CHROMIUM],
                "missing: a C compiler and make, Chromium. Install what is missing by\n    \
                 this system's packages, which Debian calls gcc libc6-dev make chromium"
                    .to_owned(),
            ),
            (
                &[DEBIAN, ROOT],
                &[CLIPPY],
                "missing: clippy. Install what is missing by\n    rustup component add clippy\n\
                 rustup is missing too: install it first, from https://rustup.rs"
                    .to_owned(),
            ),
        ] {
            let (ran, told) = set_up(machine, needs);
            assert_eq!((ran, told), (vec![], expected));
        }
    }

    #[test]
    fn what_is_too_old_or_wrong_is_told_with_the_version_and_nothing_is_installed() {
        for (answer, needs, expected) in [
            (
                ("node", "v18.20.4"),
                [NODE, C],
                "Node 18.20.4 is here, and 20.0 or later is wanted: get one from \
                 https://nodejs.org/en/download, and put its folder first in PATH\nmissing: a C",
            ),
            (
                ("python3", "Python 3.9.2"),
                [PYTHON, C],
                "Python 3.9.2 is here, and 3.11 or later is wanted: get one from \
                 https://www.python.org/downloads, and put its folder first in PATH\nmissing: a C",
            ),
            (
                ("printenv CHROMIUM", "/no/such"),
                [CHROMIUM, C],
                "CHROMIUM is `/no/such`, which can't be started: set CHROMIUM to the path of a \
                 Chromium or a Chrome, or unset it\nmissing: a C",
            ),
        ] {
            let (ran, told) = set_up(&[DEBIAN, ROOT, ("npm", "9"), answer], &needs);
            assert_eq!(ran, [""; 0]);
            assert!(told.starts_with(expected), "{told}");
        }
    }

    #[test]
    fn a_package_that_is_too_old_is_told_after_it_was_installed() {
        let old = ("node", "v18.20.4");
        let (ran, told) = set_up(&[DEBIAN, ROOT, old], &[NODE]);
        assert_eq!(ran.len(), 2);
        assert!(told.contains("Node 18.20.4 is here, and 20.0 or later is wanted"), "{told}");
    }

    #[test]
    fn versions_are_compared_by_number() {
        for (program, fits) in [
            ("Python 3.11.0", true),
            ("Python 3.9.18", false),
            ("Python 4.0", true),
            ("Node 20.0.0", true),
            ("Node 9.11.2", false),
            ("Node", false),
        ] {
            let least = if program.starts_with("Node") { [20, 0] } else { [3, 11] };
            assert_eq!(matches!(at_least(least, program, ""), Found::Fit), fits, "{program}");
        }
    }
}
