//! Acting on a ticket.

use super::{After, Call, Outcome, Refusal, done, invalid, invalid_member, number};
use crate::filling;
use crate::flow::Node;
use crate::form::Field;
use crate::python;
use crate::ticket::{Ended, MANAGER, Ticket};
use crate::visit::State;
use crate::world::World;
use serde_json::{Value, json};

pub(super) fn operate_ticket(world: &mut World, call: &Call) -> Outcome {
    let ticket = world.ticket(call.text("sn")).ok_or_else(Refusal::no_ticket)?;
    let action = call.text("action_type");
    let operator = call.text("operator");
    let user = match call.text("username") {
        "" => operator,
        user => user,
    };
    match action {
        "WITHDRAW" => {
            if let Some(why) = ticket.why_not_withdrawn(user) {
                return Err(Refusal::sorry(&why));
            }
        }
        "SUSPEND" | "UNSUSPEND" | "TERMINATE" => may_operate(ticket, user)?,
        other => {
            let message = format!("单据操作失败，不支持的操作类型: {other}");
            return Err(Refusal::Number(3_900_004, message));
        }
    }
    if operator.is_empty() {
        return Err(Refusal::invalid("operator", "该字段是必填项。", "required"));
    }
    let message = match call.body.get("action_message") {
        None => return Err(Refusal::crash("'action_message'")),
        Some(message) => message.as_str().unwrap_or_default(),
    };
    if message.trim().is_empty() {
        return Err(Refusal::invalid("action_message", "该字段不能为空。", "blank"));
    }
    if message.chars().count() > 255 {
        let why = "请确保这个字段不能超过 255 个字符。";
        return Err(Refusal::invalid("action_message", why, "max_length"));
    }
    let sn = ticket.sn.clone();
    let ended = world.act(&sn, |ticket| {
        match action {
            "WITHDRAW" => return ticket.withdraw(operator, "API"),
            "TERMINATE" => return ticket.close("TERMINATED", operator, ""),
            "SUSPEND" => ticket.suspend(operator, message),
            _ => ticket.resume(operator),
        }
        Ended::No
    });
    let after = match ended {
        Ended::Yes => After::CallBackInside(sn),
        Ended::No => After::Nothing,
    };
    Ok((json!([]), after))
}

fn may_operate(ticket: &Ticket, user: &str) -> Result<(), Refusal> {
    if ticket.is_ended() {
        return Err(Refusal::sorry("单据已关闭，无法操作"));
    }
    if ticket.parent.is_some() {
        return Err(Refusal::sorry("子单为只读状态，无法操作"));
    }
    if !ticket.may_handle(user) && user != MANAGER {
        return Err(Refusal::sorry(&format!("{user}无权操作该单据")));
    }
    Ok(())
}

fn state_id(call: &Call) -> Option<u64> {
    number(call.body.get("state_id"))
}

pub(super) fn approve(world: &mut World, call: &Call) -> Outcome {
    let ticket = world.ticket(call.text("sn")).ok_or_else(Refusal::no_ticket)?;
    let failed =
        |why: &str| Refusal::Number(3_900_004, format!("单据操作失败: 单据审批失败，{why}"));
    if let Some(Value::String(id)) = call.body.get("state_id")
        && id.parse::<u64>().is_err()
    {
        return Err(Refusal::Crash(format!("Field 'state_id' expected a number but got '{id}'.")));
    }
    let asked = state_id(call).filter(|&id| ticket.service.has_node(id));
    let Some(asked) = asked else {
        return Err(Refusal::crash("Status matching query does not exist."));
    };
    let visit = ticket.visit(asked).filter(|visit| visit.state == State::Running);
    let visit = visit.ok_or_else(|| failed("单据当前状态非RUNNING"))?;
    let node = visit.node;
    if !node.kind.is_approval() {
        return Err(failed(&format!("目标节点{}不是审批节点", node.name)));
    }
    let approver = call.text("approver");
    if !visit.waits_for(approver) {
        return Err(failed(&format!("{approver}不是当前节点的审批人，无法审批")));
    }
    let member = |name: &str| call.body.get(name).cloned().unwrap_or_default();
    let values = filling::over_api(node, &member("action"), &member("remark"));
    let sn = ticket.sn.clone();
    Ok(handle(world, &sn, node, approver, &values))
}

fn handle(
    world: &mut World,
    sn: &str,
    node: &Node,
    who: &str,
    values: &[(String, Value)],
) -> (Value, After) {
    let after = match world.act(sn, |ticket| ticket.handle(node.id, who, values, "API")) {
        Ended::Yes => After::CallBack(sn.to_owned()),
        Ended::No => After::Nothing,
    };
    (json!([]), after)
}

