//! A ticket, and the rules by which it moves.

use crate::clock;
use crate::filling;
use crate::flow::{By, Kind, Node, Refusal, Revocable, Service};
use crate::form::Field;
use crate::log::Entry;
use crate::python;
use crate::text;
use crate::visit::{State, Visit};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The ticket manager, whose account the API uses, too.
pub(crate) const MANAGER: &str = "admin";

/// What the user directory calls somebody.
fn display_name(user: &str) -> &str {
    match user {
        "dave" => "戴夫",
        "erin" => "艾琳",
        other => other,
    }
}

/// How far the worker has come with a new ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has not taken the ticket up, or has failed at it.
    New,
    /// It is busy with the node where tickets are made.
    Creation,
    /// The flow runs, or has run.
    Started,
}

/// How a ticket ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub at: String,
    /// The last line of its log. Tickets merged under it end with the same.
    pub entry: Entry,
    /// Who had handled the ticket before whoever ended it: the callback knows no more.
    handled_by: Vec<String>,
}

/// A ticket.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub id: u64,
    pub sn: String,
    pub title: String,
    pub creator: String,
    pub service: &'static Service,
    pub status: String,
    pub tag: Option<String>,
    pub meta: Map<String, Value>,
    pub fields: BTreeMap<String, Value>,
    pub created_at: String,
    pub updated_at: String,
    pub updated_by: Vec<String>,
    pub end: Option<End>,
    pub stage: Stage,
    /// Whether its start fails.
    pub never_starts: bool,
    /// Whether the worker has seen it.
    pub is_taken_up: bool,
    pub visits: Vec<Visit>,
    /// The approval or sign-off where something happened last.
    last_asked: Option<u64>,
    /// The results of its approvals by node. One that was entered and not decided has none.
    pub results: BTreeMap<u64, Option<bool>>,
    pub log: Vec<Entry>,
    /// Whether a line could not be written: then none behind it can, either.
    log_is_broken: bool,
    /// How often it was suspended and not resumed.
    pub suspended: u32,
    /// The ticket under which a manager has merged it.
    pub parent: Option<String>,
    /// The address of its page, where the site has pages.
    pub page: Option<String>,
    /// Whether its next automatic node fails.
    pub automatic_fails: bool,
    pub followers: BTreeSet<String>,
    pub stars: u64,
}

/// Whether something ended the ticket, and its callback is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Ended {
    Yes,
    No,
}

impl Ticket {
    pub fn new(id: u64, sn: String, service: &'static Service, creator: String) -> Self {
        let now = clock::now();
        Self {
            id,
            sn,
            title: String::new(),
            updated_by: vec![creator.clone()],
            creator,
            service,
            status: "RUNNING".into(),
            tag: None,
            meta: Map::new(),
            fields: BTreeMap::new(),
            created_at: now.clone(),
            updated_at: now,
            end: None,
            stage: Stage::New,
            never_starts: false,
            is_taken_up: false,
            visits: Vec::new(),
            last_asked: None,
            results: BTreeMap::new(),
            log: Vec::new(),
            log_is_broken: false,
            suspended: 0,
            parent: None,
            page: None,
            automatic_fails: false,
            followers: BTreeSet::new(),
            stars: 0,
        }
    }

    pub fn running(&self) -> impl Iterator<Item = &Visit> {
        self.visits.iter().filter(|visit| visit.state == State::Running)
    }

    pub fn visit(&self, node: u64) -> Option<&Visit> {
        self.visits.iter().find(|visit| visit.node.id == node)
    }

    fn visit_mut(&mut self, node: u64) -> Option<&mut Visit> {
        self.visits.iter_mut().find(|visit| visit.node.id == node)
    }

    pub fn may_handle(&self, user: &str) -> bool {
        self.parent.is_none() && self.visits.iter().any(|visit| visit.waits_for(user))
    }

    /// The node that waits for somebody to claim it, if he may.
    pub fn to_be_claimed_by(&self, user: &str) -> Option<&Visit> {
        let mut visits = self.visits.iter();
        visits.find(|visit| visit.is_to_be_claimed && visit.is_for(user))
    }

    pub fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    pub fn ended_at(&self) -> Option<&str> {
        self.end.as_ref().map(|end| end.at.as_str())
    }

