//! Finding tickets.

use super::{Call, Outcome, Refusal, data};
use crate::Tags;
use crate::fault::Fault;
use crate::form::Definition;
use crate::python;
use crate::ticket::{Stage, Ticket};
use crate::visit::Visit;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A ticket as lists show it.
pub(super) fn row(ticket: &Ticket) -> Value {
    json!({
        "id": ticket.id, "sn": ticket.sn, "title": ticket.title, "catalog_id": ticket.service.catalog_id,
        "service_id": ticket.service.id, "service_type": ticket.service.kind.word(), "flow_id": ticket.service.id,
        "current_status": ticket.status, "comment_id": ticket.comment_id(), "is_commented": ticket.stars > 0,
        "updated_by": ticket.updated_by.join(","), "update_at": ticket.updated_at, "end_at": ticket.ended_at(),
        "creator": ticket.creator, "create_at": ticket.created_at, "bk_biz_id": -1, "ticket_url": ticket.url(),
        "iframe_ticket_url": format!("http://itsm.example.com/#/ticket/detail-iframe?id={}", ticket.id),
    })
}

pub(super) fn get_tickets(world: &mut World, call: &Call) -> Outcome {
    let truthy = |name: &str| call.body.get(name).filter(|value| python::truth(value));
    let is_date = |name: &&str| {
        let at = truthy(name).and_then(Value::as_str);
        at.is_none_or(|at| at.starts_with("20"))
    };
    if !["create_at__gte", "create_at__lte", "end_at__gte", "end_at__lte"].iter().all(is_date) {
        let why = "“%(value)s”的值有一个错误的日期格式。它的格式应该是YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] ";
        return Err(Refusal::crash(why));
    }
    let listed = |name: &str, is_number: bool| match truthy(name) {
        None => Ok(None),
        Some(list) => items(name, list, is_number).map(Some),
    };
    let services = listed("service_id__in", true)?;
    let businesses = listed("bk_biz_id__in", true)?;
    let statuses = listed("current_status__in", false)?;
    let is_in = |list: &Option<Vec<String>>, value: &str| {
        list.as_ref().is_none_or(|list| list.iter().any(|item| item == value))
    };
    let equals = |name: &str, value: &str| truthy(name).is_none_or(|wanted| wanted == value);
    let at_least = |name: &str, value: Option<&str>| {
        truthy(name).is_none_or(|limit| {
            value.is_some_and(|value| value >= limit.as_str().unwrap_or_default())
        })
    };
    let at_most = |name: &str, value: Option<&str>| {
        truthy(name).is_none_or(|limit| {
            value.is_some_and(|value| value <= limit.as_str().unwrap_or_default())
        })
    };
    let filters_by_tag = world.tags != Tags::Ignored && !call.has(&Fault::TagsIgnored);
    let has_tag = |ticket: &Ticket| match truthy("tag").and_then(Value::as_str) {
        Some(wanted) if filters_by_tag => {
            let wanted = wanted.to_lowercase();
            ticket.tag.as_ref().is_some_and(|tag| tag.to_lowercase() == wanted)
        }
        _ => true,
    };
    // The filter by project came in the same release that stores tags.
    let filters_by_project = world.tags == Tags::Stored;
    let is_of_project =
        |ticket: &Ticket| !filters_by_project || equals("project_key", ticket.service.project_key);
    let is_named = |ticket: &Ticket| match truthy("sns") {
        None => true,
        Some(Value::Array(sns)) => names(sns, ticket),
        Some(_) => false,
    };
    let waits_for =
        |ticket: &Ticket, user: &str| ticket.status == "RUNNING" && ticket.may_handle(user);
    let found = world.tickets.iter().rev().filter(|ticket| {
        is_named(ticket)
            && equals("creator", &ticket.creator)
            && is_of_project(ticket)
            && is_in(&services, &ticket.service.id.to_string())
            && is_in(&businesses, "-1")
            && is_in(&statuses, &ticket.status)
            && at_least("create_at__gte", Some(&ticket.created_at))
            && at_most("create_at__lte", Some(&ticket.created_at))
            && at_least("end_at__gte", ticket.ended_at())
            && at_most("end_at__lte", ticket.ended_at())
            && has_tag(ticket)
            && truthy("username").and_then(Value::as_str).is_none_or(|user| waits_for(ticket, user))
    });
    let setting = |name: &str| {
        let in_body = call.body.get(name).cloned();
        in_body.or_else(|| call.query.get(name).map(|text| json!(text)))
    };
    let address = Address { path: "/openapi/ticket/get_tickets/", query: call.query };
    let (page, size) = (setting("page"), setting("page_size"));
    paginate(found.collect(), page, size, &address, row)
}

