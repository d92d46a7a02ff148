//! Flows that are read from files: what is wrong in one is said with its line, and each that comes with the
//! program is played to its end.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use fake_itsm::{FakeItsm, Flow, HttpClient, Options};
use serde_json::{Value, json};

async fn started(flow: Flow) -> anyhow::Result<FakeItsm> {
    FakeItsm::start(Options { flows: vec![flow], ..Options::default() }).await
}

const HEAD: &str = "name = \"流程\"\n";
const NODE: &str = "[[node]]\nname = \"a\"\nkind = \"approval\"\nusers = [\"bob\"]\n";

#[tokio::test]
async fn an_error_names_the_files_line_and_what_is_wrong_there() {
    for (text, line, what) in [
        ("name = 1", 1, "invalid type: integer `1`, expected a string"),
        ("nom = \"x\"", 1, "unknown field `nom`"),
        ("kind = \"request\"", 1, "missing field `name`"),
        ("name = \"x", 1, "invalid basic string"),
        ("HEAD", 1, "the flow has no node"),
        ("HEADkind = \"wish\"\nNODE", 2, "unknown variant `wish`, expected one of `request`"),
        ("HEADstart = [\n  \"a\",\n  \"b\",\n]\nNODE", 4, "there is no node \"b\""),
        ("HEADNODEpeople = [\"x\"]", 6, "unknown field `people`"),
        ("HEADNODE\n\nNODE", 9, "two nodes have the name \"a\""),
        ("HEADNODEnext = [\"c\"]", 6, "there is no node \"c\""),
        ("HEADNODErefusal = \"goes-to c\"", 6, "there is no node \"c\""),
        (
            "HEADNODErefusal = \"stops\"",
            6,
            "a refusal is goes-on, terminates or goes-to NODE, not \"stops\"",
        ),
        ("HEADNODEstatus = \"X\"", 6, "the node \"a\" is neither an ending nor a marking"),
        ("HEADNODEcreator = true", 2, "the node \"a\" has processors twice"),
        ("HEADNODEusers = [\"bob\"]", 6, "duplicate key"),
        ("HEAD[[node]]\nname = \"b\"\nkind = \"approval\"", 2, "the node \"b\" has no processors"),
        (
            "HEAD[[node]]\nname = \"b\"\nkind = \"approval\"\nusers = []",
            5,
            "the list of users is empty",
        ),
        (
            "HEAD[[node]]\nname = \"b\"\nkind = \"approval\"\nusers = [\"a,b\"]",
            5,
            "\"a,b\" is no user's name",
        ),
        (
            "HEAD[[node]]\nname = \"b\"\nkind = \"approval\"\nfield = \"X\"",
            5,
            "the form has no field \"X\"",
        ),
        ("HEAD[[node]]\nname = \"b\"\nkind = \"vote\"", 4, "unknown variant `vote`"),
        ("HEAD[[node]]\nname = \"b\"\nkind = \"ending\"", 2, "the node \"b\" needs a status"),
        ("HEAD[[node]]\nname = \" \"\nkind = \"ending\"", 3, "the node's name is blank"),
        (
            "HEAD[[node]]\nname = \"b\"\nkind = \"handler\"\ncreator = true\nrefusal = \"goes-on\"",
            6,
            "the node \"b\" is no approval, and nobody refuses there",
        ),
        ("HEADNODE[[node]]\nname = \"b\"\nkind = \"webhook\"", 7, "no way leads to the node \"b\""),
        (
            "HEADNODEnext = [\"b\"]\n[[node]]\nname = \"b\"\nkind = \"webhook\"\nnext = [\"b\"]",
            8,
            "nobody stops the way from the node \"b\" back to it",
        ),
        (
            "HEADstart = [\"a\", \"b\"]\nNODEnext = [\"c\"]\n[[node]]\nname = \"b\"\nkind = \"webhook\"\nnext = [\"c\"]\n\
             [[node]]\nname = \"c\"\nkind = \"webhook\"",
            13,
            "two branches meet at the node \"c\"",
        ),
        (
            "HEAD[[field]]\nkey = \"title\"\nname = \"x\"\ntype = \"STRING\"\nNODE",
            3,
            "two fields have the key \"title\"",
        ),
        (
            "HEAD[[field]]\nkey = \"X\"\nname = \"x\"\ntype = \"WORD\"\nNODE",
            5,
            "there is no type \"WORD\"",
        ),
        (
            "HEAD[[field]]\nkey = \"X\"\nname = \"x\"\ntype = \"RADIO\"\nNODE",
            2,
            "the field \"X\" has nothing to choose from",
        ),
        (
            "HEAD[[field]]\nkey = \"X\"\nname = \"x\"\ntype = \"RADIO\"\nchoices = [[\"1\", \"a\"], [\"1\", \"b\"]]\nNODE",
            6,
            "two choices have the key \"1\"",
        ),
    ] {
        let whole = text.replace("HEAD", HEAD).replace("NODE", NODE);
        let error = started(Flow::new("flows/mine.toml", &whole)).await.err();
        let error = error.unwrap_or_else(|| panic!("{whole} is taken")).to_string();
        let place = format!("flows/mine.toml:{line}: ");
        assert!(error.starts_with(&place) && error.contains(what), "{whole}\n{error}");
    }
    let whole = format!("{HEAD}{NODE}");
    assert_eq!(
        started(Flow::new("mine.toml", &whole)).await.unwrap().services(),
        [("mine".into(), 1001)]
    );
}

