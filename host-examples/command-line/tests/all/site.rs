//! `itsm fake`: a person's way from nothing to an approval.

use crate::set_up::{ended, program};
use fake_itsm::HttpClient;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// The site, and its addresses.
fn site(arguments: &[&str]) -> (Child, Value) {
    let mut site = program();
    site.args(["fake", "--port", "0", "--json"]).args(arguments).stderr(Stdio::inherit());
    let mut site = site.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(site.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (site, serde_json::from_str(&line).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_waits_for_a_ticket_of_the_fake_site_until_somebody_approves_on_its_page() {
    let (mut site, addresses) = site(&["--flows", "two-levels"]);
    let url = addresses["url"].as_str().unwrap().to_owned();
    let mut gate = program();
    gate.args(["gate", "--title", "t", "--service", "1001", "--interval", "100ms"])
        .env("ITSM_GATEWAY", addresses["gateway"].as_str().unwrap())
        .env("ITSM_APP_CODE", "demo")
        .env("ITSM_APP_SECRET", "canary-secret")
        .env("ITSM_OPERATOR", "carol");
    let gate = gate.spawn().unwrap();
    let client = HttpClient::default();
    let tickets = || async {
        let answer = client.get(&format!("{url}/fake/tickets")).await.unwrap();
        serde_json::from_str::<Vec<Value>>(&answer.body).unwrap()
    };
    let mut sn = String::new();
    for _ in 0..6_000 {
        if let Some(ticket) = tickets().await.first().filter(|it| it["started"] == true) {
            sn = ticket["sn"].as_str().unwrap().to_owned();
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let page = client.get(&format!("{url}/tickets/{sn}")).await.unwrap();
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&sn), "{}", page.body);
    for who in ["bob", "dave"] {
        let asked = serde_json::json!({"sn": sn, "who": who}).to_string();
        let answer = client.post(&format!("{url}/fake/approve"), &[], &asked).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let (exit, printed) = ended(gate).await;
    assert_eq!(exit, 0, "{printed}");
    assert!(
        printed.contains(&format!("{url}/tickets/{sn}")),
        "the number leads to the page: {printed}"
    );
    let requests = client.get(&format!("{url}/requests")).await.unwrap().body;
    assert!(requests.contains("create_ticket") && !requests.contains("canary"), "{requests}");
    site.kill().unwrap();
    site.wait().unwrap();
}
