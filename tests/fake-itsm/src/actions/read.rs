//! Reading a ticket.

use super::{Call, Outcome, Refusal, data, search};
use crate::fault::Fault;
use crate::flow::{Kind, Node};
use crate::form::Field;
use crate::python;
use crate::ticket::{Stage, Ticket};
use crate::visit::{State, Visit};
use crate::world::World;
use serde_json::{Value, json};

fn asked<'a>(world: &'a World, call: &Call) -> Result<&'a Ticket, Refusal> {
    world.ticket(call.parameter("sn")).ok_or_else(Refusal::no_ticket)
}

fn operation(key: &str, name: &str) -> Value {
    json!({"key": key, "name": name, "can_operate": true})
}

/// The nodes that run. One that failed is left out.
fn steps(ticket: &Ticket) -> Vec<(Value, Vec<Field>, Option<&'static Node>)> {
    let step = |name: &str, state_id: u64, kind: &str, processors: &str| {
        json!({
            "name": name, "state_id": state_id, "status": "RUNNING", "action_type": "TRANSITION", "tag": "DEFAULT",
            "processors_type": kind, "processors": processors,
        })
    };
    if ticket.stage == Stage::Creation {
        let service = ticket.service;
        let creation = step("提单", service.first_node, "OPEN", "");
        return vec![(creation, service.form(), None)];
    }
    let of_visit = |visit: &Visit| {
        let node = visit.node;
        (step(node.name, node.id, "PERSON", &visit.processors), node.form(), Some(node))
    };
    ticket.running().map(of_visit).collect()
}

pub(super) fn status(world: &mut World, call: &Call) -> Outcome {
    let ticket = asked(world, call)?;
    let mut operations = Vec::new();
    if ticket.can_be_withdrawn() {
        operations.push(operation("WITHDRAW", "撤单"));
    }
    match ticket.status.as_str() {
        "RUNNING" => operations.push(operation("SUSPEND", "挂起")),
        "SUSPENDED" => operations.push(operation("UNSUSPEND", "恢复")),
        _ => {}
    }
    let with_form = |(mut step, form, node): (Value, Vec<Field>, Option<&Node>)| {
        let mut operations = vec![operation("TRANSITION", "提交"), operation("SUSPEND", "挂起")];
        if node.is_some_and(|node| node.may_be_handed_over) {
            operations.push(operation("DELIVER", "转单"));
        }
        if node.is_some_and(|node| node.may_be_terminated) {
            operations.push(operation("TERMINATE", "终止"));
        }
        step["fields"] = form.iter().map(Field::asked).collect();
        step["operations"] = json!(operations);
        step
    };
    let steps: Vec<_> = steps(ticket).into_iter().map(with_form).collect();
    data(json!({
        "ticket_url": ticket.url(),
        "iframe_ticket_url": format!("http://itsm.example.com/#/ticket/detail-iframe?id={}", ticket.id),
        "operations": operations, "current_status": ticket.status, "current_steps": steps,
        "is_commented": ticket.stars > 0,
    }))
}

pub(super) fn info(world: &mut World, call: &Call) -> Outcome {
    let ticket = asked(world, call)?;
    // The worker makes the fields, and fills them in later.
    let fields = ticket
        .all_fields()
        .into_iter()
        .filter(|_| ticket.is_taken_up)
        .map(|(field, value)| field.filled(&value));
    let mut row = search::row(ticket);
    if let Value::Object(row) = &mut row {
        row.remove("service_type");
    }
    row["fields"] = fields.collect();
    row["current_steps"] = steps(ticket).into_iter().map(|(step, ..)| step).collect();
    data(row)
}

pub(super) fn logs(world: &mut World, call: &Call) -> Outcome {
    let ticket = asked(world, call)?;
    let is_complex = call.parameter("show_type") == "complex";
    let lines = ticket.log.iter().map(|entry| match is_complex {
        true => entry.complex(ticket.kind_of(entry)),
        false => entry.simple(),
    });
    data(json!({
        "sn": ticket.sn, "title": ticket.title, "create_at": ticket.created_at, "creator": ticket.creator,
        "logs": lines.collect::<Vec<_>>(),
    }))
}

