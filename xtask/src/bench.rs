//! Measures what users get beside what they would write without the component: `cargo xtask bench`.
//!
//! The programs of `tests/bench` measure, and print a JSON object for each row: both sides' samples, taken in turn.
//! Nothing here fails because a goal is missed.

use crate::{components, node, python, serve, tools};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const FIGURES: &str = "docs/speed.json";
const PLOT: &str = "docs/speed.svg";
const PAGES: [&str; 2] = ["docs/speed.md", "docs/speed.zh.md"];
const PROGRAMS: &str = "tests/bench/Cargo.toml";
const JAVASCRIPT: &str = "host-examples/javascript";
const NEWER_NODE: &str = "host-examples/javascript/test/node-24";
const PYTHON: [&str; 2] = ["tests/bench/requirements.txt", "host-examples/python/requirements.txt"];
/// The seconds that a turn of Python or Node takes.
const SECONDS: &str = "1";
/// So many first calls are counted.
const FIRST_CALLS: usize = 15;
/// What the first call of a process reads.
const CALLBACK: &str =
    r#"{\"sn\": \"REQ1\", \"current_status\": \"FINISHED\", \"approve_result\": true}"#;

enum Goal {
    /// Of the ratio.
    AtMost(f64),
    AtLeast(f64),
    /// Of our own median.
    Within(f64),
}

/// The goals of rows, by the beginning of their name, and by what stands beside them.
const GOALS: [(&str, &str, Goal); 12] = [
    ("rust/parse-", "native core", Goal::AtMost(2.0)),
    ("native core/parse-", "serde_json", Goal::AtMost(1.3)),
    ("rust/create-confirm-", "native core + reqwest", Goal::AtLeast(0.8)),
    ("receiver/", "axum", Goal::AtLeast(0.6)),
    ("rust/receive-377, two threads", "one thread", Goal::AtLeast(1.8)),
    ("rust/first-call", EMPTY, Goal::Within(20.0)),
    ("python/first-call", EMPTY, Goal::Within(100.0)),
    ("node", EMPTY, Goal::Within(60.0)),
    ("guest-memory/", "4 n + 1 MiB", Goal::AtMost(1.0)),
    ("rust/idle-instance", BEFORE, Goal::Within(32_768.0)),
    ("size/itsm.wasm", BEFORE, Goal::Within(600_000.0)),
    ("size/itsm-callbacks.wasm", BEFORE, Goal::Within(220_000.0)),
];
const EMPTY: &str = "an empty program";
/// What a count that has nothing beside it is compared with.
const BEFORE: &str = "last commit";

/// What grows, as its rows are named, and as the plot says it.
const GROWTH: [(&str, &str); 3] = [
    ("growth/body/", "parse: bytes of the body"),
    ("growth/failed-list/", "failed-callbacks: entries of ITSM's list"),
    ("growth/reconcile/", "reconcile: open tickets"),
];

