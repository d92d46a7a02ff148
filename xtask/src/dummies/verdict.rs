//! A verdict `lapsed`, for tickets with the status `LAPSED`.

use super::Check::{Component, JavaScript, Test, Unit, Verb, Workspace};
use super::Edit::{After, Change, Of};
use super::{Place, put_after};

const WORD: &str = "Verdict::Completed => \"completed\",";
const NEXT_WORD: &str = " Verdict::Lapsed => \"lapsed\",";

pub const PLACES: &[Place] = &[
    Place {
        what: "a story that deserves it",
        file: "tests/fixtures/stories.jsonl",
        edit: Change(with_a_story),
        check: Test("verdicts"),
    },
    Place {
        what: "the case",
        file: "wit/types.wit",
        edit: After("    completed,\n", "    lapsed,\n"),
        check: Component("blueking-itsm"),
    },
    Place {
        what: "its doc comment",
        file: "wit/types.wit",
        edit: After("    completed,\n", "    /// The ticket lapsed.\n"),
        check: Verb("wit"),
    },
    Place {
        what: "the ending",
        file: "wit/tickets.wit",
        edit: After("    completed,\n", "    /// The verdict is `lapsed`.\n    lapsed,\n"),
        check: Component("blueking-itsm"),
    },
    Place {
        what: "the row of the reference",
        file: "docs/reference.md",
        edit: After(
            "| `completed` | The flow ran to its end, and no approval lay on its way: nobody was asked. |\n",
            "| `lapsed` | The ticket lapsed. |\n",
        ),
        check: Verb("wit"),
    },
    Place {
        what: "the ending's row of the reference",
        file: "docs/reference.md",
        edit: After(
            "| `completed` | The verdict is `completed`: no approval lay on the ticket's way. |\n",
            "| `lapsed` | The verdict is `lapsed`. |\n",
        ),
        check: Verb("wit"),
    },
    Place {
        what: "the row in Chinese",
        file: "docs/reference.zh.md",
        edit: After(
            "| `completed` | 流程走到了终点，但途中没有审批：没有问过任何人。 |\n",
            "| `lapsed` | 单据已失效。 |\n",
        ),
        check: Verb("wit"),
    },
    Place {
        what: "the ending's row in Chinese",
        file: "docs/reference.zh.md",
        edit: After(
            "| `completed` | verdict 为 `completed`：途中没有审批。 |\n",
            "| `lapsed` | verdict 为 `lapsed`。 |\n",
        ),
        check: Verb("wit"),
    },
    Place {
        what: "the domain's case",
        file: "src/domain/verdict.rs",
        edit: After("    Completed,\n", "    /// It lapsed.\n    Lapsed,\n"),
        check: Test("stories"),
    },
    Place {
        what: "when it holds",
        file: "src/domain/verdict.rs",
        edit: After(
            "(true, \"REVOKED\", _) => Verdict::Withdrawn,",
            " (true, \"LAPSED\", _) => Verdict::Lapsed,",
        ),
        check: Test("stories"),
    },
    Place {
        what: "the explanation's case",
        file: "src/domain/explanation.rs",
        edit: After("    Completed,\n", "    /// The verdict `lapsed`.\n    Lapsed,\n"),
        check: Test("stories"),
    },
    Place {
        what: "when the explanation has it",
        file: "src/domain/explanation.rs",
        edit: After(
            "Verdict::Withdrawn => (Ending::Withdrawn, \"\"),",
            " Verdict::Lapsed => (Ending::Lapsed, \"\"),",
        ),
        check: Test("stories"),
    },
    Place {
        what: "the stored name",
        file: "src/domain/tracking/stored.rs",
        edit: After("    Completed,\n", "    Lapsed,\n"),
        check: Unit,
    },
    Place {
        what: "the version of records",
        file: "src/domain/tracking/record.rs",
        edit: Change(|record| Some(record.replace("VERSION: u32 = 3;", "VERSION: u32 = 4;"))),
        check: Unit,
    },
    Place {
        what: "the reading of the version before",
        file: "src/domain/tracking/record.rs",
        edit: After(
            "            2 => read(text).map(Second::migrate),\n",
            "            3 => read(text).map(|record: Self| Self { version: VERSION, ..record }),\n",
        ),
        check: Unit,
    },
    Place {
        what: "the word in tracking's reports",
        file: "src/domain/tracking/reports.rs",
        edit: After(WORD, NEXT_WORD),
        check: Unit,
    },
    Place {
        what: "the texts of the version",
        file: "tests/vectors/records/4.jsonl",
        edit: Of("tests/vectors/records/3.jsonl", in_the_next_version),
        check: Unit,
    },
    Place {
        what: "their file and its hash",
        file: "src/domain/tracking/tests.rs",
        edit: Change(|tests| {
            let tests = tests.replace("[(u32, &str, &str); 2]", "[(u32, &str, &str); 3]");
            Some(tests.replace(
                "8040f\",\n    ),\n",
                "8040f\",\n    ),\n    (4, include_str!(\"../../../tests/vectors/records/4.jsonl\"), \
                 \"daa6054b5501716e054c20bfeb45bc3eea7bc7c43b85fc989dbf675b2aeffa9f\"),\n",
            ))
        }),
        check: Unit,
    },
    Place {
        what: "what leads to the text",
        file: "src/domain/tracking/tests.rs",
        edit: Change(|tests| {
            let past = "    (\"delivered, withdrawn\", |record| delivered(record, Withdrawn)),\n";
            let next = past.replace("withdrawn", "lapsed").replace("Withdrawn", "Verdict::Lapsed");
            let tests = tests.replace("[(&str, Past); 23]", "[(&str, Past); 24]");
            Some(tests.replace(past, &format!("{past}{next}")))
        }),
        check: Unit,
    },
    Place {
        what: "the version that is too new",
        file: "src/domain/tracking/tests.rs",
        edit: Change(|tests| {
            Some(tests.replace(
                "the record has version 4, and this component knows only up to 3",
                "the record has version 5, and this component knows only up to 4",
            ))
        }),
        check: Unit,
    },
    Place {
        what: "the words of stories",
        file: "tests/stories.rs",
        edit: After(WORD, NEXT_WORD),
        check: Test("stories"),
    },
    Place {
        what: "the words of endings",
        file: "tests/stories.rs",
        edit: After("Ending::Completed => \"completed\",", " Ending::Lapsed => \"lapsed\","),
        check: Test("stories"),
    },
    Place {
        what: "the conversion",
        file: "src/component/types.rs",
        edit: After(
            "same!(enum Verdict, wit::Verdict { Open, Approved, Rejected, Completed,",
            " Lapsed,",
        ),
        check: Component("blueking-itsm"),
    },
    Place {
        what: "the ending's conversion",
        file: "src/component/tickets.rs",
        edit: After("Ending::Completed => Self::Completed,", " Ending::Lapsed => Self::Lapsed,"),
        check: Component("blueking-itsm"),
    },
    Place {
        what: "the receiver's word",
        file: "receiver/src/component.rs",
        edit: After(WORD, NEXT_WORD),
        check: Component("receiver"),
    },
    Place {
        what: "the sinks' word",
        file: "receiver/sink/src/lib.rs",
        edit: After(WORD, NEXT_WORD),
        check: Component("sink"),
    },
    Place {
        what: "the receiver's page in English",
        file: "receiver/README.md",
        edit: After("The other values are `rejected`,", " `lapsed`,"),
        check: Test("verdicts"),
    },
    Place {
        what: "the receiver's page in Chinese",
        file: "receiver/README.zh.md",
        edit: After("其他取值：`rejected`、", "`lapsed`、"),
        check: Test("verdicts"),
    },
    Place {
        what: "the row of the README in English",
        file: "README.md",
        edit: Change(with_a_row),
        check: Test("verdicts"),
    },
    Place {
        what: "the row of the README in Chinese",
        file: "README.zh.md",
        edit: Change(with_a_row),
        check: Test("verdicts"),
    },
    Place {
        what: "the word of the host in Rust",
        file: "host-examples/rust/src/lib.rs",
        edit: After(WORD, NEXT_WORD),
        check: Workspace,
    },
    Place {
        what: "the word of the guest in Rust",
        file: "host-examples/guests/rust/src/approval.rs",
        edit: After(WORD, NEXT_WORD),
        check: Component("rust-guest"),
    },
    Place {
        what: "the word of a callback's test",
        file: "tests/component/tests/all/callbacks.rs",
        edit: After(WORD, NEXT_WORD),
        check: Workspace,
    },
    Place {
        what: "the word of the component's tests",
        file: "tests/component/tests/all/set_up.rs",
        edit: After(WORD, NEXT_WORD),
        check: Workspace,
    },
    Place {
        what: "the ending of the component's stories",
        file: "tests/component/tests/all/stories.rs",
        edit: After("Ending::Completed => \"completed\",", " Ending::Lapsed => \"lapsed\","),
        check: Workspace,
    },
    Place {
        what: "Python's case",
        file: "host-examples/python/blueking_itsm/types.py",
        edit: After(
            "    COMPLETED = \"completed\"\n    \"\"\"The flow ran to its end, and no approval lay on its way: nobody was asked.\"\"\"\n",
            "\n    LAPSED = \"lapsed\"\n    \"\"\"The ticket lapsed.\"\"\"\n",
        ),
        check: Verb("python"),
    },
    Place {
        what: "Python's ending",
        file: "host-examples/python/blueking_itsm/tickets.py",
        edit: After(
            "    COMPLETED = \"completed\"\n    \"\"\"The verdict is `completed`: no approval lay on the ticket's way.\"\"\"\n",
            "\n    LAPSED = \"lapsed\"\n    \"\"\"The verdict is `lapsed`.\"\"\"\n",
        ),
        check: Verb("python"),
    },
    Place {
        what: "JavaScript's types",
        file: "host-examples/javascript/package/index.d.ts",
        edit: Change(|types| {
            let verdict = "nobody was asked. */\n  | 'completed'\n";
            let ending = "no approval lay on the ticket's way. */\n  | 'completed'\n";
            let types =
                put_after(types, verdict, "  /** The ticket lapsed. */\n  | 'lapsed'\n").ok()?;
            put_after(&types, ending, "  /** The verdict is `lapsed`. */\n  | 'lapsed'\n").ok()
        }),
        check: Verb("javascript"),
    },
    Place {
        what: "JavaScript's table",
        file: "host-examples/javascript/package/table.js",
        edit: Change(|table| Some(table.replace("\"completed\"", "\"completed\",\"lapsed\""))),
        check: Verb("javascript"),
    },
    Place {
        what: "the page's sentence in English",
        file: "host-examples/javascript/page/words.js",
        edit: After(
            "  completed: 'It claims that the flow ran to its end and that nobody was asked.',\n",
            "  lapsed: 'It claims that the ticket lapsed.',\n",
        ),
        check: JavaScript,
    },
    Place {
        what: "the page's sentence in Chinese",
        file: "host-examples/javascript/page/words.js",
        edit: After(
            "  completed: '它声称：流程已走完，途中没有任何审批。',\n",
            "  lapsed: '它声称：单据已失效。',\n",
        ),
        check: JavaScript,
    },
];

/// A withdrawn ticket's story, with another status.
fn with_a_story(stories: &str) -> Option<String> {
    let story = stories.lines().find(|line| line.contains("\"REVOKED\""))?;
    let story = story.replace("REVOKED", "LAPSED").replace("\"withdrawn\"", "\"lapsed\"");
    Some(format!("{stories}{story}\n"))
}

/// The texts with the next version, and one of a record that holds the verdict.
fn in_the_next_version(texts: &str) -> Option<String> {
    let texts = texts.replace("\"version\":3", "\"version\":4");
    let text = texts.lines().find(|text| text.contains("\"delivered, withdrawn\""))?;
    Some(texts.replace(text, &format!("{text}\n{}", text.replace("withdrawn", "lapsed"))))
}

/// The row of `completed` once more.
fn with_a_row(readme: &str) -> Option<String> {
    let row = readme.lines().find(|line| line.starts_with("| `completed` |"))?;
    Some(readme.replace(row, &format!("{row}\n{}", row.replace("`completed`", "`lapsed`"))))
}
