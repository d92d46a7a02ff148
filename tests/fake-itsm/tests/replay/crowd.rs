//! Tickets in the state that a row of a list shows.

use super::exchange::Front;
use super::scene::{Scene, fast};
use serde_json::{Value, json};

/// Services of the recorded servers, with those of the fake whose flows are the same.
const SERVICES: [(u64, u64); 6] = [(1, 1), (33, 20), (44, 8), (53, 21), (64, 33), (65, 17)];

/// Splits names that are joined by commas.
pub fn names(joined: &str) -> Vec<&str> {
    joined.split(',').filter(|name| !name.is_empty()).collect()
}

impl Scene<'_> {
    /// Makes a ticket that looks as a row says. `also` says what no row shows: `tag`, who suspended and
    /// resumed it (`suspended_by`), who handled it (`handled_by`) and how (`is_refused`, `remark`), who has to
    /// (`approvers`), what was asked (`fields`), and that its start fails (`is_stuck`).
    ///
    /// The worker is not waited for: the scene's is to leave tickets alone.
    pub async fn bring(&mut self, row: &Value, also: &Value) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().trim_matches(',').to_owned();
        let status = text("current_status");
        let updated_by = text("updated_by");
        let updated_by = names(&updated_by);
        let creator = match (text("creator"), updated_by.first()) {
            (nobody, Some(first)) if nobody.is_empty() => (*first).to_owned(),
            (somebody, _) => somebody,
        };
        let others = updated_by.iter().filter(|name| **name != creator);
        let mut handlers: Vec<_> = others.copied().collect();
        // A manager comes last, to close what others have not finished.
        handlers.sort_unstable_by_key(|name| (*name == "admin", name.to_owned()));
        handlers.extend(also["handled_by"].as_str());
        if handlers.is_empty() {
            handlers.push(&creator);
        }
        let recorded = row["service_id"].as_u64().unwrap_or(2);
        let known = SERVICES.iter().find(|(id, _)| *id == recorded);
        // Of other services, the kind and who took part say which of the fake's comes near.
        let like = match text("sn").get(..3) {
            Some("CRQ") => 29,
            Some("INC") => 30,
            Some("PBI") => 31,
            _ if handlers.contains(&"system") => 11,
            _ if recorded == 2 && !row["service_id"].is_null() => 2,
            _ if handlers.len() > 1 && status == "FINISHED" && !handlers.contains(&"admin") => 3,
            _ => 2,
        };
        let service = known.map_or(like, |(_, here)| *here);
        handlers.retain(|name| *name != "system");
        let approvers = match text("current_processors") {
            nobody if nobody.is_empty() => handlers.join(","),
            somebody => somebody,
        };
        let approvers = also["approvers"].as_str().unwrap_or(&approvers);
        let mut request = match service {
            2 => fast(&creator, &text("title"), approvers),
            service => {
                let fields = json!([{"key": "title", "value": text("title")}]);
                json!({"service_id": service, "creator": creator, "fields": fields})
            }
        };
        if service == 3 {
            let fields = fast(&creator, &text("title"), approvers)["fields"].clone();
            request["fields"] = json!([fields[0], fields[1]]);
        }
        if also["fields"].is_array() {
            request["fields"] = also["fields"].clone();
        }
        if also["is_stuck"] == true {
            request["fields"] = fast(&creator, &text("title"), approvers)["fields"].clone();
            request["fields"][2]["value"] = json!("🚀");
        }
        request["tag"] = also["tag"].clone();
        request["meta"] = match &row["meta"] {
            Value::Null => json!({}),
            meta => meta.clone(),
        };
        let erin = handlers.contains(&"erin") && service == 20;
        if erin {
            request["meta"]["state_processors"] = json!({"205": "erin", "206": "bob"});
        }
        self.means(
            format!("\"service_id__in\": [{recorded}]"),
            format!("\"service_id__in\": [{service}]"),
        );
        let sn = text("sn");
        self.stands_for.retain(|(recorded, _)| *recorded != sn);
        let Some(made) = self.attempt("create_ticket", request).await else {
            return;
        };
        let here = made["sn"].as_str().unwrap().to_owned();
        self.means(sn.as_str(), here.as_str());
        self.fake.take_up(&here).unwrap();
        let followers = row["followers"].as_array().into_iter().flatten();
        let followers: Vec<_> = followers.filter_map(Value::as_str).collect();
        if !followers.is_empty() {
            let users = followers.join(",");
            self.attempt("add_follower", json!({"sn": sn, "users": users, "attention": true}))
                .await;
        }
        if let Some(who) = also["suspended_by"].as_str().or(handlers.first().copied())
            && (also["suspended_by"].is_string() || status == "RUNNING" && *who != *creator)
        {
            for action in ["SUSPEND", "UNSUSPEND"] {
                self.operate(&sn, action, who).await;
            }
        }
        let last = handlers.last().map_or("", |name| name);
        match status.as_str() {
            "RUNNING" => {}
            "SUSPENDED" => self.operate(&sn, "SUSPEND", last).await,
            "REVOKED" => {
                for who in handlers.iter().filter(|who| **who != creator && **who != "admin") {
                    self.operate(&sn, "SUSPEND", who).await;
                    self.operate(&sn, "UNSUSPEND", who).await;
                }
                let who = if last == "admin" { "admin" } else { &creator };
                let _ = self.fake.withdraw(&here, who).await;
            }
            "TERMINATED" => {
                let others = handlers.iter().filter(|who| **who != last && service != 2);
                for who in others {
                    let _ = self.fake.approve(&here, who).await;
                }
                let _ = self.fake.terminate(&here, last).await;
            }
            "FINISHED" => {
                let order = if erin { vec!["erin", "bob"] } else { handlers.clone() };
                let refused = row["approve_result"] == false || also["is_refused"] == true;
                for who in order {
                    self.decide(&here, who, !refused, &also["remark"]).await;
                }
                if !self.fake.ticket(&here).unwrap().ended {
                    let _ = self.fake.close_on_page(&here, "admin").await;
                }
                if row["is_commented"] == true {
                    let rating = json!({"sn": sn, "operator": creator, "stars": 5, "comments": ""});
                    self.attempt("comment", rating).await;
                }
            }
            status => {
                if service != 2 {
                    let _ = self.fake.approve(&here, last).await;
                }
                if self.fake.ticket(&here).unwrap().status != status {
                    match row["end_at"].is_null() {
                        true => self.fake.set_status(&here, status).unwrap(),
                        false => drop(self.fake.end_with(&here, status).await),
                    }
                }
            }
        }
    }

    /// Decides at whatever node waits: over the API at the built-in approval, and else on the page.
    async fn decide(&mut self, sn: &str, who: &str, approved: bool, remark: &Value) {
        let decision = json!({
            "sn": sn, "state_id": 15, "approver": who, "action": approved.to_string(), "remark": remark,
        });
        let front = std::mem::replace(&mut self.front, Front::Bare);
        let done = self.attempt("approve", decision).await;
        self.front = front;
        let words = remark.as_str().unwrap_or_default();
        if done.is_none() {
            let _ = match approved {
                true => self.fake.approve_saying(sn, who, words).await,
                false => self.fake.refuse(sn, who, words).await,
            };
        }
    }

    async fn operate(&mut self, sn: &str, action: &str, who: &str) {
        let body = json!({"sn": sn, "operator": who, "action_type": action, "action_message": "m"});
        self.attempt("operate_ticket", body).await;
    }
}