/// What is measured, on both sides.
#[derive(Clone)]
struct Row {
    what: String,
    beside: String,
    unit: String,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

/// Measures everything. With `bless`, the pages get the figures.
pub fn run(bless: bool) -> Result<()> {
    let bench = Bench::prepare()?;
    let begun = Instant::now();
    let mut all = bench.calls()?;
    let server = bench.server()?;
    all.extend(bench.requests(&server)?);
    all.extend(bench.receivers(&server)?);
    all.extend(bench.python(&server)?);
    all.extend(bench.node(&server)?);
    compare(&mut all, &committed()?);
    let machine = bench.machine()?;
    let table = table(&all);
    println!("\n{machine}\n\n{table}\nmeasured in {:.0} s", begun.elapsed().as_secs_f64());
    fs::write(bench.root.join(FIGURES), figures(&machine, &all))?;
    if bless {
        fs::write(bench.root.join(PLOT), plot(&all))?;
        for page in PAGES {
            let page = bench.root.join(page);
            let text = fs::read_to_string(&page)?;
            let text = between_marks(&text, &format!("{machine}\n\n{table}"));
            fs::write(&page, text.with_context(|| format!("{} has no marks", page.display()))?)?;
        }
    }
    Ok(())
}

/// Measures calls that are 50 µs slower than they should be, and keeps nothing of it.
pub fn seeded() -> Result<()> {
    let rows = rows(Bench::prepare()?.program("measure").args(["calls", "--seeded"]))?;
    println!("\n{}", table(&rows));
    Ok(())
}

/// All that the measurements need, made before the first of them.
struct Bench {
    root: PathBuf,
    /// Of the components.
    folder: PathBuf,
    /// Of the programs that measure.
    programs: PathBuf,
    python: python::Environment,
}

/// The ITSM that answers at once.
struct Server {
    plain: String,
    secured: String,
    certificate: String,
    _running: Running,
}

impl Bench {
    fn prepare() -> Result<Self> {
        let target = tools::target_dir()?.join("bench");
        let folder = components::build()?;
        let mut build = tools::cargo()?;
        build.args(["build", "--release", "--manifest-path", PROGRAMS]);
        tools::run(build.arg("--target-dir").arg(&target))?;
        let mut npm = node::Packages::install(JAVASCRIPT)?.npm();
        tools::run(npm.args(["run", "--silent", "pack"]).env("ITSM_WASM_DIR", &folder))?;
        node::Packages::install(NEWER_NODE)?;
        let python = python::Environment::new("bench", &PYTHON)?;
        Ok(Self { root: tools::root()?, folder, programs: target.join("release"), python })
    }

    fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.programs.join(name));
        program.env("ITSM_WASM_DIR", &self.folder);
        program
    }

    fn measure(&self, arguments: &[&str]) -> Result<Vec<Row>> {
        rows(self.program("measure").args(arguments))
    }

    /// What sends nothing.
    fn calls(&self) -> Result<Vec<Row>> {
        let mut all = self.measure(&["fuel"])?;
        all.extend(self.measure(&["calls"])?);
        all.extend(self.measure(&["memory"])?);
        for component in [components::ITSM, components::ITSM_CALLBACKS] {
            let bytes = tools::read(&component.file(&self.folder))?.len();
            let what = format!("size/{}.wasm", component.name);
            all.push(Row::read(&json!({"what": what, "unit": "bytes", "ours": [bytes]}))?);
        }
        let mut call = self.program("first");
        all.push(first_call("rust", call.arg("call"), &mut self.program("first"))?);
        Ok(all)
    }

    fn server(&self) -> Result<Server> {
        let certificate = self.programs.join("certificate.pem");
        let mut server = self.program("server");
        let mut server = server.arg(&certificate).stdout(Stdio::piped()).spawn()?;
        let mut ports = String::new();
        BufReader::new(server.stdout.take().context("no output")?).read_line(&mut ports)?;
        let running = Running(server);
        let (plain, secured) = ports.trim().split_once(' ').context("the server gives no ports")?;
        Ok(Server {
            plain: format!("http://127.0.0.1:{plain}/api/bk-itsm/prod"),
            secured: format!("https://127.0.0.1:{secured}/api/bk-itsm/prod"),
            certificate: certificate.to_string_lossy().into_owned(),
            _running: running,
        })
    }

    fn requests(&self, server: &Server) -> Result<Vec<Row>> {
        self.measure(&["requests", &server.plain, &server.secured, &server.certificate])
    }

    /// The receiver as `cargo xtask serve` runs it, and the one without a component.
    fn receivers(&self, server: &Server) -> Result<Vec<Row>> {
        let ended = server.plain.replacen("/api/bk-itsm", "/ended", 1);
        let [ours, theirs, anew] = [free_port()?, free_port()?, free_port()?];
        let settings = [
            ("ITSM_GATEWAY", ended.clone()),
            ("ITSM_APP_CODE", "app".to_owned()),
            ("ITSM_APP_SECRET", "secret".to_owned()),
            ("ITSM_CALLBACK_URL", "http://gate.example.com/itsm/callback".to_owned()),
            ("ITSM_BINDING_KEYS", format!("itsm-key.k1.{}", "5a".repeat(32))),
        ];
        let names = settings.iter().map(|(name, _)| (*name).to_owned());
        let mut wasmtime = serve::command(&self.folder, "stdout", &ours, names)?;
        let wasmtime = wasmtime.envs(settings).stdout(Stdio::null()).stderr(Stdio::null());
        let _ours = Running(serve::start(wasmtime, &ours)?);
        let native = |address: &str, more: &[&str]| -> Result<Running> {
            let mut native = self.program("receiver");
            let native = native.args([address, &ended]).args(more).stdout(Stdio::null());
            Ok(Running(serve::start(native, address)?))
        };
        let _theirs = [native(&theirs, &[])?, native(&anew, &["connecting-anew"])?];
        let mut all = Vec::new();
        for (theirs, beside) in [(theirs, "axum"), (anew, "axum, connecting anew")] {
            let [ours, theirs] = [&ours, &theirs].map(|address| format!("http://{address}"));
            all.extend(self.measure(&["receiver", &ours, &theirs, beside, &ended])?);
        }
        Ok(all)
    }

    fn python(&self, server: &Server) -> Result<Vec<Row>> {
        let python = |arguments: &[&str]| {
            let mut python = self.python.python();
            python.args(arguments).current_dir(&self.root).env("ITSM_WASM_DIR", &self.folder);
            // Whoever installs a package has its modules compiled.
            python.env("PYTHONPATH", "host-examples/python").env_remove("PYTHONDONTWRITEBYTECODE");
            python
        };
        let module = self.folder.join("itsm.core.wasm");
        let call = format!(
            "from blueking_itsm import Itsm; Itsm({:?}).callbacks.parse(b\"{CALLBACK}\")",
            module.display().to_string()
        );
        let call = first_call("python", &mut python(&["-c", &call]), &mut python(&["-c", ""]))?;
        let mut all = vec![call];
        all.extend(rows(&mut python(&["tests/bench/bench.py", &server.plain, SECONDS]))?);
        Ok(all)
    }

    fn node(&self, server: &Server) -> Result<Vec<Row>> {
        let call = format!(
            "import {{ callbacks }} from './generated/package/index.js'; callbacks.parse(Buffer.from(\"{CALLBACK}\"));"
        );
        let mut all = Vec::new();
        for program in self.nodes() {
            let node = |arguments: &[&str]| {
                let mut node = Command::new(&program);
                node.args(arguments).current_dir(self.root.join(JAVASCRIPT));
                node
            };
            let version = version(&program)?;
            let name = format!("node{}", version.split('.').next().unwrap_or_default());
            let script = |text| node(&["--input-type=module", "--eval", text]);
            all.push(first_call(&name, &mut script(&call), &mut script(""))?);
            let bench = ["../../tests/bench/bench.mjs", &server.plain, SECONDS, &name];
            all.extend(rows(&mut node(&bench))?);
        }
        Ok(all)
    }

    fn nodes(&self) -> [PathBuf; 2] {
        ["node".into(), self.root.join(NEWER_NODE).join("node_modules/.bin/node")]
    }

    /// What is told of the machine. Its name is not.
    fn machine(&self) -> Result<String> {
        let line = |file: &str, name: &str| -> Result<String> {
            let text = fs::read_to_string(file)?;
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let value = line.unwrap_or("unknown").trim_start_matches(['\t', ' ', ':', '=']);
            Ok(value.trim_matches('"').to_owned())
        };
        let rustc = tools::output(tools::rustc().arg("--version"))?;
        let rustc = rustc.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let [node, newer] = self.nodes();
        Ok(format!(
            "{}, {} cores; {}; {rustc}; Node {} and {}; {}",
            line("/proc/cpuinfo", "model name")?,
            std::thread::available_parallelism()?,
            line("/etc/os-release", "PRETTY_NAME")?,
            version(&node)?,
            version(&newer)?,
            tools::output(self.python.python().arg("--version"))?
        ))
    }
}

