//! A host in shell, in `host-examples/shell`.

use super::Check::{Suite, Test};
use super::Edit::{After, Change, End};
use super::Place;

const NAME: &str = "name: \"shell-host\",";

pub const PLACES: &[Place] = &[
    Place {
        what: "the program",
        file: "host-examples/shell/host.sh",
        edit: End("echo a host\n"),
        check: Test("hosts"),
    },
    Place {
        what: "how to run it, in English",
        file: "host-examples/shell/README.md",
        edit: End("# A host in shell\n\n[中文](README.zh.md)\n"),
        check: Test("hosts"),
    },
    Place {
        what: "how to run it, in Chinese",
        file: "host-examples/shell/README.zh.md",
        edit: End("# shell 宿主\n\n[English](README.md)\n"),
        check: Suite("readme"),
    },
    Place {
        what: "the suite",
        file: "xtask/src/suites.rs",
        edit: After(
            "pub const SUITES: &[Suite] = &[\n",
            "    Suite { name: \"shell-host\", shows: \"it speaks\", run: shell_host, ..PLAIN },\n",
        ),
        check: Suite("readme"),
    },
    Place {
        what: "the host that the suite runs",
        file: "xtask/src/suites.rs",
        edit: Change(|suites| {
            Some(suites.replace(NAME, &format!("{NAME} hosts: &[\"host-examples/shell\"],")))
        }),
        check: Suite("readme"),
    },
    Place {
        what: "what the suite does",
        file: "xtask/src/suites.rs",
        edit: End("
fn shell_host() -> Result<()> {
    let host = tools::root()?.join(\"host-examples/shell/host.sh\");
    tools::run(Command::new(\"sh\").arg(host))
}
"),
        check: Suite("shell-host"),
    },
    Place {
        what: "the row of hosts in English",
        file: "README.md",
        edit: Change(|text| {
            row(
                text,
                "| host | create |",
                "| [shell](host-examples/shell) | yes | yes | no | no | suite `shell-host` |",
            )
        }),
        check: Suite("readme"),
    },
    Place {
        what: "the row of hosts in Chinese",
        file: "README.zh.md",
        edit: Change(|text| {
            row(
                text,
                "| 宿主 | 提单 |",
                "| [shell](host-examples/shell) | 支持 | 支持 | 不支持 | 不支持 | 测试组 `shell-host` |",
            )
        }),
        check: Suite("readme"),
    },
    Place {
        what: "the row of certificates in English",
        file: "README.md",
        edit: Change(|text| {
            row(
                text,
                "| host | private CA |",
                "| [shell](host-examples/shell) | a file | a setting |",
            )
        }),
        check: Test("hosts"),
    },
    Place {
        what: "the row of certificates in Chinese",
        file: "README.zh.md",
        edit: Change(|text| {
            row(text, "| 宿主 | 私有 CA |", "| [shell](host-examples/shell) | 文件 | 设置 |")
        }),
        check: Test("hosts"),
    },
    Place {
        what: "the row of platforms in English",
        file: "docs/platforms.md",
        edit: Change(|text| {
            row(
                text,
                "| host | version |",
                "| [shell](../host-examples/shell) | 2 | `itsm.wasm` | `cargo xtask test shell-host` |",
            )
        }),
        check: Test("hosts"),
    },
    Place {
        what: "the row of platforms in Chinese",
        file: "docs/platforms.zh.md",
        edit: Change(|text| {
            row(
                text,
                "| 宿主 | 版本 |",
                "| [shell](../host-examples/shell/README.zh.md) | 2 | `itsm.wasm` | `cargo xtask test shell-host` |",
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
