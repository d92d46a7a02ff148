//! Making tickets.

use super::{After, Call, Outcome, Refusal, invalid, invalid_member, number};
use crate::Tags;
use crate::fault::Fault;
use crate::flow::{FAST_APPROVAL, Offer, Service};
use crate::python;
use crate::text;
use crate::ticket::Ticket;
use crate::world::World;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn create_ticket(world: &mut World, call: &Call) -> Outcome {
    let service = service(world, call.body)?;
    let creator = creator(call.body)?;
    let tag = tag(call.body)?;
    if call.text("title").chars().count() > 64 {
        let why = "请确保这个字段不能超过 64 个字符。";
        return Err(Refusal::invalid("title", why, "max_length"));
    }
    let fields = fields(call.body)?;
    let meta = match call.body.get("meta") {
        None => Map::new(),
        Some(Value::Object(meta)) => meta.clone(),
        Some(other) => return Err(Refusal::no_attribute(other, "get")),
    };
    let title = check_form(service, &fields)?;
    if creator.chars().count() > 64 {
        return Err(Refusal::crash("(1406, \"Data too long for column 'creator' at row 1\")"));
    }
    if tag.as_ref().is_some_and(|tag| tag.chars().count() > 32) {
        return Err(Refusal::crash("(1406, \"Data too long for column 'tag' at row 1\")"));
    }
    if text::is_beyond_basic_plane(&title) {
        return Err(Refusal::crash(
            "(1366, \"Incorrect string value: '\\\\xF0\\\\x9F\\\\x9A\\\\x80' for column `bk_itsm`.`ticket_ticket`.`title` at row 1\")",
        ));
    }
    check_processors(service, &meta)?;
    if let Some(id) = call.body.get("from_ticket_id").filter(|id| !id.is_null()) {
        let is_known = |ticket: &Ticket| Some(ticket.id) == id.as_u64();
        if !world.tickets.iter().any(is_known) {
            let why = "单据不存在，请联系管理员！";
            return Err(Refusal::invalid("单据", why, "invalid"));
        }
    }

    let (id, sn) = world.new_number(service.kind);
    let sn = match world.tickets.last() {
        // Nothing in the database makes numbers unique.
        Some(last) if call.has(&Fault::DuplicateSn) => last.sn.clone(),
        _ => sn,
    };
    let mut ticket = Ticket::new(id, sn.clone(), service, creator);
    ticket.title = title;
    let stores_tag = world.tags == Tags::Stored && !call.has(&Fault::TagNotStored);
    ticket.tag = tag.filter(|_| stores_tag);
    ticket.meta = meta;
    ticket.page = world.site.as_ref().map(|site| format!("{site}/tickets/{sn}"));
    ticket.never_starts = call.has(&Fault::StuckStart)
        || fields.values().any(|value| text::is_beyond_basic_plane(&value.to_string()))
        || !call.body.get("creator").is_some_and(Value::is_string);
    ticket.fields = fields;
    let url = ticket.url();
    world.tickets.push(ticket);
    if let Some(why) = call.body.get("dynamic_fields").and_then(dynamic_fields_error) {
        // The ticket stays, and nobody starts it.
        return Err(Refusal::Crash(why));
    }
    let made = json!({"sn": sn, "id": id, "ticket_url": url});
    Ok((made, After::Start(sn)))
}

fn service(world: &World, body: &Map<String, Value>) -> Result<&'static Service, Refusal> {
    let fast = body.get("fast_approval").is_some_and(python::truth);
    let id = if fast { Some(FAST_APPROVAL) } else { number(body.get("service_id")) };
    let refused = |why: &str| {
        Err(Refusal::Crash(format!("{{'服务': ErrorDetail(string='{why}', code='invalid')}}")))
    };
    match id.and_then(|id| world.service(id)).map(|service| (service, service.offer)) {
        None => refused("服务不存在，请联系管理员！"),
        Some((_, Offer::Disabled)) => refused("服务未启用，请联系管理员！"),
        Some((_, Offer::InNoCatalog)) => refused("服务对应的服务目录不存在"),
        Some((service, Offer::Open)) => Ok(service),
    }
}

fn creator(body: &Map<String, Value>) -> Result<String, Refusal> {
    let blank = || Refusal::invalid("creator", "该字段不能为空。", "blank");
    match body.get("creator") {
        None => Err(blank()),
        Some(Value::Null) => Err(Refusal::invalid("creator", "该字段不能为 null。", "null")),
        Some(Value::String(creator)) if creator.trim().is_empty() => Err(blank()),
        Some(Value::String(creator)) => Ok(creator.clone()),
        Some(other) => Ok(other.to_string()),
    }
}

fn tag(body: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    match body.get("tag") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(tag)) if tag.trim().is_empty() => {
            Err(Refusal::invalid("tag", "该字段不能为空。", "blank"))
        }
        Some(Value::String(tag)) => Ok(Some(tag.clone())),
        Some(other) => Ok(Some(other.to_string())),
    }
}

