//! A verdict `lapsed`, for tickets with the status `LAPSED`.

use super::Check::{Component, JavaScript, Python, Test, Verb, Workspace};
use super::Edit::{After, Change};
use super::Place;

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
        edit: After("    completed,\n", "    /// The verdict `lapsed`.\n    lapsed,\n"),
        check: Component("blueking-itsm"),
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
        what: "the word in tracking's reports",
        file: "src/domain/tracking.rs",
        edit: After(WORD, NEXT_WORD),
        check: Test("stories"),
    },
    Place {
        what: "the version of records",
        file: "src/domain/tracking.rs",
        edit: Change(with_the_next_version),
        check: Test("verdicts"),
    },
    Place {
        what: "the version that may hold it",
        file: "tests/verdicts.rs",
        edit: Change(with_the_next_line),
        check: Test("verdicts"),
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
        what: "the receiver's page",
        file: "receiver/README.md",
        edit: After("Else `rejected`,", " `lapsed`,"),
        check: Test("verdicts"),
    },
    Place {
        what: "the row in English",
        file: "README.md",
        edit: Change(with_a_row),
        check: Test("verdicts"),
    },
    Place {
        what: "the row in Chinese",
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
        file: "host-examples/guests/rust/src/gate.rs",
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
        edit: After("    COMPLETED = auto()\n", "    LAPSED = auto()\n"),
        check: Python("tests.test_surface"),
    },
    Place {
        what: "Python's ending",
        file: "host-examples/python/blueking_itsm/tickets.py",
        edit: After("    COMPLETED = auto()\n", "    LAPSED = auto()\n"),
        check: Python("tests.test_surface"),
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

const VERSION: &str = "const VERSION: u32 = ";

fn with_the_next_version(tracking: &str) -> Option<String> {
    let (before, rest) = tracking.split_once(VERSION)?;
    let (version, after) = rest.split_once(';')?;
    Some(format!("{before}{VERSION}{};{after}", version.parse::<u32>().ok()? + 1))
}

/// The last line of stored verdicts once more, with the next version and one verdict more.
fn with_the_next_line(verdicts: &str) -> Option<String> {
    let last =
        verdicts.lines().rfind(|line| line.starts_with("    (") && line.ends_with("\"),"))?;
    let (version, words) = last.trim_start_matches("    (").split_once(',')?;
    let next = version.parse::<u32>().ok()? + 1;
    let words = words.replace(" completed ", " completed lapsed ");
    Some(verdicts.replace(last, &format!("{last}\n    ({next},{words}")))
}

/// The row of `completed` once more.
fn with_a_row(readme: &str) -> Option<String> {
    let row = readme.lines().find(|line| line.starts_with("| `completed` |"))?;
    Some(readme.replace(row, &format!("{row}\n{}", row.replace("`completed`", "`lapsed`"))))
}