#[tokio::test]
async fn a_ticket_begins_where_the_file_says() {
    let second = NODE.replace("\"a\"", "\"b\"");
    let flow = format!("{HEAD}start = [\"b\"]\n{NODE}{second}next = [\"a\"]\n");
    let fake = started(Flow::new("mine.toml", &flow)).await.unwrap();
    let sn = made(&fake).await;
    let url = format!("{}/openapi/ticket/get_ticket_status/?sn={sn}", fake.url());
    let status = HttpClient::default().get(&url).await.unwrap().body;
    let status: Value = serde_json::from_str(&status).unwrap();
    let names =
        status["data"]["current_steps"].as_array().unwrap().iter().map(|step| &step["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_name_that_is_no_file_either_is_answered_with_the_names() {
    let error = format!("{:#}", Flow::find("three-levels").unwrap_err());
    assert!(
        error.contains("no file three-levels") && error.contains("two-levels, countersign-all"),
        "{error}"
    );
}

enum Act {
    Approve(&'static str),
    ApproveWith(&'static str, &'static str, &'static str),
    Refuse(&'static str),
    Claim(&'static str),
}
use Act::*;

#[tokio::test]
async fn each_flow_that_comes_with_the_program_is_played_to_its_end() {
    const OWN: &str = "baaa462afaefe2b73efcbbe3873cd8be";
    let plays: &[(&str, &[Act], &str, bool)] = &[
        ("fast-approval", &[Approve("bob")], "FINISHED", true),
        ("two-levels", &[Refuse("bob"), Approve("dave")], "FINISHED", false),
        ("countersign-all", &[Approve("bob"), Approve("dave"), Approve("erin")], "FINISHED", true),
        ("countersign-half", &[Approve("erin"), Approve("bob")], "FINISHED", true),
        ("parallel", &[Approve("dave"), Approve("bob")], "FINISHED", true),
        ("terminate-on-refusal", &[Approve("bob"), Refuse("dave")], "TERMINATED", false),
        ("handler-only", &[ApproveWith("dave", "RESULT", "完成")], "FINISHED", true),
        ("people-field", &[Claim("bob"), Approve("bob"), Approve("erin")], "FINISHED", true),
        (
            "own-radio-field",
            &[Refuse("bob"), Approve("carol"), ApproveWith("bob", "URGENT", "false")],
            "FINISHED",
            true,
        ),
        ("webhook-node", &[Approve("bob"), Approve("dave")], "FINISHED", true),
        ("custom-ending", &[Approve("bob"), Approve("dave")], OWN, false),
    ];
    let names: Vec<_> = plays.iter().map(|play| play.0).collect();
    assert_eq!(names, Flow::embedded().collect::<Vec<_>>());
    for (name, acts, status, flag) in plays {
        let fake = started(Flow::find(name).unwrap()).await.unwrap();
        let sn = made(&fake).await;
        for (index, act) in acts.iter().enumerate() {
            assert!(!fake.ticket(&sn).unwrap().ended, "{name} has ended before its act {index}");
            match act {
                Approve(who) => fake.approve(&sn, who).await.unwrap(),
                ApproveWith(who, key, value) => {
                    fake.approve_with(&sn, who, &[(key, value)]).await.unwrap();
                }
                Refuse(who) => fake.refuse(&sn, who, "no").await.unwrap(),
                Claim(who) => fake.claim(&sn, who).await.unwrap(),
            }
        }
        let ticket = fake.ticket(&sn).unwrap();
        assert_eq!((ticket.status.as_str(), ticket.ended), (*status, true), "{name}");
        let sent: Value = serde_json::from_str(&fake.called_back(&sn).await.unwrap().body).unwrap();
        assert_eq!(
            (&sent["approve_result"], &sent["current_status"]),
            (&json!(flag), &json!(status)),
            "{name}"
        );
    }
}

/// A ticket of the fake's own service, with all that its form requires.
async fn made(fake: &FakeItsm) -> String {
    let (_, id) = fake.services().remove(0);
    let url = |path: &str| format!("{}/openapi/{path}", fake.url());
    let client = HttpClient::default();
    let detail =
        client.get(&url(&format!("service/get_service_detail/?service_id={id}"))).await.unwrap();
    let detail: Value = serde_json::from_str(&detail.body).unwrap();
    let asked = detail["data"]["fields"].as_array().unwrap();
    let fields = asked.iter().map(|field| {
        let value = if field["key"] == "OPERATOR" { "erin" } else { "bob" };
        json!({"key": field["key"], "value": value})
    });
    let body = json!({
        "service_id": id, "creator": "carol", "fields": fields.collect::<Vec<_>>(),
        "meta": {"callback_url": "http://127.0.0.1:9/"},
    });
    let answer = client.post(&url("ticket/create_ticket/"), &[], &body.to_string()).await.unwrap();
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let sn = answer["data"]["sn"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    fake.started(&sn).await.unwrap();
    sn
}