fn fields(body: &Map<String, Value>) -> Result<BTreeMap<String, Value>, Refusal> {
    let given = match body.get("fields") {
        Some(Value::Array(fields)) => fields,
        None => return Ok(BTreeMap::new()),
        Some(other) => {
            let kind = python::type_name(other);
            return Err(Refusal::Crash(format!("'{kind}' object is not iterable")));
        }
    };
    let field = |field: &Value| {
        let key = field.get("key").and_then(Value::as_str);
        let key = key.ok_or_else(|| Refusal::crash("'key'"))?;
        Ok((key.to_owned(), field.get("value").cloned().unwrap_or_default()))
    };
    given.iter().map(field).collect()
}

/// Checks what was filled in. Gives the title.
fn check_form(service: &Service, fields: &BTreeMap<String, Value>) -> Result<String, Refusal> {
    let failed = |why: String| Err(Refusal::Number(3_900_003, format!("提单失败: {why}")));
    let title = match fields.get("title") {
        None => return Err(Refusal::crash("'title'")),
        Some(Value::String(title)) => title,
        Some(other) => {
            let kind = python::type_name(other);
            return failed(format!("object of type '{kind}' has no len()"));
        }
    };
    if title.chars().count() > 128 {
        return failed("标题不能超过120个字符".into());
    }
    let form = service.form();
    let missing = form
        .iter()
        .filter(|field| field.definition.is_required && !fields.contains_key(&field.key));
    let missing: Vec<_> = missing.map(|field| format!("'{}'", field.key)).collect();
    if !missing.is_empty() {
        return failed(format!("单据创建失败，缺少参数：[{}]", missing.join(", ")));
    }
    if let Some(key) = fields.keys().find(|key| !form.iter().any(|field| field.key == **key)) {
        return failed(format!("【{key}】字段不存在，请联系管理员"));
    }
    for field in form {
        let definition = field.definition;
        let text = fields.get(&field.key).and_then(Value::as_str);
        if definition.is_required && text == Some("") {
            return failed(format!("【{}】为必填项", definition.name));
        }
        let is_one_of = matches!(definition.kind, "SELECT" | "RADIO");
        let is_choice = |text: &str| definition.choices.iter().any(|(key, _)| *key == text);
        if is_one_of && text.is_some_and(|text| !text.is_empty() && !is_choice(text)) {
            return failed(format!("【{}】选项不匹配，请重新选择", definition.name));
        }
    }
    Ok(title.clone())
}

fn check_processors(service: &Service, meta: &Map<String, Value>) -> Result<(), Refusal> {
    let nodes = match meta.get("state_processors") {
        None => return Ok(()),
        Some(Value::Object(nodes)) => nodes,
        Some(other) => return Err(Refusal::no_attribute(other, "items")),
    };
    let is_known = |id: &str| id.parse().is_ok_and(|id| service.has_node(id));
    match nodes.keys().find(|id| !is_known(id)) {
        None => Ok(()),
        Some(id) => Err(Refusal::Crash(format!(
            "{{'state_processors': ErrorDetail(string='服务:{}, 节点({id})不存在', code='invalid')}}",
            service.name
        ))),
    }
}

/// Why fields of the request's own are refused. Nothing, where they are not: an empty list is none at all.
fn dynamic_fields_error(fields: &Value) -> Option<String> {
    let fields = match fields {
        Value::Array(fields) => fields,
        other if python::truth(other) => {
            let kind = python::type_name(other);
            let why = format!("期望为一个包含物件的列表，得到的类型是“{kind}”。");
            return Some(invalid("params_error", &why, "not_a_list"));
        }
        _ => return None,
    };
    let whys: Vec<_> = fields.iter().map(dynamic_field_errors).collect();
    let is_refused = whys.iter().any(|why| !why.is_empty());
    let whys: Vec<_> = whys.iter().map(|why| format!("{{{}}}", why.join(", "))).collect();
    is_refused.then(|| format!("[{}]", whys.join(", ")))
}

/// What is wrong with one of them, member by member.
fn dynamic_field_errors(field: &Value) -> Vec<String> {
    let mut whys = Vec::new();
    for (member, most) in [("name", 32), ("type", usize::MAX), ("value", 255)] {
        let given = match field.get(member) {
            None => Err(("该字段是必填项。".to_owned(), "required")),
            Some(Value::Null) => Err(("该字段不能为 null。".to_owned(), "null")),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(("不是有效的字符串。".to_owned(), "invalid")),
        };
        let is_kind = |text: &str| matches!(text, "STRING" | "INT" | "LINK");
        let why = given.and_then(|text| match member {
            "type" if is_kind(&text) => Ok(()),
            "type" => Err((format!("“{text}” 不是合法选项。"), "invalid_choice")),
            _ if text.trim().is_empty() => Err(("该字段不能为空。".into(), "blank")),
            _ if text.chars().count() > most => {
                Err((format!("请确保这个字段不能超过 {most} 个字符。"), "max_length"))
            }
            _ => Ok(()),
        });
        if let Err((why, code)) = why {
            whys.push(invalid_member(member, &why, code));
        }
    }
    whys
}
