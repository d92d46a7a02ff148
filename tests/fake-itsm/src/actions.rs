//! What each action answers and does.

use crate::clock;
use crate::python;
use crate::token;
use crate::world::{Ended, FAST_APPROVAL, NodeKind, SERVICES, Service, Ticket, World};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How the server answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Success, with this data.
    Data(Value),
    /// A failure whose code is a number.
    Failed(i64, String),
    /// A failure whose code is a word.
    Refused(&'static str, String),
    /// Success, for JSON that is too large to be worth building from values.
    Raw(String),
}

impl Answer {
    pub fn body(&self) -> String {
        match self {
            Self::Data(data) => {
                json!({"result": true, "code": 0, "message": "success", "data": data}).to_string()
            }
            Self::Failed(code, message) => {
                json!({"result": false, "code": code, "data": null, "message": message}).to_string()
            }
            Self::Refused(code, message) => {
                json!({"result": false, "data": null, "code": code, "message": message}).to_string()
            }
            Self::Raw(body) => body.clone(),
        }
    }
}

/// What an action did beside answering.
#[derive(Debug)]
pub(crate) enum After {
    Nothing,
    /// The ticket of this number was made and starts later.
    Start(String),
    /// The ticket of this number ended; its callback follows the answer.
    CallBack(String),
    /// The ticket of this number ended; its callback comes before the answer.
    CallBackInside(String),
}

/// A request to an action.
#[derive(Debug)]
pub(crate) struct Call {
    pub query: BTreeMap<String, String>,
    /// The body, if it is JSON.
    pub body: Result<Value, String>,
    pub tags_ignored: bool,
    pub duplicate_sn: bool,
    pub hide_results: bool,
}

type Result2 = (Answer, After);

/// The method of an action, or nothing if there is no such action.
pub(crate) fn method(action: &str) -> Option<&'static str> {
    Some(match action {
        "get_ticket_status"
        | "get_ticket_info"
        | "get_ticket_logs"
        | "get_approver"
        | "get_approve_node_result"
        | "get_tickets_by_user"
        | "callback_failed_ticket"
        | "get_services"
        | "get_service_detail"
        | "get_service_catalogs"
        | "get_service_roles"
        | "get_workflow_detail" => "GET",
        "create_ticket"
        | "get_tickets"
        | "operate_ticket"
        | "operate_node"
        | "approve"
        | "comment"
        | "add_follower"
        | "edit_field"
        | "ticket_approval_result"
        | "token/verify"
        | "create_service_catalog"
        | "import_service"
        | "update_service" => "POST",
        _ => return None,
    })
}

/// Whether the gateway's resource file wants a proven user for an action.
pub(crate) fn wants_user(action: &str) -> bool {
    matches!(
        action,
        "ticket_approval_result"
            | "callback_failed_ticket"
            | "get_service_roles"
            | "approve"
            | "comment"
            | "add_follower"
            | "edit_field"
            | "get_workflow_detail"
    )
}

/// The codes of most actions are numbers; these have words, also for what nobody expected.
fn has_word_codes(action: &str) -> bool {
    matches!(
        action,
        "get_ticket_status"
            | "get_ticket_info"
            | "get_ticket_logs"
            | "get_tickets"
            | "ticket_approval_result"
            | "edit_field"
            | "get_workflow_detail"
    )
}

fn crash(action: &str, why: impl Into<String>) -> Result2 {
    let why = why.into();
    let answer = if has_word_codes(action) {
        Answer::Refused("SERVER_500_ERROR", why)
    } else {
        Answer::Failed(3_900_004, format!("接口异常，请检查请求参数: {why}"))
    };
    (answer, After::Nothing)
}

fn failed(code: i64, message: impl Into<String>) -> Result2 {
    (Answer::Failed(code, message.into()), After::Nothing)
}

fn data(data: Value) -> Result2 {
    (Answer::Data(data), After::Nothing)
}

fn done() -> Result2 {
    data(json!([]))
}

fn no_ticket() -> Result2 {
    failed(3_900_022, "没有找到对应的单据")
}

fn bad_parameter(why: impl std::fmt::Display) -> Result2 {
    failed(3_900_005, format!("参数验证失败: {why}"))
}

fn invalid(field: &str, why: &str, code: &str) -> String {
    format!("{{'{field}': [ErrorDetail(string='{why}', code='{code}')]}}")
}

fn operation_refused(why: &str) -> Result2 {
    crash(
        "operate_ticket",
        format!("[ErrorDetail(string='抱歉，{why}', code='invalid')]"),
    )
}