/// Of a Node.
fn version(node: &Path) -> Result<String> {
    Ok(tools::output(Command::new(node).arg("--version"))?.replacen('v', "", 1))
}

/// Runs a program that measures, and reads its rows.
fn rows(program: &mut Command) -> Result<Vec<Row>> {
    let lines = tools::output(program)?;
    let mut rows = Vec::new();
    for line in lines.lines() {
        let row = Row::read(&serde_json::from_str(line).with_context(|| line.to_owned())?)?;
        println!("{}", row.cells());
        rows.push(row);
    }
    Ok(rows)
}

/// A program that ends with this process's need of it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// The milliseconds from the start of a program to its end, beside those of a program that does nothing. The first
/// start compiles the component, and is not counted.
fn first_call(name: &str, call: &mut Command, empty: &mut Command) -> Result<Row> {
    let ms = |program: &mut Command| -> Result<f64> {
        let begun = Instant::now();
        tools::run(program)?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    let mut row = Row {
        what: format!("{name}/first-call"),
        beside: EMPTY.to_owned(),
        unit: "ms".to_owned(),
        ours: Vec::new(),
        theirs: Vec::new(),
    };
    for turn in 0..=FIRST_CALLS {
        let (ours, theirs) = (ms(call)?, ms(empty)?);
        if turn > 0 {
            row.ours.push(ours);
            row.theirs.push(theirs);
        }
    }
    println!("{}", row.cells());
    Ok(row)
}

impl Row {
    fn read(row: &Value) -> Result<Self> {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let samples = |name: &str| -> Vec<f64> {
            let samples = row[name].as_array().into_iter().flatten();
            samples.filter_map(Value::as_f64).collect()
        };
        Ok(Self {
            what: text("what").context("a row without `what`")?,
            beside: text("beside").unwrap_or_default(),
            unit: text("unit").context("a row without `unit`")?,
            ours: samples("ours"),
            theirs: samples("theirs"),
        })
    }

    /// Ours to theirs, pair by pair.
    fn ratios(&self) -> Vec<f64> {
        self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs).collect()
    }

    /// The goal in words, and whether it is met.
    fn goal(&self) -> String {
        let of_this = |(what, beside, _): &&(&str, &str, Goal)| {
            self.what.starts_with(what) && [*beside, ""].contains(&self.beside.as_str())
        };
        let Some((_, _, goal)) = GOALS.iter().find(of_this) else { return String::new() };
        let (words, met) = match *goal {
            Goal::AtMost(most) => (format!("≤ {most} ×"), median(&self.ratios()) <= most),
            Goal::AtLeast(least) => (format!("≥ {least} ×"), median(&self.ratios()) >= least),
            Goal::Within(most) => {
                (format!("≤ {}", measure(most, &self.unit)), median(&self.ours) <= most)
            }
        };
        format!("{words} {}", if met { "✓" } else { "✗" })
    }

    /// The row of a table.
    fn cells(&self) -> String {
        let Self { what, beside, unit, .. } = self;
        let [ours, theirs, ratio] =
            [(&self.ours, unit.as_str()), (&self.theirs, unit), (&self.ratios(), "×")]
                .map(|(samples, unit)| spread(samples, unit));
        format!("| `{what}` | {ours} | {beside} | {theirs} | {ratio} | {} |", self.goal())
    }
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    (middle(sorted.len() / 2) + middle(sorted.len().saturating_sub(1) / 2)) / 2.0
}

