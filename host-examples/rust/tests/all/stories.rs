//! Whole tickets as a real server told of them: this host says of each what happened, to a verified user and to an app
//! alone.

use crate::set_up::{itsm, settings};
use component_tests::{Scripted, Step, answer, envelope};
use rust_host::{Confirmation, Evidence};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const TAG: &str = "thetagofthisticket";

/// A server that knows one ticket, and one tag.
fn told(story: &Value, reader: &str, action: &str, body: &str) -> Step {
    let data = match action {
        "get_tickets" => {
            let found = !body.contains("\"tag\"") || body.contains(TAG);
            let rows = Vec::from_iter(found.then(|| &story["row"]));
            json!({"page": 1, "total_page": 1, "count": rows.len(), "next": null, "previous": null, "items": rows})
        }
        "ticket_approval_result" if reader == "app_only" => {
            let why = json!({"code": 1_640_102, "message": "user authentication failed", "result": false});
            return answer(401, &[("X-Bkapi-Error-Code", "1640102")], &why.to_string());
        }
        "ticket_approval_result" => {
            Value::from_iter(Some(&story["result"]).filter(|row| !row.is_null()).cloned())
        }
        "get_ticket_logs" => story["log"].clone(),
        other => panic!("{other} was asked"),
    };
    envelope(&data)
}

/// A confirmation in the word of the stories, and what it rests on.
fn word(confirmation: Confirmation) -> (String, Option<Evidence>) {
    match confirmation {
        Confirmation::Ended(outcome) => (outcome.verdict.to_string(), Some(outcome.evidence)),
        Confirmation::Undecidable(_) => ("undecidable".to_owned(), None),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_story_is_told_more_kindly_than_it_went() {
    let now = Arc::new(Mutex::new((Value::Null, "")));
    let script = now.clone();
    let server = Scripted::start(move |_, request| {
        let (story, reader) = &*script.lock().unwrap();
        vec![told(story, reader, request.action(), &request.body)]
    })
    .await;
    let gateway = format!("{}/api/bk-itsm/prod", server.url());
    let (itsm, _) = itsm(settings(gateway, "http://127.0.0.1:9/callback".into()));
    let mut read = 0;
    for story in include_str!("../../../../tests/fixtures/stories.jsonl").lines() {
        let story: Value = serde_json::from_str(story).unwrap();
        let sn = story["row"]["sn"].as_str().unwrap().to_owned();
        for reader in ["proven_user", "app_only"] {
            // The result of some stories was never asked.
            let Some(expected) = story["expected"][reader].as_str() else { continue };
            *now.lock().unwrap() = (story.clone(), reader);
            let own = itsm.confirm_own(&sn).await.unwrap();
            let tagged = itsm.confirm(&sn, TAG).await.unwrap();
            for (said, evidence) in [word(own), word(tagged)] {
                // A log alone does not show one kind of ending, as the threat model says.
                if expected.contains("named limit") {
                    let named = matches!(evidence, None | Some(Evidence::Decisions));
                    assert!(named, "{sn} ({reader}): {said}");
                } else {
                    assert_eq!(said, expected, "{sn} ({reader})");
                }
            }
            read += 1;
        }
    }
    assert!(read > 80, "{read} were read");
}