/// Carries an action out.
pub(crate) fn run(world: &mut World, action: &str, call: &Call) -> Result2 {
    let empty = Map::new();
    let body = match &call.body {
        Ok(Value::Object(body)) => body,
        Ok(Value::Null) if action != "create_ticket" => &empty,
        Ok(other) if method(action) == Some("POST") => {
            let attribute = if action == "create_ticket" {
                "pop"
            } else {
                "get"
            };
            let kind = python::type_name(other);
            return crash(
                action,
                format!("'{kind}' object has no attribute '{attribute}'"),
            );
        }
        Err(why) if method(action) == Some("POST") => return crash(action, why),
        _ => &empty,
    };
    match action {
        "create_ticket" => create_ticket(world, body, call.duplicate_sn),
        "get_tickets" => get_tickets(world, body, call),
        "get_tickets_by_user" => get_tickets_by_user(world, &call.query),
        "get_ticket_status" | "get_ticket_info" | "get_ticket_logs" => {
            let sn = call.query.get("sn").map_or("", String::as_str);
            let Some(ticket) = world.ticket(sn) else {
                return no_ticket();
            };
            data(match action {
                "get_ticket_status" => status_row(ticket),
                "get_ticket_info" => info_row(ticket),
                _ => logs(ticket, call.query.get("show_type").map(String::as_str)),
            })
        }
        "ticket_approval_result" => approval_result(world, body, call.hide_results),
        "callback_failed_ticket" => {
            let sns: Vec<_> = world.failed.iter().map(|sn| format!("\"{sn}\"")).collect();
            let body = format!(
                r#"{{"result":true,"code":0,"message":"success","data":[{}]}}"#,
                sns.join(",")
            );
            (Answer::Raw(body), After::Nothing)
        }
        "token/verify" => match token::check(
            body.get("token")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        ) {
            token::Check::Passed => data(json!({"is_passed": true})),
            token::Check::NotPassed => data(json!({"is_passed": false})),
            token::Check::Crash => crash(
                action,
                "ord() expected a character, but string of length 0 found",
            ),
        },
        "operate_ticket" => operate_ticket(world, body),
        "operate_node" => operate_node(world, body),
        "approve" => approve(world, body),
        "get_approver" => by_node(world, &call.query, |ticket, node| {
            let of_node = ticket.decisions.iter().filter(|made| made.state_id == node);
            let who: Vec<_> = of_node.map(|made| made.operator.as_str()).collect();
            data(json!({"approver": who.join(",")}))
        }),
        "get_approve_node_result" => by_node(world, &call.query, node_result),
        "comment" => comment(world, body),
        "add_follower" => add_follower(world, body),
        "edit_field" => edit_field(world, body),
        "get_services" => get_services(&call.query),
        "get_service_detail" => get_service_detail(&call.query),
        "get_service_catalogs" => get_service_catalogs(&call.query),
        "get_service_roles" => get_service_roles(&call.query),
        "get_workflow_detail" => {
            data(json!({"id": call.query.get("workflow_id"), "states": [], "transitions": []}))
        }
        "create_service_catalog" => data(
            json!({"id": 99, "name": body.get("name"), "key": "NEW", "project_key": body.get("project_key")}),
        ),
        "import_service" | "update_service" => data(
            json!({"id": body.get("id").unwrap_or(&json!(98)), "name": body.get("name"), "service_type": "request", "desc": ""}),
        ),
        _ => (
            Answer::Refused("OBJECT_NOT_EXIST", "当前操作的对象不存在".into()),
            After::Nothing,
        ),
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> &'a str {
    members
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn beyond_the_basic_plane(value: &Value) -> bool {
    value.to_string().chars().any(|c| c > '\u{ffff}')
}

fn create_ticket(world: &mut World, body: &Map<String, Value>, duplicate_sn: bool) -> Result2 {
    let creation_failed = |why: &str| failed(3_900_003, format!("提单失败: {why}"));
    let wrong = |why: String| crash("create_ticket", why);
    let fast = body.get("fast_approval").is_some_and(python::truth);
    let wanted = body.get("service_id").and_then(|id| match id {
        Value::Number(id) => id.as_u64(),
        Value::String(id) => id.parse().ok(),
        _ => None,
    });
    let service_id = if fast { Some(FAST_APPROVAL) } else { wanted };
    let Some(service) = SERVICES
        .iter()
        .find(|service| Some(service.id) == service_id)
    else {
        return wrong(
            "{'服务': ErrorDetail(string='服务不存在，请联系管理员！', code='invalid')}".into(),
        );
    };
    let creator = match body.get("creator") {
        None => return wrong(invalid("creator", "该字段不能为空。", "blank")),
        Some(Value::Null) => return wrong(invalid("creator", "该字段不能为 null。", "null")),
        Some(Value::String(creator)) if creator.trim().is_empty() => {
            return wrong(invalid("creator", "该字段不能为空。", "blank"));
        }
        Some(Value::String(creator)) => creator.clone(),
        Some(other) => other.to_string(),
    };
    let tag = match body.get("tag") {
        None | Some(Value::Null) => None,
        Some(Value::String(tag)) if tag.trim().is_empty() => {
            return wrong(invalid("tag", "该字段不能为空。", "blank"));
        }
        Some(Value::String(tag)) => Some(tag.clone()),
        Some(other) => Some(other.to_string()),
    };
    if body
        .get("title")
        .and_then(Value::as_str)
        .is_some_and(|title| title.chars().count() > 64)
    {
        return wrong(invalid(
            "title",
            "请确保这个字段不能超过 64 个字符。",
            "max_length",
        ));
    }
    let given = match body.get("fields") {
        Some(Value::Array(fields)) => fields.as_slice(),
        None => return wrong("'fields'".into()),
        Some(other) => {
            return wrong(format!(
                "'{}' object is not iterable",
                python::type_name(other)
            ));
        }
    };
    let mut fields = BTreeMap::new();
    for field in given {
        let Some(key) = field.get("key").and_then(Value::as_str) else {
            return wrong("'key'".into());
        };
        fields.insert(
            key.to_owned(),
            field.get("value").cloned().unwrap_or(Value::Null),
        );
    }
    let meta = match body.get("meta") {
        None => Map::new(),
        Some(Value::Object(meta)) => meta.clone(),
        Some(other) => {
            return wrong(format!(
                "'{}' object has no attribute 'get'",
                python::type_name(other)
            ));
        }
    };
    let title = match fields.get("title") {
        None => return wrong("'title'".into()),
        Some(Value::String(title)) => title.clone(),
        Some(other) => {
            return creation_failed(&format!(
                "object of type '{}' has no len()",
                python::type_name(other)
            ));
        }
    };
    if title.chars().count() > 128 {
        return creation_failed("标题不能超过120个字符");
    }
    let missing: Vec<_> = service
        .form
        .iter()
        .map(|(key, ..)| *key)
        .filter(|key| !fields.contains_key(*key))
        .collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.iter().map(|key| format!("'{key}'")).collect();
        return creation_failed(&format!("单据创建失败，缺少参数：[{}]", missing.join(", ")));
    }
    for (key, _, name) in service.form {
        if matches!(fields.get(*key), Some(Value::String(value)) if value.is_empty()) {
            return creation_failed(&format!("【{name}】为必填项"));
        }
    }
    if creator.chars().count() > 64 {
        return wrong("(1406, \"Data too long for column 'creator' at row 1\")".into());
    }
    if tag.as_ref().is_some_and(|tag| tag.chars().count() > 32) {
        return wrong("(1406, \"Data too long for column 'tag' at row 1\")".into());
    }
    if title.chars().any(|c| c > '\u{ffff}') {
        return wrong("(1366, \"Incorrect string value: '\\\\xF0\\\\x9F\\\\x9A\\\\x80' for column `bk_itsm`.`ticket_ticket`.`title` at row 1\")".into());
    }
    match meta.get("state_processors") {
        None => {}
        Some(Value::Object(nodes)) => {
            let unknown = nodes.keys().find(|id| {
                let known = |node: &crate::world::Node| node.id.to_string() == **id;
                !service.nodes.iter().any(known) && service.first_node.to_string() != **id
            });
            if let Some(id) = unknown {
                return wrong(format!(
                    "{{'state_processors': ErrorDetail(string='服务:{}, 节点({id})不存在', code='invalid')}}",
                    service.name
                ));
            }
        }
        Some(other) => {
            return wrong(format!(
                "'{}' object has no attribute 'items'",
                python::type_name(other)
            ));
        }
    }

    let (id, sn) = world.new_number();
    let sn = match world.tickets.last() {
        // Nothing in the database makes numbers unique.
        Some(last) if duplicate_sn => last.sn.clone(),
        _ => sn,
    };
    let now = clock::now();
    let never_starts = fields.values().any(beyond_the_basic_plane)
        || !matches!(body.get("creator"), Some(Value::String(_)));
    world.tickets.push(Ticket {
        id,
        sn: sn.clone(),
        title,
        updated_by: vec![creator.clone()],
        creator,
        service_id: service.id,
        status: "RUNNING".into(),
        tag,
        meta,
        fields,
        created_at: now.clone(),
        updated_at: now,
        ended_at: None,
        at_node: None,
        decisions: Vec::new(),
        log: Vec::new(),
        suspended: 0,
        never_starts,
        followers: BTreeSet::new(),
        stars: 0,
    });
    if let Some(why) = body.get("dynamic_fields").and_then(dynamic_fields_error) {
        // The ticket stays, and nobody starts it.
        if let Some(ghost) = world.tickets.last_mut() {
            ghost.never_starts = true;
        }
        return wrong(why);
    }
    let url = format!("http://itsm.example.com/#/ticket/detail?id={id}");
    (
        Answer::Data(json!({"sn": sn, "id": id, "ticket_url": url})),
        After::Start(sn),
    )
}

fn dynamic_fields_error(fields: &Value) -> Option<String> {
    let Value::Array(fields) = fields else {
        let kind = python::type_name(fields);
        return Some(format!(
            "{{'params_error': [ErrorDetail(string='期望为一个包含物件的列表，得到的类型是“{kind}”。', code='not_a_list')]}}"
        ));
    };
    for field in fields {
        let kind = field
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !matches!(kind, "STRING" | "INT" | "LINK") {
            return Some(format!(
                "[{}]",
                invalid(
                    "type",
                    &format!("“{kind}” 不是合法选项。"),
                    "invalid_choice"
                )
            ));
        }
        let name = field
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if name.chars().count() > 32 {
            return Some(format!(
                "[{}]",
                invalid("name", "请确保这个字段不能超过 32 个字符。", "max_length")
            ));
        }
    }
    None
}

fn list_row(ticket: &Ticket) -> Value {
    json!({
        "id": ticket.id, "sn": ticket.sn, "title": ticket.title, "catalog_id": ticket.service().catalog_id,
        "service_id": ticket.service_id, "service_type": "request", "flow_id": ticket.service_id,
        "current_status": ticket.status, "comment_id": "", "is_commented": ticket.stars > 0,
        "updated_by": ticket.updated_by.join(","), "update_at": ticket.updated_at, "end_at": ticket.ended_at,
        "creator": ticket.creator, "create_at": ticket.created_at, "bk_biz_id": -1, "ticket_url": ticket.url(),
        "iframe_ticket_url": format!("http://itsm.example.com/#/ticket/detail-iframe?id={}", ticket.id),
    })
}

fn get_tickets(world: &World, body: &Map<String, Value>, call: &Call) -> Result2 {
    let truthy = |name: &str| body.get(name).filter(|value| python::truth(value));
    for name in [
        "create_at__gte",
        "create_at__lte",
        "end_at__gte",
        "end_at__lte",
    ] {
        if truthy(name)
            .and_then(Value::as_str)
            .is_some_and(|at| !at.starts_with("20"))
        {
            return crash(
                "get_tickets",
                "“%(value)s”的值有一个错误的日期格式。它的格式应该是YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] ",
            );
        }
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
    let has_tag = |ticket: &Ticket| match truthy("tag").and_then(Value::as_str) {
        Some(wanted) if !call.tags_ignored => ticket
            .tag
            .as_ref()
            .is_some_and(|tag| tag.to_lowercase() == wanted.to_lowercase()),
        _ => true,
    };
    let found: Vec<_> = world
        .tickets
        .iter()
        .rev()
        .filter(|ticket| {
            is_in("sns", json!(ticket.sn))
                && equals("creator", &ticket.creator)
                && equals("project_key", ticket.service().project_key)
                && is_in("service_id__in", json!(ticket.service_id))
                && is_in("bk_biz_id__in", json!(-1))
                && is_in("current_status__in", json!(ticket.status))
                && at_least("create_at__gte", Some(&ticket.created_at))
                && at_most("create_at__lte", Some(&ticket.created_at))
                && at_least("end_at__gte", ticket.ended_at.as_deref())
                && at_most("end_at__lte", ticket.ended_at.as_deref())
                && has_tag(ticket)
                && truthy("username")
                    .and_then(Value::as_str)
                    .is_none_or(|user| ticket.status == "RUNNING" && ticket.may_handle(user))
        })
        .collect();
    let setting = |name: &str| {
        body.get(name)
            .cloned()
            .or_else(|| call.query.get(name).map(|text| json!(text)))
    };
    paginate(
        "get_tickets",
        found,
        setting("page"),
        setting("page_size"),
        list_row,
    )
}

/// Pages, with all their traps: no page beyond the last, and a bare list for odd sizes.
fn paginate(
    action: &str,
    found: Vec<&Ticket>,
    page: Option<Value>,
    page_size: Option<Value>,
    row: impl Fn(&Ticket) -> Value,
) -> Result2 {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64().map(|number| number as i64),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let size = match &page_size {
        None => 10,
        Some(Value::Null) => {
            return crash(
                action,
                "int() argument must be a string, a bytes-like object or a number, not 'NoneType'",
            );
        }
        Some(size) => number(size).unwrap_or(0).min(10_000),
    };
    if size <= 0 {
        return data(found.into_iter().map(row).collect());
    }
    let pages = (found.len() as i64 + size - 1).max(size) / size;
    let page = page.map_or(Some(1), |page| number(&page));
    let Some(page) = page.filter(|page| (1..=pages).contains(page)) else {
        return crash(action, "无效页。");
    };
    let items: Vec<_> = found
        .iter()
        .skip(((page - 1) * size) as usize)
        .take(size as usize)
        .map(|ticket| row(ticket))
        .collect();
    data(
        json!({"page": page, "total_page": pages, "count": found.len(), "next": null, "previous": null, "items": items}),
    )
}

fn get_tickets_by_user(world: &World, query: &BTreeMap<String, String>) -> Result2 {
    let Some(user) = query.get("username").or_else(|| query.get("user")) else {
        return bad_parameter("user 为必填项");
    };
    let Some(view) = query.get("view_type") else {
        return crash(
            "get_tickets_by_user",
            invalid("view_type", "该字段是必填项。", "required"),
        );
    };
    let handled = |ticket: &Ticket| ticket.decisions.iter().any(|made| made.operator == *user);
    let found = world
        .tickets
        .iter()
        .rev()
        .filter(|ticket| match view.as_str() {
            "my_todo" => ticket.may_handle(user),
            "my_approval" => {
                ticket.may_handle(user) && ticket.node().is_some_and(|node| node.kind.is_approval())
            }
            "my_created" => ticket.creator == *user,
            "my_dealt" => ticket.updated_by.contains(user),
            "my_history" => ticket.is_ended() && handled(ticket),
            "my_attention" => ticket.followers.contains(user),
            _ => false,
        });
    let row = |ticket: &Ticket| {
        let processors = ticket
            .node()
            .map(|node| format!(",{},", ticket.processors(node)));
        let waits =
            ticket.may_handle(user) && ticket.node().is_some_and(|node| node.kind.is_approval());
        json!({
            "sn": ticket.sn, "id": ticket.id, "title": ticket.title, "service_id": ticket.service_id,
            "service_type": "request", "meta": {}, "bk_biz_id": -1, "current_status": ticket.status,
            "create_at": ticket.created_at, "creator": ticket.creator, "project_key": ticket.service().project_key,
            "current_processors": processors.unwrap_or_default(), "service_name": ticket.service().name,
            "current_steps": [], "waiting_approve": waits, "followers": ticket.followers, "comment_id": "",
        })
    };
    let setting = |name: &str| query.get(name).map(|text| json!(text));
    paginate(
        "get_tickets_by_user",
        found.collect(),
        setting("page"),
        setting("page_size"),
        row,
    )
}

fn steps(ticket: &Ticket, with_operations: bool) -> Value {
    let Some(node) = ticket.node() else {
        return json!([]);
    };
    let mut step = json!({
        "name": node.name, "state_id": node.id, "status": "RUNNING", "action_type": "TRANSITION", "tag": "DEFAULT",
        "processors_type": "PERSON", "processors": ticket.processors(node),
    });
    if with_operations && let Some(step) = step.as_object_mut() {
        let fields = json!([{"id": 34, "type": "RADIO", "key": decision_key(node.id), "name": "审批意见", "validate_type": "REQUIRE",
            "choice": [{"key": "true", "name": "通过"}, {"key": "false", "name": "拒绝"}], "meta": {"code": "APPROVE_RESULT"}}]);
        step.insert("fields".into(), fields);
        step.insert(
            "operations".into(),
            json!([
                {"key": "TRANSITION", "name": "提交", "can_operate": true},
                {"key": "SUSPEND", "name": "挂起", "can_operate": true},
            ]),
        );
    }
    json!([step])
}

fn status_row(ticket: &Ticket) -> Value {
    let mut operations = Vec::new();
    if !ticket.is_ended() {
        // Once somebody has handled it, or before it started, its creator can't take it back.
        if ticket.at_node == Some(0) && ticket.decisions.is_empty() {
            operations.push(json!({"key": "WITHDRAW", "name": "撤单", "can_operate": true}));
        }
        operations.push(if ticket.suspended > 0 {
            json!({"key": "UNSUSPEND", "name": "恢复", "can_operate": true})
        } else {
            json!({"key": "SUSPEND", "name": "挂起", "can_operate": true})
        });
    }
    json!({
        "ticket_url": ticket.url(),
        "iframe_ticket_url": format!("http://itsm.example.com/#/ticket/detail-iframe?id={}", ticket.id),
        "operations": operations, "current_status": ticket.status, "current_steps": steps(ticket, true), "is_commented": ticket.stars > 0,
    })
}

fn info_row(ticket: &Ticket) -> Value {
    let mut row = list_row(ticket);
    let fields: Vec<_> = ticket.fields.iter().enumerate().map(|(index, (key, value))| {
        let stored = if ticket.never_starts { &Value::Null } else { value };
        json!({"id": 477 + index, "key": key, "type": "STRING", "name": key, "desc": "", "value": stored, "display_value": stored})
    }).collect();
    if let Some(row) = row.as_object_mut() {
        row.insert("fields".into(), json!(fields));
        row.insert("current_steps".into(), steps(ticket, false));
    }
    row
}

fn decision_key(state_id: u64) -> String {
    format!("ab544e65785a16a6fa9dd046da55{state_id:04}")
}

fn logs(ticket: &Ticket, show_type: Option<&str>) -> Value {
    let lines: Vec<_> = ticket.log.iter().map(|line| {
        let mut row = json!({"operator": line.operator, "operate_at": line.at, "message": line.message, "source": line.source});
        if show_type == Some("complex") && let Some(row) = row.as_object_mut() {
            let (kind, form) = match &line.decision {
                Some(made) => ("APPROVAL", json!([
                    {"id": 34, "key": decision_key(made.state_id), "type": "RADIO", "name": "审批意见", "desc": "", "value": made.approved.to_string(), "display_value": if made.approved { "通过" } else { "拒绝" }},
                    {"id": 35, "key": "remark", "type": "TEXT", "name": "备注", "desc": "", "value": made.remark, "display_value": made.remark},
                ])),
                None => ("", json!([])),
            };
            row.insert("from_state_type".into(), kind.into());
            row.insert("form_data".into(), form);
        }
        row
    }).collect();
    json!({"sn": ticket.sn, "title": ticket.title, "create_at": ticket.created_at, "creator": ticket.creator, "logs": lines})
}

fn approval_result(world: &mut World, body: &Map<String, Value>, hide_results: bool) -> Result2 {
    let action = "ticket_approval_result";
    let sns = match body.get("sn") {
        None | Some(Value::Null) => return crash(action, "'NoneType' object is not iterable"),
        Some(Value::Array(sns)) if sns.is_empty() => {
            return crash(action, "wrong number of arguments for 'hdel' command");
        }
        Some(Value::Array(sns)) => sns,
        // A text is a list of its characters, none of which is a number.
        Some(_) => return data(json!([])),
    };
    if let Some(wrong) = sns
        .iter()
        .find(|sn| matches!(sn, Value::Bool(_) | Value::Null))
    {
        let kind = python::type_name(wrong);
        return crash(
            action,
            format!(
                "Invalid input of type: '{kind}'. Convert to a bytes, string, int or float first."
            ),
        );
    }
    // Whoever they belong to.
    for sn in sns.iter().filter_map(Value::as_str) {
        world.failed.remove(sn);
    }
    let asked = |ticket: &&Ticket| !hide_results && sns.contains(&json!(ticket.sn));
    let rows = world.tickets.iter().rev().filter(asked).map(|ticket| json!({
        "sn": ticket.sn, "title": ticket.title, "ticket_url": ticket.url(), "current_status": ticket.status,
        "updated_by": ticket.updated_by.join(","), "update_at": ticket.updated_at, "approve_result": ticket.approve_result(),
    }));
    data(rows.collect())
}

fn operate_ticket(world: &mut World, body: &Map<String, Value>) -> Result2 {
    let Some(ticket) = world.ticket(text(body, "sn")) else {
        return no_ticket();
    };
    let action_type = text(body, "action_type");
    let user = match text(body, "username") {
        "" => text(body, "operator"),
        user => user,
    };
    let is_manager = user == "admin";
    match action_type {
        "WITHDRAW" if ticket.is_ended() => return operation_refused("单据已经结束，无法撤销"),
        "WITHDRAW" if user != ticket.creator && !is_manager => {
            let user = if user.is_empty() { "None" } else { user };
            return operation_refused(&format!(
                "你无权撤销单据，撤销单据的非当前单据的提单人, {user}!={}",
                ticket.creator
            ));
        }
        "WITHDRAW" if ticket.at_node.is_none() => return operation_refused("单据当前状态无法撤销"),
        "SUSPEND" | "UNSUSPEND" | "TERMINATE" if ticket.is_ended() => {
            return operation_refused("单据已关闭，无法操作");
        }
        "SUSPEND" | "UNSUSPEND" | "TERMINATE" if !ticket.may_handle(user) && !is_manager => {
            return operation_refused(&format!("{user}无权操作该单据"));
        }
        "WITHDRAW" | "SUSPEND" | "UNSUSPEND" | "TERMINATE" => {}
        other => {
            return failed(
                3_900_004,
                format!("单据操作失败，不支持的操作类型: {other}"),
            );
        }
    }
    let crashed = |why: String| crash("operate_ticket", why);
    if text(body, "operator").is_empty() {
        return crashed(invalid("operator", "该字段是必填项。", "required"));
    }
    match body.get("action_message") {
        None => return crashed("'action_message'".into()),
        Some(Value::String(message)) if message.trim().is_empty() => {
            return crashed(invalid("action_message", "该字段不能为空。", "blank"));
        }
        Some(Value::String(message)) if message.chars().count() > 255 => {
            return crashed(invalid(
                "action_message",
                "请确保这个字段不能超过 255 个字符。",
                "max_length",
            ));
        }
        Some(_) => {}
    }
    let sn = ticket.sn.clone();
    let ended = match action_type {
        "WITHDRAW" => ticket.end("REVOKED", user),
        "TERMINATE" => ticket.end("TERMINATED", user),
        "SUSPEND" => {
            ticket.suspended += 1;
            ticket.status = "SUSPENDED".into();
            Ended::No
        }
        _ => {
            // Suspended twice, it takes two of these; each answers success.
            ticket.suspended = ticket.suspended.saturating_sub(1);
            if ticket.suspended == 0 {
                ticket.status = "RUNNING".into();
            }
            Ended::No
        }
    };
    let after = match ended {
        Ended::Yes => After::CallBackInside(sn),
        Ended::No => After::Nothing,
    };
    (Answer::Data(json!([])), after)
}

fn state_id(body: &Map<String, Value>) -> Option<u64> {
    match body.get("state_id")? {
        Value::Number(id) => id.as_u64(),
        Value::String(id) => id.parse().ok(),
        _ => None,
    }
}

fn approve(world: &mut World, body: &Map<String, Value>) -> Result2 {
    let Some(ticket) = world.ticket(text(body, "sn")) else {
        return no_ticket();
    };
    let failed_because =
        |why: String| failed(3_900_004, format!("单据操作失败: 单据审批失败，{why}"));
    let Some(asked) = state_id(body) else {
        return crash("approve", "Status matching query does not exist.");
    };
    let service = ticket.service();
    let known = asked == service.first_node || service.nodes.iter().any(|node| node.id == asked);
    if !known {
        return crash("approve", "Status matching query does not exist.");
    }
    let Some(node) = ticket.node().filter(|node| node.id == asked) else {
        return failed_because("单据当前状态非RUNNING".into());
    };
    if node.kind == NodeKind::Normal {
        return failed_because(format!("目标节点{}不是审批节点", node.name));
    }
    let approver = text(body, "approver");
    let already = ticket
        .decisions
        .iter()
        .any(|made| made.state_id == asked && made.operator == approver);
    if !ticket.may_handle(approver) || already {
        return failed_because(format!("{approver}不是当前节点的审批人，无法审批"));
    }
    // Only this very text approves; all else refuses, and is answered with success too.
    let approved = body.get("action") == Some(&json!("true"));
    let remark = body
        .get("remark")
        .and_then(Value::as_str)
        .map(str::to_owned);
    after_decision(ticket, approver, approved, remark)
}

fn after_decision(
    ticket: &mut Ticket,
    who: &str,
    approved: bool,
    remark: Option<String>,
) -> Result2 {
    let sn = ticket.sn.clone();
    let after = match ticket.decide(who, approved, remark) {
        Ended::Yes => After::CallBack(sn),
        Ended::No => After::Nothing,
    };
    (Answer::Data(json!([])), after)
}

fn operate_node(world: &mut World, body: &Map<String, Value>) -> Result2 {
    let Some(ticket) = world.ticket(text(body, "sn")) else {
        return no_ticket();
    };
    let operator = text(body, "operator").to_owned();
    let crashed = |why: String| crash("operate_node", why);
    let Some(node) = ticket.node().filter(|node| Some(node.id) == state_id(body)) else {
        let id = body
            .get("state_id")
            .map(|id| id.to_string())
            .unwrap_or_default();
        return crashed(format!(
            "[ErrorDetail(string='抱歉，没有找到该节点：{}', code='invalid')]",
            id.trim_matches('"')
        ));
    };
    if !ticket.may_handle(&operator) && operator != "admin" {
        return crashed(format!(
            "[ErrorDetail(string='抱歉，{operator}不能操作该节点（没有权限或操作类型不支持）', code='invalid')]"
        ));
    }
    match text(body, "action_type") {
        "TRANSITION" => {
            let Some(Value::Array(fields)) = body.get("fields") else {
                return crashed(invalid("fields", "该字段是必填项。", "required"));
            };
            if fields.is_empty() {
                return bad_parameter(
                    "单据处理失败，缺少参数：['c7aa159f3147852f293e1fed4d8631e9', 'ab544e65785a16a6fa9dd046da5517b5']",
                );
            }
            if fields
                .iter()
                .any(|field| field.get("value").is_none_or(|value| !value.is_string()))
            {
                return crashed("{'fields': [{'value': [ErrorDetail(string='该字段不能为 null。', code='null')]}]}".into());
            }
            let choice = |field: &&Value| matches!(field["value"].as_str(), Some("true" | "false"));
            let approved = fields
                .iter()
                .find(choice)
                .is_none_or(|field| field["value"] == "true");
            after_decision(ticket, &operator, approved, None)
        }
        "TERMINATE" => crashed("terminate() got an unexpected keyword argument 'source'".into()),
        "CLAIM" => bad_parameter("当前节点无法进行【认领】操作"),
        "DELIVER" if text(body, "action_message").trim().is_empty() => {
            bad_parameter("转单描述信息不能为空，请重新确认.")
        }
        "DELIVER" | "DISTRIBUTE" if node.kind == NodeKind::Approval => {
            bad_parameter(format!("指定流程节点【{}】不支持转单操作.", node.name))
        }
        "DELIVER" | "DISTRIBUTE" => {
            let processors = text(body, "processors").to_owned();
            let nodes = ticket
                .meta
                .entry("state_processors")
                .or_insert_with(|| json!({}));
            if let Some(nodes) = nodes.as_object_mut() {
                nodes.insert(node.id.to_string(), processors.into());
            }
            done()
        }
        _ => crashed(
            "{'action_type': [ErrorDetail(string='该字段是必填项。', code='required')]}".into(),
        ),
    }
}

fn by_node(
    world: &mut World,
    query: &BTreeMap<String, String>,
    answer: impl Fn(&Ticket, u64) -> Result2,
) -> Result2 {
    let sn = query.get("sn").map_or("", String::as_str);
    let node = query
        .get("state_id")
        .and_then(|id| id.parse().ok())
        .unwrap_or(0);
    match world.ticket(sn) {
        Some(ticket) => answer(ticket, node),
        None => bad_parameter(format!("sn[{sn}]对应的单据不存在！")),
    }
}

fn node_result(ticket: &Ticket, state_id: u64) -> Result2 {
    let mut nodes = ticket.service().nodes.iter();
    let Some(node) = nodes.find(|node| node.id == state_id) else {
        return bad_parameter(format!(
            "sn[{}], state[{state_id}] 未查到对应的节点状态",
            ticket.sn
        ));
    };
    let runs = ticket.node().is_some_and(|running| running.id == state_id);
    let of_node = || {
        ticket
            .decisions
            .iter()
            .filter(|made| made.state_id == state_id)
    };
    let Some(last) = of_node().next_back().filter(|_| !runs) else {
        return bad_parameter(format!(
            "sn[{}], state[{state_id}] 当前节点状态为非结束状态",
            ticket.sn
        ));
    };
    let who: Vec<_> = of_node().map(|made| made.operator.as_str()).collect();
    data(
        json!({"name": node.name, "processed_user": who.join(","), "approve_result": of_node().all(|made| made.approved), "approve_remark": last.remark}),
    )
}

fn comment(world: &mut World, body: &Map<String, Value>) -> Result2 {
    let sn = text(body, "sn").to_owned();
    let Some(ticket) = world.ticket(&sn) else {
        return bad_parameter(format!("sn={sn}对应的单据不存在!"));
    };
    if ticket.status != "FINISHED" {
        return bad_parameter("单据未结束，不允许评价!");
    }
    if ticket.stars != 0 {
        return bad_parameter("该单据已经被评论，请勿重复评论");
    }
    ticket.stars = body
        .get("stars")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    done()
}

fn add_follower(world: &mut World, body: &Map<String, Value>) -> Result2 {
    let sn = text(body, "sn").to_owned();
    let Some(ticket) = world.ticket(&sn) else {
        return bad_parameter(format!("sn[{sn}]对应的单据不存在！"));
    };
    for user in text(body, "users").split(',') {
        if body.get("attention").is_some_and(python::truth) {
            ticket.followers.insert(user.to_owned());
        } else {
            ticket.followers.remove(user);
        }
    }
    done()
}

fn edit_field(world: &mut World, body: &Map<String, Value>) -> Result2 {
    let Some(Value::Array(fields)) = body.get("fields") else {
        return crash("edit_field", "'NoneType' object is not iterable");
    };
    let sn = text(body, "sn").to_owned();
    let Some(ticket) = world.ticket(&sn) else {
        return (
            Answer::Refused(
                "VALIDATE_ERROR",
                format!("0:ticket_id = {sn} 对应的单据不存在！"),
            ),
            After::Nothing,
        );
    };
    for field in fields {
        let key = field.get("key").and_then(Value::as_str).unwrap_or_default();
        if !ticket.fields.contains_key(key) {
            return (
                Answer::Refused(
                    "FORM_VALIDATE_ERROR",
                    format!("参数验证失败: 未找到提单节点找到对应的字段, key={key}"),
                ),
                After::Nothing,
            );
        }
        let value = field.get("value").cloned().unwrap_or(Value::Null);
        if let ("title", Value::String(title)) = (key, &value) {
            ticket.title.clone_from(title);
        }
        ticket.fields.insert(key.to_owned(), value);
    }
    done()
}

fn service_row(service: &Service) -> Value {
    json!({"id": service.id, "name": service.name, "service_type": "request", "desc": service.description})
}

fn asked_service(query: &BTreeMap<String, String>) -> Option<&'static Service> {
    let id: u64 = query.get("service_id")?.parse().ok()?;
    SERVICES.iter().find(|service| service.id == id)
}

fn get_services(query: &BTreeMap<String, String>) -> Result2 {
    let in_catalog = |service: &&Service| {
        query
            .get("catalog_id")
            .is_none_or(|id| *id == service.catalog_id.to_string())
            && query
                .get("service_type")
                .is_none_or(|kind| kind == "request")
    };
    data(
        SERVICES
            .iter()
            .filter(in_catalog)
            .map(service_row)
            .collect(),
    )
}

fn get_service_detail(query: &BTreeMap<String, String>) -> Result2 {
    if let Some(id) = query
        .get("service_id")
        .filter(|id| id.parse::<u64>().is_err())
    {
        return crash(
            "get_service_detail",
            format!("Field 'id' expected a number but got '{id}'."),
        );
    }
    let Some(service) = asked_service(query) else {
        return failed(3_900_404, "查找对象不存在");
    };
    let title = ("title", "STRING", "标题");
    let fields: Vec<_> = std::iter::once(&title).chain(service.form).enumerate().map(|(index, (key, kind, name))| {
        json!({"id": index + 1, "key": key, "type": kind, "name": name, "desc": "", "choice": [], "validate_type": "REQUIRE"})
    }).collect();
    data(
        json!({"service_id": service.id, "workflow_id": service.id, "name": service.name, "service_type": "request", "desc": service.description, "fields": fields}),
    )
}

fn get_service_catalogs(query: &BTreeMap<String, String>) -> Result2 {
    let catalog = |id: u64, key: &str, name: &str, level: u64, children: Value| json!({"id": id, "key": key, "name": name, "level": level, "desc": "", "children": children});
    match query.get("project_key").map_or("0", String::as_str) {
        "0" => {
            let mut children = vec![
                catalog(11, "approve_service_catalog", "内置审批目录", 1, json!([])),
                catalog(8, "YEWUGUANLI", "业务管理", 1, json!([])),
            ];
            if query.get("has_service").is_none_or(|has| has != "true") {
                children.push(catalog(9, "ZIYUANFUWU", "资源服务", 1, json!([])));
            }
            data(json!([catalog(1, "root", "根目录", 0, json!(children))]))
        }
        "cmdb" => data(json!([catalog(
            20,
            "root",
            "根目录",
            0,
            json!([catalog(21, "CMDB", "配置平台", 1, json!([]))])
        )])),
        _ => data(json!([])),
    }
}

fn get_service_roles(query: &BTreeMap<String, String>) -> Result2 {
    let Some(service) = asked_service(query) else {
        return failed(3_900_042, "服务未找到");
    };
    let mut roles: Vec<_> = service.nodes.iter().map(|node| {
        let (processors, kind) = if node.processors_field.is_empty() { (node.person, "PERSON") } else { (node.processors_field, "VARIABLE") };
        let sign = if node.kind == NodeKind::Countersign { "and" } else { "or" };
        json!({"id": node.id, "name": node.name, "processors": processors, "processors_type": kind, "sign_type": sign})
    }).collect();
    if query.get("all").is_some_and(|all| all == "1") {
        roles.insert(0, json!({"id": service.first_node, "name": "提单", "processors": "", "processors_type": "OPEN", "sign_type": "or"}));
    }
    data(json!(roles))
}