/// The median, and the smallest and the largest sample.
fn spread(samples: &[f64], unit: &str) -> String {
    let least = samples.iter().copied().fold(f64::INFINITY, f64::min);
    let most = samples.iter().copied().fold(0.0, f64::max);
    match samples {
        [] => String::new(),
        [one] => measure(*one, unit),
        _ => format!("{} ({}–{})", measure(median(samples), unit), number(least), number(most)),
    }
}

fn measure(value: f64, unit: &str) -> String {
    let unit = match unit {
        "us" => " µs",
        "1/s" => "/s",
        "fuel" => "",
        "bytes" => " B",
        other => &format!(" {other}"),
    };
    number(value) + unit
}

/// Three digits, or a whole number with a space before each three of them.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.*}", if value < 10.0 { 2 } else { 1 });
    }
    let digits = format!("{value:.0}");
    let mut spaced = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            spaced.push(' ');
        }
        spaced.push(digit);
    }
    spaced
}

/// The table in both languages.
fn table(rows: &[Row]) -> String {
    let mut table = "| `what` | ours | beside | theirs | ratio | goal |\n".to_owned();
    table += "| --- | --- | --- | --- | --- | --- |\n";
    for row in rows.iter().filter(|row| !row.what.starts_with("growth/")) {
        table += &row.cells();
        table.push('\n');
    }
    table
}

/// The file of the figures.
fn figures(machine: &str, rows: &[Row]) -> String {
    let rounded = |samples: &[f64]| -> Vec<Value> {
        samples.iter().map(|it| json!((it * 1e3).round() / 1e3)).collect()
    };
    let rows = rows.iter().map(|row| {
        let (ours, theirs) = (rounded(&row.ours), rounded(&row.theirs));
        let ratio = (!theirs.is_empty()).then(|| (median(&row.ratios()) * 1e3).round() / 1e3);
        let row = json!({
            "what": row.what, "beside": row.beside, "unit": row.unit, "median": median(&row.ours),
            "ours": ours, "theirs": theirs, "ratio": ratio, "goal": row.goal(),
        });
        format!("    {row}")
    });
    let rows: Vec<_> = rows.collect();
    format!(
        "{{\n  \"machine\": {},\n  \"rows\": [\n{}\n  ]\n}}\n",
        json!(machine),
        rows.join(",\n")
    )
}

/// The figures of the last commit. None before the first.
fn committed() -> Result<Vec<Row>> {
    let mut git = Command::new("git");
    git.args(["show", &format!("HEAD:{FIGURES}")]).current_dir(tools::root()?);
    let shown = git.stderr(Stdio::null()).output()?;
    let figures: Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
    figures["rows"].as_array().into_iter().flatten().map(Row::read).collect()
}

/// Puts beside each count that has nothing beside it what it was before.
fn compare(rows: &mut [Row], before: &[Row]) {
    for row in rows.iter_mut().filter(|row| row.beside.is_empty()) {
        if let Some(before) = before.iter().find(|before| before.what == row.what) {
            row.theirs.clone_from(&before.ours);
            BEFORE.clone_into(&mut row.beside);
        }
    }
}

const MARKS: [&str; 2] = ["<!-- figures -->\n", "<!-- end of the figures -->\n"];

/// A page with something else between its marks.
fn between_marks(page: &str, figures: &str) -> Option<String> {
    let [begin, end] = MARKS;
    let (before, rest) = page.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n{figures}\n{end}{after}"))
}