    /// Why a user may not take it back now, in the server's words.
    pub fn why_not_withdrawn(&self, user: &str) -> Option<String> {
        if user != self.creator && user != MANAGER {
            let user = if user.is_empty() { "None" } else { user };
            let creator = &self.creator;
            return Some(format!(
                "你无权撤销单据，撤销单据的非当前单据的提单人, {user}!={creator}"
            ));
        }
        if self.is_ended() {
            return Some("单据已经结束，无法撤销".into());
        }
        (!self.can_be_withdrawn()).then(|| "单据执行中，无法撤销".into())
    }

    /// Whether its creator may take it back now.
    pub fn can_be_withdrawn(&self) -> bool {
        let is_automatic = |visit: &Visit| visit.node.kind == Kind::Webhook;
        let is_untouched = || self.visits.iter().all(|visit| visit.state == State::Running);
        !self.is_ended()
            && match (self.service.revocable, self.stage) {
                (Revocable::Always, _) | (_, Stage::Creation) => true,
                (Revocable::UntilHandled, Stage::New) => false,
                (Revocable::UntilHandled, Stage::Started) => {
                    is_untouched() && !self.running().any(is_automatic)
                }
            }
    }

    /// ITSM's result: over the nodes that the flow has now, which the ticket has entered.
    pub fn approve_result(&self, deleted_nodes: &BTreeSet<u64>) -> bool {
        let mut counted = self.results.iter().filter(|(node, _)| !deleted_nodes.contains(node));
        self.status == "FINISHED" && counted.all(|(_, result)| *result == Some(true))
    }