pub(super) fn approval_result(world: &mut World, call: &Call) -> Outcome {
    let sns = match call.body.get("sn") {
        None | Some(Value::Null) => {
            return Err(Refusal::crash("'NoneType' object is not iterable"));
        }
        Some(Value::Array(sns)) if sns.is_empty() => {
            return Err(Refusal::crash("wrong number of arguments for 'hdel' command"));
        }
        Some(Value::Array(sns)) => sns,
        // A text is a list of its characters, none of which is a number.
        Some(_) => return data(json!([])),
    };
    if let Some(wrong) = sns.iter().find(|sn| matches!(sn, Value::Bool(_) | Value::Null)) {
        let kind = python::type_name(wrong);
        return Err(Refusal::Crash(format!(
            "Invalid input of type: '{kind}'. Convert to a bytes, string, int or float first."
        )));
    }
    // Whoever they belong to.
    for sn in sns.iter().filter_map(Value::as_str) {
        world.failed.remove(sn);
    }
    if call.has(&Fault::ResultNotVisible) {
        return data(json!([]));
    }
    let asked = world.tickets.iter().rev().filter(|ticket| search::names(sns, ticket));
    let row = |ticket: &Ticket| {
        json!({
            "sn": ticket.sn, "title": ticket.title, "ticket_url": ticket.url(), "current_status": ticket.status,
            "updated_by": ticket.updated_by.join(","), "update_at": ticket.updated_at,
            "approve_result": world.approve_result(ticket),
        })
    };
    data(asked.map(row).collect())
}

/// The ticket and the node that a query asks for.
fn ticket_and_node<'a>(world: &'a World, call: &Call) -> Result<(&'a Ticket, u64), Refusal> {
    let sn = call.parameter("sn");
    let node = call.parameter("state_id").parse().unwrap_or_default();
    match world.ticket(sn) {
        Some(ticket) => Ok((ticket, node)),
        None => Err(Refusal::bad_parameter(format!("sn[{sn}]对应的单据不存在！"))),
    }
}

pub(super) fn approvers(world: &mut World, call: &Call) -> Outcome {
    let (ticket, node) = ticket_and_node(world, call)?;
    let approvers = ticket.visit(node).map(Visit::handlers).unwrap_or_default();
    data(json!({"approver": approvers}))
}

pub(super) fn fast_approval_summary(world: &mut World, call: &Call) -> Outcome {
    let (ticket, _) = ticket_and_node(world, call)?;
    data(json!({"summary": ticket.title}))
}

pub(super) fn node_result(world: &mut World, call: &Call) -> Outcome {
    let (ticket, node) = ticket_and_node(world, call)?;
    let refused =
        |why: &str| Err(Refusal::bad_parameter(format!("sn[{}], state[{node}] {why}", ticket.sn)));
    if node == ticket.service.first_node && ticket.stage == Stage::Started {
        // The node where tickets are made is finished like others, and a text of its form passes for a remark.
        let form = ticket.service.form();
        let mut texts = form
            .iter()
            .filter(|field| field.definition.kind == "TEXT" && field.definition.is_required);
        let remark = texts.next_back().and_then(|field| ticket.fields.get(&field.key));
        return data(json!({
            "name": "提单", "processed_user": ticket.creator, "approve_result": false,
            "approve_remark": remark.unwrap_or(&json!("")),
        }));
    }
    let Some(visit) = ticket.visit(node) else {
        return refused("未查到对应的节点状态");
    };
    if visit.state != State::Finished {
        return refused("当前节点状态为非结束状态");
    }
    // Any choice that holds a yes is taken for the decision, and of a countersign the last word.
    let form = visit.node.form();
    let value = |field: &Field| visit.values.get(&field.key).cloned().unwrap_or_default();
    let is_yes = |field: &Field| field.definition.kind == "RADIO" && value(field) == "true";
    let approved = form.iter().any(is_yes);
    let is_remark = |field: &&Field| {
        field.definition.kind == "TEXT" && field.definition.is_required != approved
    };
    let remark = form.iter().rfind(is_remark).map_or(json!(""), value);
    let by_system = visit.node.kind == Kind::Webhook;
    let who = if by_system { String::new() } else { visit.handlers() };
    data(json!({
        "name": visit.node.name, "processed_user": who, "approve_result": approved, "approve_remark": remark,
    }))
}