pub(super) fn operate_node(world: &mut World, call: &Call) -> Outcome {
    let ticket = world.ticket_mut(call.text("sn")).ok_or_else(Refusal::no_ticket)?;
    let operator = call.text("operator");
    let visit = state_id(call).and_then(|id| ticket.visit(id));
    let Some(visit) = visit.filter(|visit| visit.state == State::Running) else {
        let id = call.body.get("state_id").map(Value::to_string).unwrap_or_default();
        return Err(Refusal::sorry(&format!("没有找到该节点：{}", id.trim_matches('"'))));
    };
    if ticket.parent.is_some() {
        return Err(Refusal::sorry("子单为只读状态，无法操作"));
    }
    let is_to_be_claimed = visit.is_to_be_claimed;
    if !visit.is_for(operator) && operator != MANAGER {
        let why = format!("{operator}不能操作该节点（没有权限或操作类型不支持）");
        return Err(Refusal::sorry(&why));
    }
    let (node, sn) = (visit.node, ticket.sn.clone());
    let processors = call.text("processors");
    let why = call.text("action_message").trim();
    match call.text("action_type") {
        "TRANSITION" => {
            let values = transition_values(node, call.body.get("fields"))?;
            return Ok(handle(world, &sn, node, operator, &values));
        }
        "TERMINATE" => {
            if node.may_be_terminated {
                let why = "terminate() got an unexpected keyword argument 'source'";
                return Err(Refusal::crash(why));
            }
            let why = format!("指定流程节点【{}】不支持终止操作.", node.name);
            return Err(Refusal::detail(&why));
        }
        "CLAIM" if !is_to_be_claimed => {
            return Err(Refusal::bad_parameter("当前节点无法进行【认领】操作"));
        }
        "CLAIM" => ticket.claim(node, operator, "API"),
        "DELIVER" if why.is_empty() => {
            return Err(Refusal::bad_parameter("转单描述信息不能为空，请重新确认."));
        }
        "DELIVER" | "DISTRIBUTE" if !node.may_be_handed_over => {
            let why = format!("指定流程节点【{}】不支持转单操作.", node.name);
            return Err(Refusal::bad_parameter(why));
        }
        "DELIVER" => ticket.hand_over(node, operator, processors, why, "API"),
        "DISTRIBUTE" => {
            let message = format!("{operator} 分配【{}】给：{processors}.", node.name);
            ticket.give_to(node.id, operator, processors, message, "API");
        }
        _ => {
            let body = ["action_type", "processors", "processors_type"]
                .map(|name| invalid_member(name, "该字段是必填项。", "required"));
            return Err(Refusal::Crash(format!("{{{}}}", body.join(", "))));
        }
    }
    done()
}

/// What the action's `fields` fill in: every field of the node's form, the ones that were not sent with nothing.
fn transition_values(node: &Node, fields: Option<&Value>) -> Result<Vec<(String, Value)>, Refusal> {
    let Some(Value::Array(fields)) = fields else {
        return Err(Refusal::invalid("fields", "该字段是必填项。", "required"));
    };
    let is_null = |field: &Value| field.get("value").is_none_or(Value::is_null);
    if fields.iter().any(is_null) {
        let why = |field: &Value| match is_null(field) {
            true => invalid("value", "该字段不能为 null。", "null"),
            false => "{}".into(),
        };
        let whys: Vec<_> = fields.iter().map(why).collect();
        return Err(Refusal::Crash(format!("{{'fields': [{}]}}", whys.join(", "))));
    }
    let sent = |key: &str| {
        fields.iter().find(|field| field["key"] == key).map(|field| field["value"].clone())
    };
    let form = node.form();
    let missing = form
        .iter()
        .rev()
        .filter(|field| field.definition.is_required && sent(&field.key).is_none());
    let missing: Vec<_> = missing.map(|field| format!("'{}'", field.key)).collect();
    if !missing.is_empty() {
        return Err(Refusal::bad_parameter(format!(
            "单据处理失败，缺少参数：[{}]",
            missing.join(", ")
        )));
    }
    let is_wrong_choice = |field: &&Field| {
        let choices = field.definition.choices;
        !choices.is_empty()
            && sent(&field.key).is_some_and(|value| !choices.iter().any(|(key, _)| value == *key))
    };
    if let Some(field) = form.iter().find(is_wrong_choice) {
        let why = format!("【{}】选项不匹配，请重新选择", field.definition.name);
        return Err(Refusal::invalid("fields", &why, "invalid"));
    }
    let filled = form.into_iter().map(|field| {
        let value = sent(&field.key).unwrap_or(json!(""));
        (field.key, value)
    });
    Ok(filled.collect())
}

