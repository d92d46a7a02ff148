//! A host in Nim, in `host-examples/nim`.

use super::Check::Test;
use super::Edit::{After, Change, End};
use super::Place;

pub const PLACES: &[Place] = &[
    Place {
        what: "the program",
        file: "host-examples/nim/host.nim",
        edit: End("echo \"a host\"\n"),
        check: Test("hosts"),
    },
    Place {
        what: "how to run it",
        file: "host-examples/nim/README.md",
        edit: End("# A host in Nim\n"),
        check: Test("hosts"),
    },
    Place {
        what: "the suite",
        file: "xtask/src/suites.rs",
        edit: After("const SUITES: &[Suite] = &[\n", "    (\"host in Nim\", nim_host),\n"),
        check: Test("hosts"),
    },
    Place {
        what: "what the suite runs",
        file: "xtask/src/suites.rs",
        edit: End("
fn nim_host() -> Result<()> {
    tools::run(Command::new(\"nim\").args([\"r\", \"host-examples/nim/host.nim\"]))
}
"),
        check: Test("hosts"),
    },
    Place {
        what: "the row of hosts in English",
        file: "README.md",
        edit: Change(|text| {
            row(
                text,
                "| host | create |",
                "| [Nim](host-examples/nim) | yes | yes | no | no | suite `host in Nim` |",
            )
        }),
        check: Test("hosts"),
    },
    Place {
        what: "the row of hosts in Chinese",
        file: "README.zh.md",
        edit: Change(|text| {
            row(
                text,
                "| 宿主 | 提单 |",
                "| [Nim](host-examples/nim) | 是 | 是 | 否 | 否 | 测试组 `host in Nim` |",
            )
        }),
        check: Test("hosts"),
    },
    Place {
        what: "the row of certificates in English",
        file: "README.md",
        edit: Change(|text| {
            row(text, "| host | private CA |", "| [Nim](host-examples/nim) | a file | a setting |")
        }),
        check: Test("hosts"),
    },
    Place {
        what: "the row of certificates in Chinese",
        file: "README.zh.md",
        edit: Change(|text| {
            row(text, "| 宿主 | 私有 CA |", "| [Nim](host-examples/nim) | 文件 | 设置 |")
        }),
        check: Test("hosts"),
    },
    Place {
        what: "the row of platforms",
        file: "docs/platforms.md",
        edit: Change(|text| {
            row(
                text,
                "| host | version |",
                "| [Nim](../host-examples/nim) | 2 | `itsm.wasm` | suite `host in Nim` |",
            )
        }),
        check: Test("hosts"),
    },
];

/// Adds a row to the table that a heading begins.
fn row(page: &str, heading: &str, row: &str) -> Option<String> {
    let line = page.lines().skip_while(|line| !line.starts_with(heading)).nth(1)?;
    let at = page.find(heading)? + page[page.find(heading)?..].find(line)? + line.len();
    Some(format!("{}\n{row}{}", page.get(..at)?, page.get(at..)?))
}
