//! An action `get_echo`, and the function `operations.echo` that calls it.

use super::Check::{Component, Fake, Python, Test, Verb};
use super::Edit::{After, Change, End};
use super::{Place, counted_once_more};

const ECHO: &str = "  echo: func(";
const DOCS: &str = "  /// Repeats the number.\n";

pub const PLACES: &[Place] = &[
    Place {
        what: "the function",
        file: "wit/operations.wit",
        edit: After(
            "  approvers: func(connection: connection, sn: string, node-id: u64) -> result<list<string>, failure>;\n",
            "\n  echo: func(connection: connection, sn: string) -> result<string, failure>;\n",
        ),
        check: Component("blueking-itsm"),
    },
    Place {
        what: "its doc comment",
        file: "wit/operations.wit",
        edit: Change(|wit| Some(wit.replace(ECHO, &format!("{DOCS}{ECHO}")))),
        check: Verb("wit"),
    },
    Place {
        what: "when it fails",
        file: "wit/operations.wit",
        edit: Change(|wit| {
            Some(wit.replace(DOCS, &format!("{DOCS}  /// Fails when the number is blank.\n")))
        }),
        check: Verb("wit"),
    },
    Place {
        what: "since when it is",
        file: "wit/operations.wit",
        edit: Change(|wit| Some(wit.replace(ECHO, &format!("  @since(version = 0.1.0)\n{ECHO}")))),
        check: Verb("wit"),
    },
    Place {
        what: "the section of the reference",
        file: "docs/reference.md",
        edit: Change(|page| {
            with_a_section(page, "Repeats the number.\nFails when the number is blank.")
        }),
        check: Verb("wit"),
    },
    Place {
        what: "the section in Chinese",
        file: "docs/reference.zh.md",
        edit: Change(|page| with_a_section(page, "原样返回单号。单号为空白时失败。")),
        check: Verb("wit"),
    },
    Place {
        what: "the row of the action",
        file: "src/domain/action.rs",
        edit: After(
            "actions! {\n",
            "    /// What ITSM repeats.
    GET_ECHO: reads(Get, \"get_echo\", \"sn\").over_an_esb(Esb::Missing),
        since \"none yet\", for [\"operations.echo\"];\n",
        ),
        check: Test("recordings"),
    },
    Place {
        what: "the reading of the answer",
        file: "src/domain/progress.rs",
        edit: End("
/// The data of get_echo's answer.
pub fn read_echo(data: Json) -> Result<String, Mismatch> {
    data.object(\"`data`\")?.text(\"echo\")
}
"),
        check: Test("recordings"),
    },
    Place {
        what: "the call",
        file: "src/calls/progress.rs",
        edit: After(
            "impl<T: Transport> Client<T> {\n",
            "    /// What ITSM repeats of a ticket.
    pub fn echo(&mut self, sn: &str) -> Result<String, Failure> {
        self.ask_ticket(&crate::domain::action::GET_ECHO, sn, None, progress::read_echo)
    }

",
        ),
        check: Component("blueking-itsm"),
    },
    Place {
        what: "the conversion",
        file: "src/component/operations.rs",
        edit: After(
            "impl wit::Guest for Component {\n",
            "    fn echo(connection: wit::Connection, sn: String) -> Result<String, wit::Failure> {
        Ok(client(connection).echo(&sn)?)
    }

",
        ),
        check: Component("blueking-itsm"),
    },
    Place {
        what: "the recordings",
        file: "tests/fixtures/get_echo.jsonl",
        edit: End(
            r#"{"name": "get_echo", "answer": {"status": 200, "content_type": "application/json", "body": "{\"result\":true,\"code\":0,\"message\":\"success\",\"data\":{\"echo\":\"a\"}}"}, "means": {"echo": "a"}}
"#,
        ),
        check: Test("recordings"),
    },
    Place {
        what: "the decoder",
        file: "tests/recordings.rs",
        edit: After(
            "    match *action {\n",
            "        action::GET_ECHO => |data| Ok(json!({\"echo\": progress::read_echo(data)?})),\n",
        ),
        check: Test("recordings"),
    },
    Place {
        what: "the count of recordings",
        file: "docs/evidence.md",
        edit: Change(counted_once_more),
        check: Test("recordings"),
    },
    Place {
        what: "the fake's route",
        file: "tests/fake-itsm/src/actions/mod.rs",
        edit: After("static ROUTES: &[Route] = &[\n", "    numbers(\"get_echo\", read::echo),\n"),
        check: Fake,
    },
    Place {
        what: "what the fake does",
        file: "tests/fake-itsm/src/actions/read.rs",
        edit: End("
pub(super) fn echo(_: &mut World, call: &Call) -> Outcome {
    data(json!({\"echo\": call.parameter(\"sn\")}))
}
"),
        check: Fake,
    },
    Place {
        what: "the call through the component",
        file: "tests/component/tests/all/actions.rs",
        edit: After(
            "async fn drive_operations(front: Front, fake: &FakeItsm, host: &Host, c: &Connection) {\n",
            "    let echo = call!(host => blueking_itsm_operations.call_echo(c, \"a\"));
    front.given(&blueking_itsm::domain::action::GET_ECHO, echo);\n",
        ),
        check: Test("actions"),
    },
    Place {
        what: "the row of the page",
        file: "docs/actions.md",
        edit: After(
            "| action | method | functions | a gateway wants | ESB | oldest ESB | since |\n| --- | --- | --- | --- | --- | --- | --- |\n",
            "| get_echo | GET | operations.echo | the app | no | no | none yet |\n",
        ),
        check: Test("actions"),
    },
    Place {
        what: "the export",
        file: "tests/surface/itsm.txt",
        edit: After(
            "export blueking:itsm/operations@0.1.0#approvers\n",
            "export blueking:itsm/operations@0.1.0#echo\n",
        ),
        check: Verb("surface"),
    },
    Place {
        what: "Python's function",
        file: "host-examples/python/blueking_itsm/operations.py",
        edit: Change(with_python),
        check: Verb("python"),
    },
    Place {
        what: "the types of JavaScript's function",
        file: "host-examples/javascript/package/index.d.ts",
        edit: Change(|types| {
            let next = "  /**\n   * Rates a `FINISHED` ticket";
            let method = "  /**\n   * Repeats the number.\n   * Fails when the number is blank.\n   * @throws {ItsmError}\n   */\n  \
                          echo(connection: Input<Connection>, sn: string, options?: CallOptions): Promise<string>;\n";
            Some(types.replacen(next, &format!("{method}{next}"), 1))
        }),
        check: Verb("javascript"),
    },
    Place {
        what: "the row of JavaScript's function",
        file: "host-examples/javascript/package/table.js",
        edit: Change(|table| {
            let row = r#"    echo: {"asks":true,"export":"blueking:itsm/operations@0.1.0#echo","params":[["connection","types.connection"],["sn","string"]],"result":{"result":["string","types.failure"]}},"#;
            Some(table.replacen("    rate: {", &format!("{row}\n    rate: {{"), 1))
        }),
        check: Verb("javascript"),
    },
    Place {
        what: "the row of Python's function",
        file: "host-examples/python/tests/test_functions.py",
        edit: After(
            "    Row(\"operations.unfollow\", lambda site: (site.running(), [\"dave\"]), is_nothing),\n",
            "    Row(\"operations.echo\", lambda site: (site.running(),), lambda got: got != \"\"),\n",
        ),
        check: Python("tests.test_functions.Functions.test_each_function_has_a_row"),
    },
];

/// Adds the function to a module of the Python package, as `cargo xtask python --bless` does.
fn with_python(module: &str) -> Option<String> {
    let method = |define: &str, wait: &str| {
        format!(
            "    {define} echo(\n        self,\n        connection: types.Connection,\n        sn: str,\n    ) -> str:\n        \
             \"\"\"Repeats the number.\n        Fails when the number is blank.\n        \"\"\"\n        \
             return {wait}self._call(\"operations.echo\", connection, sn)\n\n"
        )
    };
    let row = "    \"echo\": Function(\"echo\", ((\"connection\", \"types.connection\"), (\"sn\", \"string\"), ), \
               (\"result\", \"string\", \"types.failure\"), types.ItsmError, True),\n";
    let mut made = module.to_owned();
    for (next, new) in [
        ("    def rate(", method("def", "")),
        ("    async def rate(", method("async def", "await ")),
        ("    \"rate\": ", row.to_owned()),
    ] {
        let (before, after) = made.split_once(next)?;
        made = format!("{before}{new}{next}{after}");
    }
    Some(made)
}

/// Adds the function's section to a page of the reference, before that of the next function.
fn with_a_section(page: &str, text: &str) -> Option<String> {
    let (before, after) = page.split_once("### operations.rate\n")?;
    Some(format!(
        "{before}### operations.echo\n\n```wit\n\
         echo: func(connection: connection, sn: string) -> result<string, failure>\n```\n\n\
         {text}\n\n### operations.rate\n{after}"
    ))
}