    /// ITSM's word for the node that a line of the log is about.
    pub fn kind_of(&self, entry: &Entry) -> &'static str {
        match entry.node {
            Some(node) if node == self.service.first_node => "NORMAL",
            Some(node) => self.visit(node).map_or("", |visit| visit.node.kind.word()),
            None => "",
        }
    }

    /// The people who handled the last approval, as the callback names them.
    fn last_approvers(&self) -> String {
        let last = self.last_asked.and_then(|node| self.visit(node));
        last.map(Visit::handlers).unwrap_or_default()
    }

    /// The body of the callback that tells its end.
    pub fn callback_body(&self, token: &str, deleted_nodes: &BTreeSet<u64>) -> String {
        let handled_by = self.end.as_ref().map_or(&self.updated_by, |end| &end.handled_by);
        python::dumps_pairs(&[
            ("title", json!(self.title)),
            ("current_status", json!(self.status)),
            ("sn", json!(self.sn)),
            ("ticket_url", json!(self.url_for_phones())),
            ("update_at", json!(clock::now_with_microseconds())),
            ("updated_by", json!(format!(",{},", handled_by.join(",")))),
            ("approve_result", json!(self.approve_result(deleted_nodes))),
            ("token", json!(token)),
            ("last_approver", json!(self.last_approvers())),
        ])
    }

    /// The id of its rating, which is made when the ticket ends otherwise than by being taken back.
    pub fn comment_id(&self) -> String {
        match &self.end {
            Some(_) if self.status != "REVOKED" => self.id.to_string(),
            _ => String::new(),
        }
    }

    pub fn url(&self) -> String {
        let real = || format!("http://itsm.example.com/#/ticket/detail?id={}", self.id);
        self.page.clone().unwrap_or_else(real)
    }

    /// The address that the callback has.
    fn url_for_phones(&self) -> String {
        let real = || format!("http://itsm.example.com/weixin/#/ticket/{}/", self.id);
        self.page.clone().unwrap_or_else(real)
    }

    fn touched_by(&mut self, user: &str) {
        self.updated_at = clock::now();
        if !user.is_empty() && !self.updated_by.iter().any(|name| name == user) {
            self.updated_by.push(user.to_owned());
        }
    }

    fn write(
        &mut self,
        operator: &str,
        message: String,
        source: &'static str,
        node: Option<u64>,
        form: Value,
    ) -> Entry {
        let entry =
            Entry { operator: operator.to_owned(), at: clock::now(), message, source, node, form };
        self.append(entry.clone());
        entry
    }

    /// The database of the log takes no character beyond the basic plane.
    pub fn append(&mut self, entry: Entry) {
        let written = format!("{}{}", entry.message, entry.form);
        self.log_is_broken |= text::is_beyond_basic_plane(&written);
        if !self.log_is_broken {
            self.log.push(entry);
        }
    }

    /// The fields of a form with their values, as the database has them.
    fn raw(&self, form: &[Field], value: impl Fn(&str) -> Option<Value>) -> Value {
        let filled =
            |field: &Field| Some(field.raw(&value(&field.key)?, self.id, &self.updated_at));
        form.iter().filter_map(filled).collect()
    }

    /// Every field of the ticket with its value: those of its kind, those of the form that made it, and those of
    /// its nodes, which are there before anybody comes to them.
    pub fn all_fields(&self) -> Vec<(Field, Value)> {
        let is_filled = self.stage != Stage::New;
        let of_ticket = |key: &str| match key {
            _ if !is_filled => Value::Null,
            "current_status" => json!(self.status),
            key => self.fields.get(key).cloned().unwrap_or_default(),
        };
        let of_node = |node: &Node, field: &Field| {
            let visit = self.visit(node.id);
            let given = visit.and_then(|visit| visit.values.get(&field.key).cloned());
            given.unwrap_or_else(|| field.preset())
        };
        let base = self.service.base_form().into_iter();
        let made = base.chain(self.service.form()).map(|field| {
            let value = of_ticket(&field.key);
            (field, value)
        });
        let nodes = self.service.nodes.iter().flat_map(|node| {
            let form = node.form().into_iter();
            form.map(move |field| {
                let value = of_node(node, &field);
                (field, value)
            })
        });
        made.chain(nodes).collect()
    }

    /// The worker takes the ticket up, some time after create_ticket has answered: it writes the fields,
    /// through the HTML filter where the server has one.
    pub fn take_up(&mut self, rewrites_texts: bool) {
        if self.stage != Stage::New || self.is_taken_up {
            return;
        }
        self.is_taken_up = true;
        let creator = self.creator.clone();
        self.write(&creator, "流程开始.".into(), "WEB", None, json!({}));
        if self.never_starts {
            return;
        }
        self.stage = Stage::Creation;
        for field in self.service.form() {
            if let Some(value) = self.fields.get_mut(&field.key) {
                *value = field.stored(value, rewrites_texts);
            }
        }
    }

    /// The worker is done with the node where tickets are made, and starts the flow.
    pub fn start(&mut self) -> Ended {
        if self.stage != Stage::Creation {
            return Ended::No;
        }
        // Also where somebody has ended the ticket before: its status stays, and its nodes run.
        self.stage = Stage::Started;
        if let Some(Value::String(title)) = self.fields.get("title") {
            self.title.clone_from(title);
        }
        let creator = self.creator.clone();
        let value = |key: &str| Some(self.fields.get(key).cloned().unwrap_or_default());
        let form = self.raw(&self.service.form(), value);
        let node = Some(self.service.first_node);
        self.write(&creator, format!("{creator} 处理【提单】"), "WEB", node, form);
        self.enter_all(&self.service.starts())
    }

    fn enter_all(&mut self, nodes: &[u64]) -> Ended {
        for &id in nodes {
            let node = self.service.node(id);
            if node.map(|node| self.enter(node)) == Some(Ended::Yes) {
                return Ended::Yes;
            }
        }
        Ended::No
    }

    fn processors_of(&self, node: &Node) -> String {
        let named =
            self.meta.get("state_processors").and_then(|nodes| nodes.get(node.id.to_string()));
        // The server leaves them out of account where people sign off, and where somebody claims first.
        let named = named.filter(|_| node.kind != Kind::SignOff && !node.is_claimed_first);
        let users = match (named, node.by) {
            (Some(users), _) => users,
            (None, By::Field(key)) => self.fields.get(key).unwrap_or(&Value::Null),
            (None, By::People(people)) => return people.to_owned(),
            (None, By::Creator) => return self.creator.clone(),
        };
        match users {
            Value::String(users) => users.trim_end_matches(',').to_owned(),
            Value::Null => String::new(),
            // A list is written as Python writes it, and matches no user.
            other => python::repr(other),
        }
    }

    fn enter(&mut self, node: &'static Node) -> Ended {
        let mut processors = self.processors_of(node);
        if let Some(earlier) = self.visit(node.id) {
            // The ticket comes back: the node keeps its people, and what lies behind it is forgotten.
            if !matches!(node.by, By::Field(_)) {
                processors.clone_from(&earlier.processors);
            }
            let behind = self.service.behind(node.id);
            self.visits
                .retain(|visit| visit.node.id != node.id && !behind.contains(&visit.node.id));
        }
        self.visits.push(Visit {
            node,
            state: State::Running,
            processors: processors.clone(),
            since: clock::now(),
            is_to_be_claimed: node.is_claimed_first,
            handled: Vec::new(),
            values: BTreeMap::new(),
        });
        if matches!(node.kind, Kind::Approval(_) | Kind::SignOff) {
            self.last_asked = Some(node.id);
        }
        match node.kind {
            Kind::Approval(_) => {
                self.results.entry(node.id).or_insert(None);
                let creator = self.creator.clone();
                if node.is_skipped_without_processor && processors.is_empty() {
                    self.approve_by_itself(node, "system", "检测到当前处理人为空，系统自动过单")
                } else if self.service.approves_for_creator
                    && processors.split(',').any(|name| name == creator)
                {
                    self.approve_by_itself(
                        node,
                        &creator,
                        "检测到当前处理人包含提单人，系统自动过单",
                    )
                } else {
                    Ended::No
                }
            }
            Kind::Webhook => self.run_automatic(node),
            Kind::Ending(status) => {
                self.close(status, "system", "节点设置的默认单据状态为结束状态")
            }
            Kind::Marking(status) => {
                self.status = status.to_owned();
                Ended::No
            }
            Kind::SignOff | Kind::Handler => Ended::No,
        }
    }

    fn approve_by_itself(&mut self, node: &'static Node, operator: &str, why: &str) -> Ended {
        let values = filling::on_page(node, true, why, &[]);
        self.handle(node.id, operator, &values, "SYS")
    }

    /// Somebody fills in the form of a running node.
    pub fn handle(
        &mut self,
        node: u64,
        who: &str,
        values: &[(String, Value)],
        source: &'static str,
    ) -> Ended {
        let Some(visit) = self.visit_mut(node).filter(|visit| visit.state == State::Running) else {
            return Ended::No;
        };
        let node = visit.node;
        let form = node.form();
        let value =
            |key: &str| values.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        let decision = form.iter().find(|field| field.definition.is_decision);
        let approved = decision.is_none_or(|field| value(&field.key) == Some(json!("true")));
        visit.handled.retain(|(name, _)| name != who);
        visit.handled.push((who.to_owned(), approved));
        visit.values.extend(values.iter().cloned());
        let is_decided = visit.is_decided();
        let is_yes = visit.handled.iter().all(|(_, yes)| *yes);
        let message = match (decision, approved) {
            (None, _) => format!("{who} 处理【{}】", node.name),
            (_, true) => format!("{who} 已处理【{}】(通过)", node.name),
            (_, false) => format!("{who} 已处理【{}】(拒绝)", node.name),
        };
        if is_decided {
            visit.state = State::Finished;
        }
        if decision.is_some() {
            self.last_asked = Some(node.id);
        }
        let form = self.raw(&form, value);
        self.touched_by(who);
        self.write(who, message, source, Some(node.id), form);
        if !is_decided {
            return Ended::No;
        }
        if !node.kind.is_approval() {
            return self.go_on_from(node);
        }
        // One no is a no, whatever the condition asks for.
        self.results.insert(node.id, Some(is_yes));
        match node.refusal {
            Refusal::Terminates if !is_yes => self.close("TERMINATED", "system", ""),
            Refusal::GoesTo(back) if !is_yes => self.enter_all(&[back]),
            _ => self.go_on_from(node),
        }
    }

    fn go_on_from(&mut self, node: &Node) -> Ended {
        let is_open = |visit: &Visit| matches!(visit.state, State::Running | State::Failed);
        if node.next.is_empty() && !self.visits.iter().any(is_open) {
            return self.finish("FINISHED", "", "流程结束.".into(), "SYS", None, json!({}));
        }
        self.enter_all(node.next)
    }

    fn run_automatic(&mut self, node: &'static Node) -> Ended {
        let fails = std::mem::take(&mut self.automatic_fails);
        if let Some(visit) = self.visit_mut(node.id) {
            visit.state = if fails { State::Failed } else { State::Finished };
        }
        if fails {
            let why = "失败信息 返回状态码非200, response=oops";
            let (creator, message) =
                (self.creator.clone(), format!("WebHook任务【{}】执行失败，{why}", node.name));
            self.write(&creator, message, "AUTOMATIC", Some(node.id), json!([]));
            return Ended::No;
        }
        let sent = json!([{
            "auth": {"auth_config": {}, "auth_type": "none"}, "headers": {"Content-Type": "application/json"},
            "body": {"type": "raw", "raw_type": "JSON", "content": r#"{"sn":"x"}"#},
            "method": "POST", "query_params": {}, "settings": {"timeout": 10}, "success_exp": "",
            "url": "http://itsm.example.com/node",
        }]);
        self.touched_by("system");
        let message = format!("WebHook任务【{}】执行成功", node.name);
        self.write("system", message, "AUTOMATIC", Some(node.id), sent);
        self.go_on_from(node)
    }

    /// A manager tries a failed automatic node again. Without one, there is nothing to try.
    pub fn retry_automatic(&mut self) -> Option<Ended> {
        let mut visits = self.visits.iter();
        let failed = visits.find(|visit| visit.state == State::Failed)?.node;
        (!self.is_ended()).then(|| self.run_automatic(failed))
    }

    /// Hands a running node over to somebody else.
    pub fn hand_over(&mut self, node: &Node, who: &str, to: &str, why: &str, source: &'static str) {
        let name = display_name(to);
        let message = format!("{who} 转单【{}】给 {to}({name})({why}).", node.name);
        self.give_to(node.id, who, to, message, source);
    }

    /// One of a node's people takes it for himself.
    pub fn claim(&mut self, node: &Node, who: &str, source: &'static str) {
        let message = format!("{who} 认领【{}】.", node.name);
        self.give_to(node.id, who, who, message, source);
    }

    /// Gives a running node to others.
    pub fn give_to(
        &mut self,
        node: u64,
        who: &str,
        processors: &str,
        message: String,
        source: &'static str,
    ) {
        if let Some(visit) = self.visit_mut(node) {
            visit.processors = processors.to_owned();
            visit.since = clock::now();
            visit.is_to_be_claimed = false;
            self.touched_by(who);
            self.write(who, message, source, Some(node), json!([]));
        }
    }

    pub fn suspend(&mut self, who: &str, why: &str) {
        self.suspended += 1;
        self.status = "SUSPENDED".into();
        self.touched_by(who);
        self.write(who, format!("{who} 挂起了单据：{why}."), "SYS", None, json!({}));
    }

    /// Suspended twice, it takes two of these.
    pub fn resume(&mut self, who: &str) {
        self.suspended = self.suspended.saturating_sub(1);
        if self.suspended == 0 {
            self.status = "RUNNING".into();
        }
        self.touched_by(who);
        self.write(who, format!("{who} 恢复了单据."), "SYS", None, json!({}));
    }

    /// Changes a field of the form that made the ticket.
    pub fn edit(&mut self, who: &str, field: &Field, value: Value) {
        let before = self.fields.insert(field.key.clone(), value.clone()).unwrap_or_default();
        if let ("title", Value::String(title)) = (field.key.as_str(), &value) {
            self.title.clone_from(title);
        }
        self.touched_by(who);
        let states = [("before", &before), ("after", &value)].map(|(status, value)| {
            let mut raw = field.raw(value, self.id, &self.updated_at);
            raw["value_status"] = json!(status);
            raw
        });
        let message = format!("{who} 修改字段【{}】.", field.definition.name);
        self.write(who, message, "SYS", None, json!(states));
    }

    /// The creator takes it back.
    pub fn withdraw(&mut self, who: &str, source: &'static str) -> Ended {
        let running = self.running().next().map(|visit| visit.node.id);
        let node = running.unwrap_or(self.service.first_node);
        self.finish("REVOKED", who, format!("{who} 撤销单据."), source, Some(node), json!([]))
    }

    /// Somebody, or the server itself, ends it before its flow's end.
    pub fn close(&mut self, status: &str, who: &str, why: &str) -> Ended {
        let message = match why {
            "" => format!("{who} 关闭了单据."),
            why => format!("{who} 关闭了单据：{why}."),
        };
        self.finish(status, who, message, "SYS", None, json!({}))
    }

    /// It ends because the ticket ends under which it was merged.
    pub fn end_with_parent(&mut self, status: &str, entry: Entry) {
        if !self.is_ended() {
            self.append(entry.clone());
            self.set_ended(status, entry);
        }
    }

    fn finish(
        &mut self,
        status: &str,
        operator: &str,
        message: String,
        source: &'static str,
        node: Option<u64>,
        form: Value,
    ) -> Ended {
        if self.is_ended() {
            return Ended::No;
        }
        let entry = self.write(operator, message, source, node, form);
        self.set_ended(status, entry);
        // The server counts itself in other places only.
        if operator != "system" {
            self.touched_by(operator);
        }
        Ended::Yes
    }

    fn set_ended(&mut self, status: &str, entry: Entry) {
        self.status = status.to_owned();
        for visit in &mut self.visits {
            if visit.state == State::Running {
                visit.state = State::Stopped;
            }
        }
        if self.stage == Stage::Creation {
            // The flow is stopped where it is.
            self.stage = Stage::Started;
        }
        self.updated_at = clock::now();
        self.end =
            Some(End { at: self.updated_at.clone(), entry, handled_by: self.updated_by.clone() });
    }
}