/// The instructions against the size, both in powers: what grows in proportion has the slope 1.
fn plot(rows: &[Row]) -> String {
    const WIDTH: f64 = 300.0;
    const HEIGHT: f64 = 240.0;
    const MARGIN: f64 = 40.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        WIDTH * 3.0
    );
    for ((begins, title), left) in GROWTH.iter().zip([0.0, WIDTH, WIDTH * 2.0]) {
        let point = |row: &Row| -> Option<(f64, f64)> {
            Some((row.what.strip_prefix(begins)?.parse().ok()?, *row.ours.first()?))
        };
        let points: Vec<_> = rows.iter().filter_map(point).collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        let most = points.iter().map(|(_, y)| *y).fold(0.0, f64::max);
        let place = |(x, y): (f64, f64)| {
            let part = |value: f64, from: f64, to: f64| (value / from).ln() / (to / from).ln();
            let across = part(x, first.0, last.0) * (WIDTH - 2.0 * MARGIN);
            let up = part(y, first.1, most) * (HEIGHT - 2.5 * MARGIN);
            (left + MARGIN + across, HEIGHT - MARGIN - up)
        };
        let slope = |pair: &[(f64, f64)]| match pair {
            [(x, y), (to_x, to_y)] => (to_y / y).ln() / (to_x / x).ln(),
            _ => 0.0,
        };
        let steepest = points.windows(2).map(slope).fold(0.0, f64::max);
        let mut line = String::new();
        for point in &points {
            let (x, y) = place(*point);
            let _ = write!(line, "{x:.1},{y:.1} ");
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#06c\"><title>{}: {}</title></circle>",
                number(point.0),
                number(point.1)
            );
        }
        let _ =
            writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"#06c\"/>", line.trim());
        for (x, y, anchor, text) in [
            (left + WIDTH / 2.0, 18.0, "middle", (*title).to_owned()),
            (left + WIDTH / 2.0, 34.0, "middle", format!("steepest slope {steepest:.2}")),
            (left + MARGIN, HEIGHT - 12.0, "middle", format!("{:.0}", first.0)),
            (left + WIDTH - MARGIN, HEIGHT - 12.0, "middle", format!("{:.0}", last.0)),
            (left + MARGIN + 8.0, HEIGHT - MARGIN + 4.0, "start", number(first.1)),
            (left + WIDTH - MARGIN - 8.0, 1.5 * MARGIN - 6.0, "end", number(most)),
        ] {
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
            );
        }
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: &str, beside: &str, unit: &str, ours: &[f64], theirs: &[f64]) -> Row {
        let row = json!({
            "what": what, "beside": beside, "unit": unit, "ours": ours, "theirs": theirs,
        });
        Row::read(&row).unwrap()
    }

    #[test]
    fn a_row_has_medians_spreads_and_ratios_of_pairs() {
        for (row, expected) in [
            (
                row("rust/parse-377", "native core", "us", &[9.0, 6.0, 30.0], &[3.0, 3.0, 20.0]),
                "| `rust/parse-377` | 9.00 µs (6.00–30.0) | native core | 3.00 µs (3.00–20.0) | 2.00 × (1.50–3.00) | ≤ 2 × ✓ |",
            ),
            (
                row("rust/create-confirm-1", "native core + reqwest", "1/s", &[600.0], &[1234.5]),
                "| `rust/create-confirm-1` | 600/s | native core + reqwest | 1 234/s | 0.49 × | ≥ 0.8 × ✗ |",
            ),
            (
                row("size/itsm.wasm", "", "bytes", &[600_001.0], &[]),
                "| `size/itsm.wasm` | 600 001 B |  |  |  | ≤ 600 000 B ✗ |",
            ),
        ] {
            assert_eq!(row.cells(), expected);
        }
    }

    #[test]
    fn a_count_stands_beside_that_of_the_last_commit() {
        let before = [row("fuel/create", "", "fuel", &[100.0], &[])];
        let mut rows = [row("fuel/create", "", "fuel", &[90.0], &[])];
        compare(&mut rows, &before);
        assert_eq!(rows[0].cells(), "| `fuel/create` | 90.0 | last commit | 100 | 0.90 × |  |");
    }

    #[test]
    fn a_page_gets_its_figures_between_its_marks() {
        let page = "a\n<!-- figures -->\nold\n<!-- end of the figures -->\nb\n";
        let new = "a\n<!-- figures -->\n\nnew\n<!-- end of the figures -->\nb\n";
        assert_eq!(between_marks(page, "new").unwrap(), new);
        assert_eq!(between_marks("a\n", "new"), None);
    }
}
