//! Finding tickets.

use super::{Call, Outcome, Refusal, data};
use crate::Tags;
use crate::fault::Fault;
use crate::python;
use crate::ticket::Ticket;
use crate::visit::Visit;
use crate::world::World;
use serde_json::{Value, json};

/// A ticket as lists show it.
pub(super) fn row(ticket: &Ticket) -> Value {
    json!({
        "id": ticket.id, "sn": ticket.sn, "title": ticket.title, "catalog_id": ticket.service.catalog_id,
        "service_id": ticket.service.id, "service_type": "request", "flow_id": ticket.service.id,
        "current_status": ticket.status, "comment_id": "", "is_commented": ticket.stars > 0,
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
    if ![
        "create_at__gte",
        "create_at__lte",
        "end_at__gte",
        "end_at__lte",
    ]
    .iter()
    .all(is_date)
    {
        let why = "“%(value)s”的值有一个错误的日期格式。它的格式应该是YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] ";
        return Err(Refusal::crash(why));
    }
    let is_in = |name: &str, value: Value| match truthy(name) {
        None => true,
        Some(Value::Array(allowed)) => allowed.contains(&value),
        Some(_) => false,
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
            ticket
                .tag
                .as_ref()
                .is_some_and(|tag| tag.to_lowercase() == wanted)
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
            && is_in("service_id__in", json!(ticket.service.id))
            && is_in("bk_biz_id__in", json!(-1))
            && is_in("current_status__in", json!(ticket.status))
            && at_least("create_at__gte", Some(&ticket.created_at))
            && at_most("create_at__lte", Some(&ticket.created_at))
            && at_least("end_at__gte", ticket.ended_at())
            && at_most("end_at__lte", ticket.ended_at())
            && has_tag(ticket)
            && truthy("username")
                .and_then(Value::as_str)
                .is_none_or(|user| waits_for(ticket, user))
    });
    let setting = |name: &str| {
        let in_body = call.body.get(name).cloned();
        in_body.or_else(|| call.query.get(name).map(|text| json!(text)))
    };
    paginate(found.collect(), setting("page"), setting("page_size"), row)
}

/// Whether a list of numbers names a ticket. The server's database compares them without case.
pub(super) fn names(sns: &[Value], ticket: &Ticket) -> bool {
    let mut sns = sns.iter().filter_map(Value::as_str);
    sns.any(|sn| ticket.sn.eq_ignore_ascii_case(sn))
}

/// Pages, with all their traps: no page beyond the last, and a bare list for odd sizes.
fn paginate(
    found: Vec<&Ticket>,
    page: Option<Value>,
    page_size: Option<Value>,
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
    data(json!({
        "page": page, "total_page": pages, "count": found.len(), "next": null, "previous": null, "items": items,
    }))
}

pub(super) fn get_tickets_by_user(world: &mut World, call: &Call) -> Outcome {
    let Some(user) = call
        .query
        .get("username")
        .or_else(|| call.query.get("user"))
    else {
        return Err(Refusal::bad_parameter("user 为必填项"));
    };
    let Some(view) = call.query.get("view_type") else {
        return Err(Refusal::invalid(
            "view_type",
            "该字段是必填项。",
            "required",
        ));
    };
    let has_handled = |ticket: &Ticket| {
        let is_behind_first = |node: u64| node != ticket.service.first_node;
        let mut log = ticket.log.iter();
        log.any(|entry| entry.operator == *user && entry.node.is_some_and(is_behind_first))
    };
    let waits_for_approval = |ticket: &Ticket| {
        let is_approval = |visit: &Visit| visit.node.kind.is_approval() && visit.waits_for(user);
        ticket.parent.is_none() && ticket.visits.iter().any(is_approval)
    };
    let is_in_view: &dyn Fn(&Ticket) -> bool = match view.as_str() {
        "my_todo" => &|ticket| ticket.may_handle(user),
        "my_approval" => &waits_for_approval,
        "my_created" => &|ticket| ticket.creator == *user,
        // What waits is counted as dealt with.
        "my_dealt" => &|ticket| ticket.updated_by.contains(user) || ticket.may_handle(user),
        "my_history" => &|ticket| ticket.is_ended() && has_handled(ticket),
        "my_attention" => &|ticket| ticket.followers.contains(user),
        other => {
            let why = format!("“{other}” 不是合法选项。");
            return Err(Refusal::invalid("view_type", &why, "invalid_choice"));
        }
    };
    let found = world
        .tickets
        .iter()
        .rev()
        .filter(|ticket| is_in_view(ticket));
    let row = |ticket: &Ticket| {
        let processors = ticket.running().map(|visit| visit.processors.as_str());
        let processors: Vec<_> = processors.filter(|names| !names.is_empty()).collect();
        let processors = match processors.join(",") {
            nobody if nobody.is_empty() => nobody,
            names => format!(",{names},"),
        };
        json!({
            "sn": ticket.sn, "id": ticket.id, "title": ticket.title, "service_id": ticket.service.id,
            "service_type": "request", "meta": {}, "bk_biz_id": -1, "current_status": ticket.status,
            "create_at": ticket.created_at, "creator": ticket.creator, "project_key": ticket.service.project_key,
            "current_processors": processors, "service_name": ticket.service.name, "current_steps": [],
            "waiting_approve": waits_for_approval(ticket), "followers": ticket.followers, "comment_id": "",
        })
    };
    let setting = |name: &str| call.query.get(name).map(|text| json!(text));
    paginate(found.collect(), setting("page"), setting("page_size"), row)
}