pub(super) fn comment(world: &mut World, call: &Call) -> Outcome {
    call.wants(&["operator", "sn", "stars"])?;
    let operator = call.text("operator");
    if operator.trim().is_empty() {
        return Err(Refusal::invalid("operator", "该字段不能为空。", "blank"));
    }
    if operator.chars().count() > 16 {
        let why = "请确保这个字段不能超过 16 个字符。";
        return Err(Refusal::invalid("operator", why, "max_length"));
    }
    let stars = match call.body.get("stars") {
        Some(Value::Null) => {
            return Err(Refusal::invalid("stars", "该字段不能为 null。", "null"));
        }
        Some(Value::Number(stars)) => stars.as_i64(),
        Some(Value::String(stars)) => stars.trim().parse().ok(),
        _ => None,
    };
    let stars = match stars {
        None => {
            return Err(Refusal::invalid("stars", "请填写合法的整数值。", "invalid"));
        }
        Some(..1) => {
            let why = "请确保该值大于或者等于 1。";
            return Err(Refusal::invalid("stars", why, "min_value"));
        }
        Some(7..) => {
            let why = "请确保该值小于或者等于 6。";
            return Err(Refusal::invalid("stars", why, "max_value"));
        }
        Some(stars) => stars,
    };
    let sn = call.text("sn");
    let Some(ticket) = world.ticket_mut(sn) else {
        return Err(Refusal::bad_parameter(format!("sn={sn}对应的单据不存在!")));
    };
    if ticket.status != "FINISHED" {
        return Err(Refusal::bad_parameter("单据未结束，不允许评价!"));
    }
    if ticket.stars != 0 {
        return Err(Refusal::bad_parameter("该单据已经被评论，请勿重复评论"));
    }
    if !call.body.contains_key("comments") {
        // They may be left out, says the check, and the server's code wants them all the same.
        return Err(Refusal::crash("'comments'"));
    }
    ticket.stars = stars.unsigned_abs();
    done()
}

pub(super) fn add_follower(world: &mut World, call: &Call) -> Outcome {
    let sn = call.text("sn");
    // The users are looked at before the ticket.
    let users = match call.body.get("users").unwrap_or(&Value::Null) {
        Value::String(users) => users,
        other => return Err(Refusal::no_attribute(other, "split")),
    };
    let Some(ticket) = world.ticket_mut(sn) else {
        return Err(Refusal::bad_parameter(format!("sn[{sn}]对应的单据不存在！")));
    };
    for user in users.split(',') {
        if call.body.get("attention").is_some_and(python::truth) {
            ticket.followers.insert(user.to_owned());
        } else {
            ticket.followers.remove(user);
        }
    }
    done()
}

pub(super) fn edit_field(world: &mut World, call: &Call) -> Outcome {
    let Some(Value::Array(fields)) = call.body.get("fields") else {
        return Err(Refusal::crash("'NoneType' object is not iterable"));
    };
    let sn = call.text("sn");
    let Some(ticket) = world.ticket_mut(sn) else {
        return Err(Refusal::Invalid(format!("ticket_id = {sn} 对应的单据不存在！")));
    };
    if matches!(ticket.status.as_str(), "FINISHED" | "TERMINATED" | "REVOKED") {
        return Err(Refusal::Invalid(format!(
            "current_status = {} 当前状态不可修改字段！",
            ticket.status
        )));
    }
    let form = ticket.service.form();
    // One that is wrong undoes those before it.
    let mut changes = Vec::new();
    for field in fields {
        let key = field.get("key").and_then(Value::as_str).unwrap_or_default();
        let Some(known) = form.iter().find(|field| field.key == key) else {
            let why = format!("参数验证失败: 未找到提单节点找到对应的字段, key={key}");
            return Err(Refusal::Word("FORM_VALIDATE_ERROR", why));
        };
        if field.get("type").is_none() {
            return Err(Refusal::crash("'type'"));
        }
        let value = field.get("value").cloned().unwrap_or_default();
        changes.push((known, known.stored(&value, false)));
    }
    for (field, value) in changes {
        ticket.edit(call.text("operator"), field, value);
    }
    done()
}

/// The action for flows whose approval an outside system decides. It decides others, too.
pub(super) fn proceed_approval(world: &mut World, call: &Call) -> Outcome {
    call.wants(&["activity", "submit_action", "handler"])?;
    let sn = call.text("process_inst_id");
    let Some(ticket) = world.ticket(sn) else {
        return Err(Refusal::detail(&format!("process_inst_id = {sn} 对应的单据不存在！")));
    };
    let asked = number(call.body.get("activity"));
    let Some(visit) = asked.and_then(|id| ticket.visit(id)) else {
        return Err(Refusal::crash("Status matching query does not exist."));
    };
    let handler = call.text("handler");
    if !visit.waits_for(handler) {
        let why = format!("单据操作失败: 单据审批失败，{handler}不是当前节点的审批人，无法审批");
        return Err(Refusal::Number(3_900_004, why));
    }
    let member = |name: &str| call.body.get(name).cloned().unwrap_or_default();
    let node = visit.node;
    let values = filling::over_api(node, &member("submit_action"), &member("submit_opinion"));
    let sn = ticket.sn.clone();
    Ok(handle(world, &sn, node, handler, &values))
}