/// What a filter lists, as texts. A text is the list of its characters.
fn items(name: &str, list: &Value, is_number: bool) -> Result<Vec<String>, Refusal> {
    let item = |item: &Value| match item {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let items: Vec<_> = match list {
        Value::Array(list) => list.iter().filter(|one| !one.is_null()).map(item).collect(),
        Value::String(text) => text.chars().map(String::from).collect(),
        Value::Object(members) => members.keys().cloned().collect(),
        other => {
            let kind = python::type_name(other);
            return Err(Refusal::Crash(format!("'{kind}' object is not iterable")));
        }
    };
    let wrong = items.iter().find(|item| item.parse::<i64>().is_err());
    match wrong.filter(|_| is_number) {
        None => Ok(items),
        Some(item) => {
            let field = name.trim_end_matches("__in");
            Err(Refusal::Crash(format!("Field '{field}' expected a number but got '{item}'.")))
        }
    }
}

/// Whether a list of numbers names a ticket. The server's database compares them without case.
pub(super) fn names(sns: &[Value], ticket: &Ticket) -> bool {
    let mut sns = sns.iter().filter_map(Value::as_str);
    sns.any(|sn| ticket.sn.eq_ignore_ascii_case(sn))
}

/// Where a list was asked for, for the addresses of its other pages.
struct Address<'a> {
    path: &'static str,
    query: &'a BTreeMap<String, String>,
}

impl Address<'_> {
    /// The address of another page. The first one is the one without a page.
    fn of_page(&self, page: i64) -> String {
        let mut query = self.query.clone();
        query.remove("page");
        if page > 1 {
            query.insert("page".into(), page.to_string());
        }
        let pairs: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        format!("http://itsm.example.com{}{mark}{}", self.path, pairs.join("&"))
    }
}

/// Pages, with all their traps: no page beyond the last, and a bare list for odd sizes.
fn paginate(
    found: Vec<&Ticket>,
    page: Option<Value>,
    page_size: Option<Value>,
    address: &Address,
    row: impl Fn(&Ticket) -> Value,
) -> Outcome {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64().map(|number| number as i64),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let size = match &page_size {
        None => 10,
        Some(Value::Null) => {
            return Err(Refusal::crash(
                "int() argument must be a string, a bytes-like object or a number, not 'NoneType'",
            ));
        }
        Some(size) => number(size).unwrap_or(0).min(10_000),
    };
    if size <= 0 {
        return data(found.into_iter().map(row).collect());
    }
    let pages = (found.len() as i64 + size - 1).max(size) / size;
    let page = page.map_or(Some(1), |page| number(&page));
    let Some(page) = page.filter(|page| (1..=pages).contains(page)) else {
        return Err(Refusal::crash("无效页。"));
    };
    let skipped = ((page - 1) * size) as usize;
    let items = found.iter().skip(skipped).take(size as usize);
    let items: Vec<_> = items.map(|ticket| row(ticket)).collect();
    let next = (page < pages).then(|| address.of_page(page + 1));
    let previous = (page > 1).then(|| address.of_page(page - 1));
    data(json!({
        "page": page, "total_page": pages, "count": found.len(), "next": next, "previous": previous, "items": items,
    }))
}

pub(super) fn get_tickets_by_user(world: &mut World, call: &Call) -> Outcome {
    let Some(user) = call.query.get("username").or_else(|| call.query.get("user")) else {
        return Err(Refusal::bad_parameter("user 为必填项"));
    };
    let Some(view) = call.query.get("view_type") else {
        return Err(Refusal::invalid("view_type", "该字段是必填项。", "required"));
    };
    // Whoever made a ticket has not dealt with it by that.
    let has_handled = |ticket: &Ticket| ticket.updated_by.contains(user) && ticket.creator != *user;
    let waits_for_approval = |ticket: &Ticket| {
        let is_approval = |visit: &Visit| visit.node.kind.is_approval() && visit.waits_for(user);
        ticket.parent.is_none() && ticket.visits.iter().any(is_approval)
    };
    let is_in_view: &dyn Fn(&Ticket) -> bool = match view.as_str() {
        "my_todo" => &|ticket| ticket.may_handle(user),
        "my_approval" => &waits_for_approval,
        "my_created" => &|ticket| ticket.creator == *user,
        // What waits is counted as dealt with.
        "my_dealt" => &|ticket| has_handled(ticket) || ticket.may_handle(user),
        "my_history" => &has_handled,
        "my_attention" => &|ticket| ticket.followers.contains(user),
        other => {
            let why = format!("“{other}” 不是合法选项。");
            return Err(Refusal::invalid("view_type", &why, "invalid_choice"));
        }
    };
    let found = world.tickets.iter().rev().filter(|ticket| is_in_view(ticket));
    let row = |ticket: &Ticket| {
        let is_approver = waits_for_approval(ticket) && ticket.status != "SUSPENDED";
        user_row(ticket, user, is_approver)
    };
    let setting = |name: &str| call.query.get(name).map(|text| json!(text));
    let address = Address { path: "/openapi/ticket/get_tickets_by_user/", query: call.query };
    let (page, size) = (setting("page"), setting("page_size"));
    paginate(found.collect(), page, size, &address, row)
}

/// A ticket as the lists of a user show it.
fn user_row(ticket: &Ticket, user: &str, waiting_approve: bool) -> Value {
    let service = ticket.service;
    let processors = ticket.running().map(|visit| visit.processors.as_str());
    let processors: Vec<_> = processors.filter(|names| !names.is_empty()).collect();
    let processors = match processors.join(",") {
        nobody if nobody.is_empty() => nobody,
        names => format!(",{names},"),
    };
    let mut meta = ticket.meta.clone();
    meta.remove("callback_url");
    meta.remove("headers");
    let is_creator = ticket.creator == user;
    let comment_id = match is_creator {
        true => ticket.comment_id(),
        false => "-1".into(),
    };
    let mut row = json!({
        "sn": ticket.sn, "id": ticket.id, "title": ticket.title, "service_id": service.id,
        "service_type": service.kind.word(), "meta": meta, "bk_biz_id": -1, "current_status": ticket.status,
        "create_at": ticket.created_at.replace(' ', "T"), "creator": ticket.creator,
        "is_supervise_needed": false, "flow_id": service.id, "supervise_type": "EMPTY", "supervisor": "",
        "project_key": service.project_key, "current_processors": processors,
    });
    let status = Definition::STATUS;
    let status = status.choices.iter().find(|(key, _)| ticket.status == *key);
    if ticket.stage == Stage::New {
        // Without a node, the server fails at what it computes, and leaves it out.
        if !is_creator {
            row["comment_id"] = json!(comment_id);
        }
        return row;
    }
    let step = |visit: &Visit| {
        json!({
            "id": visit.node.id, "tag": "DEFAULT", "name": visit.node.name, "state_id": visit.node.id,
            "type": visit.node.kind.word(),
        })
    };
    row["create_at"] = json!(ticket.created_at);
    row["service_name"] = json!(service.name);
    row["current_status_display"] = json!(status.map_or("--", |(_, name)| name));
    let in_creation = ticket.stage == Stage::Creation;
    row["current_steps"] = match in_creation {
        true => {
            let id = service.first_node;
            json!([{"id": id, "tag": "DEFAULT", "name": "提单", "state_id": id, "type": "NORMAL"}])
        }
        false => ticket.running().map(step).collect(),
    };
    row["priority_name"] = json!("--");
    row["can_comment"] = json!(is_creator && ticket.status == "FINISHED" && ticket.stars == 0);
    row["can_operate"] = json!(false);
    row["waiting_approve"] = json!(waiting_approve);
    row["followers"] = json!(ticket.followers);
    row["comment_id"] = json!(comment_id);
    row["can_supervise"] = json!(false);
    // This list asks for a node that is finished, and get_ticket_status does not.
    row["can_withdraw"] = json!(ticket.can_be_withdrawn() && !in_creation);
    row["sla"] = json!([]);
    row["sla_color"] = json!("");
    row
}
