//! What each action answers and does.

mod create;
mod operate;
mod read;
mod search;
mod services;

use crate::fault::Fault;
use crate::python;
use crate::token;
use crate::world::World;
use blueking_itsm::domain::action::{ALL, Esb, LEFT_OUT};
use blueking_itsm::domain::http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

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

/// Why an action was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// With a code that is a number.
    Number(i64, String),
    /// With a code that is a word.
    Word(&'static str, String),
    /// With the word for what did not pass a check, and what was said about it once more, in a list.
    Invalid(String),
    /// By what nobody expected. Which code that has depends on the action.
    Crash(String),
}

impl Refusal {
    fn no_ticket() -> Self {
        Self::Number(3_900_022, "没有找到对应的单据".into())
    }

    fn bad_parameter(why: impl std::fmt::Display) -> Self {
        Self::Number(3_900_005, format!("参数验证失败: {why}"))
    }

    fn crash(why: impl Into<String>) -> Self {
        Self::Crash(why.into())
    }

    /// Where the server's code asks a value for what only another type has.
    fn no_attribute(value: &Value, attribute: &str) -> Self {
        let kind = python::type_name(value);
        Self::Crash(format!("'{kind}' object has no attribute '{attribute}'"))
    }

    /// A member that did not pass its check.
    fn invalid(member: &str, why: &str, code: &str) -> Self {
        Self::Crash(invalid(member, why, code))
    }

    /// What did not pass a check, and is no member.
    fn detail(why: &str) -> Self {
        Self::Crash(format!("[ErrorDetail(string='{why}', code='invalid')]"))
    }

    /// An operation that is not possible now.
    fn sorry(why: &str) -> Self {
        Self::detail(&format!("抱歉，{why}"))
    }

    fn body(self, has_word_codes: bool) -> String {
        let (code, message) = match self {
            Self::Invalid(why) => {
                let message = format!("0:{why}");
                let body = json!({
                    "result": false, "code": "VALIDATE_ERROR", "data": null, "messages": [why], "message": message,
                });
                return body.to_string();
            }
            Self::Number(code, message) => (json!(code), message),
            Self::Word(code, message) => (json!(code), message),
            Self::Crash(why) if has_word_codes => (json!("SERVER_500_ERROR"), why),
            Self::Crash(why) => (json!(3_900_004), format!("接口异常，请检查请求参数: {why}")),
        };
        json!({"result": false, "code": code, "data": null, "message": message}).to_string()
    }
}

fn invalid(member: &str, why: &str, code: &str) -> String {
    format!("{{{}}}", invalid_member(member, why, code))
}

/// What did not pass in one of several members.
fn invalid_member(member: &str, why: &str, code: &str) -> String {
    format!("'{member}': [ErrorDetail(string='{why}', code='{code}')]")
}

/// An id, which may also be a text.
fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(id) => id.as_u64(),
        Value::String(id) => id.parse().ok(),
        _ => None,
    }
}

type Outcome = Result<(Value, After), Refusal>;

fn data(data: Value) -> Outcome {
    Ok((data, After::Nothing))
}

fn done() -> Outcome {
    data(json!([]))
}

/// A request to an action.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub query: &'a BTreeMap<String, String>,
    /// The body's members. None, if the action wants no body.
    pub body: &'a Map<String, Value>,
    fault: Option<&'a Fault>,
}

impl Call<'_> {
    /// A member of the body that is text, or else nothing.
    fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A parameter of the query, or else nothing.
    fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Refuses a body without one of these members, naming all that are missing.
    fn wants(&self, members: &[&str]) -> Result<(), Refusal> {
        let missing = members.iter().filter(|name| !self.body.contains_key(**name));
        let missing: Vec<_> =
            missing.map(|name| invalid_member(name, "该字段是必填项。", "required")).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Refusal::Crash(format!("{{{}}}", missing.join(", ")))),
        }
    }

    fn has(&self, fault: &Fault) -> bool {
        self.fault == Some(fault)
    }
}

/// How the fake answers an action. All else about it is in the project's own table.
pub(crate) struct Route {
    path: &'static str,
    /// The codes of most actions are numbers; some have words, also for what nobody expected.
    has_word_codes: bool,
    run: fn(&mut World, &Call) -> Outcome,
}

const fn numbers(path: &'static str, run: fn(&mut World, &Call) -> Outcome) -> Route {
    Route { path, has_word_codes: false, run }
}

const fn words(path: &'static str, run: fn(&mut World, &Call) -> Outcome) -> Route {
    Route { has_word_codes: true, ..numbers(path, run) }
}

static ROUTES: &[Route] = &[
    numbers("create_ticket", create::create_ticket),
    words("get_tickets", search::get_tickets),
    numbers("get_tickets_by_user", search::get_tickets_by_user),
    words("get_ticket_status", read::status),
    words("get_ticket_info", read::info),
    words("get_ticket_logs", read::logs),
    words("ticket_approval_result", read::approval_result),
    numbers("callback_failed_ticket", |world, _| data(json!(world.failed))),
    numbers("token/verify", verify_token),
    numbers("operate_ticket", operate::operate_ticket),
    numbers("operate_node", operate::operate_node),
    numbers("approve", operate::approve),
    numbers("get_approver", read::approvers),
    numbers("get_approve_node_result", read::node_result),
    numbers("comment", operate::comment),
    numbers("add_follower", operate::add_follower),
    words("edit_field", operate::edit_field),
    numbers("get_services", services::services),
    numbers("get_service_detail", services::detail),
    numbers("get_service_catalogs", services::catalogs),
    numbers("get_service_roles", services::roles),
    words("get_workflow_detail", services::workflow_detail),
    numbers("create_service_catalog", services::create_catalog),
    numbers("import_service", services::import_service),
    numbers("update_service", services::update_service),
    numbers("proceed_approval", operate::proceed_approval),
    numbers("get_fast_approval_summary", read::fast_approval_summary),
];

/// What is published of an action.
#[derive(Clone, Copy)]
pub(crate) struct Published {
    pub path: &'static str,
    pub method: &'static str,
    /// Whether the gateway's resource file wants a verified user.
    pub wants_user: bool,
    pub ends_with_slash_at_a_gateway: bool,
    pub esb: Esb,
}

fn word(method: &Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}

/// The published actions that the fake has.
fn published() -> impl Iterator<Item = Published> {
    let used = ALL.iter().map(|entry| Published {
        path: entry.action.path,
        method: word(&entry.action.method),
        wants_user: entry.action.wants_user,
        ends_with_slash_at_a_gateway: entry.action.ends_with_slash_at_a_gateway(),
        esb: entry.action.esb,
    });
    let left_out = LEFT_OUT.iter().map(|action| Published {
        path: action.path,
        method: word(&action.method),
        wants_user: false,
        ends_with_slash_at_a_gateway: true,
        esb: Esb::Missing,
    });
    used.chain(left_out).filter(|action| route(action.path).is_some())
}

/// The action that a gateway publishes by a path, or the server itself has there.
pub(crate) fn at(path: &str) -> Option<Published> {
    published().find(|action| action.path == path)
}

/// The action that an ESB publishes by a path.
pub(crate) fn at_esb(path: &str, is_the_oldest: bool) -> Option<Published> {
    published().find(|action| match action.esb {
        Esb::Same => action.path == path,
        Esb::NotTheOldest => action.path == path && !is_the_oldest,
        Esb::At(other) => other == path,
        Esb::Missing => false,
    })
}

/// How the fake answers the action of a path.
pub(crate) fn route(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path)
}

/// The paths of all actions.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().map(|route| route.path)
}

/// The answer where there is no such action.
pub(crate) fn unknown() -> String {
    Refusal::Word("OBJECT_NOT_EXIST", "当前操作的对象不存在".into()).body(true)
}

/// The answer to a method that is not the action's.
pub(crate) fn wrong_method(method: &str) -> String {
    Refusal::Word("METHOD_NOT_ALLOWED", format!("方法 “{method}” 不被允许。")).body(true)
}

impl Route {
    /// Carries the action out. Gives the body of the answer, too.
    pub fn run(
        &self,
        world: &mut World,
        query: &BTreeMap<String, String>,
        body: &Result<Value, String>,
        fault: Option<&Fault>,
    ) -> (String, After) {
        let outcome = self.members(body).and_then(|body| {
            let call = Call { query, body: &body, fault };
            (self.run)(world, &call)
        });
        match outcome {
            Ok((data, after)) => {
                let body = json!({"result": true, "code": 0, "message": "success", "data": data});
                (body.to_string(), after)
            }
            Err(refusal) => (refusal.body(self.has_word_codes), After::Nothing),
        }
    }

    fn members(&self, body: &Result<Value, String>) -> Result<Map<String, Value>, Refusal> {
        let is_create = self.path == "create_ticket";
        let is_get = at(self.path).is_some_and(|action| action.method == "GET");
        match body {
            Ok(Value::Object(members)) => Ok(members.clone()),
            _ if is_get => Ok(Map::new()),
            Ok(Value::Null) if !is_create => Ok(Map::new()),
            Ok(other) => {
                let attribute = if is_create { "pop" } else { "get" };
                Err(Refusal::no_attribute(other, attribute))
            }
            Err(why) => Err(Refusal::crash(why)),
        }
    }
}

fn verify_token(_: &mut World, call: &Call) -> Outcome {
    match token::check(call.text("token")) {
        token::Check::Passed => data(json!({"is_passed": true})),
        token::Check::NotPassed => data(json!({"is_passed": false})),
        token::Check::Crash => {
            Err(Refusal::crash("ord() expected a character, but string of length 0 found"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, LEFT_OUT, ROUTES, route};

    #[test]
    fn the_fake_answers_the_actions_of_the_projects_table_and_no_others() {
        for entry in ALL {
            let path = entry.action.path;
            assert!(route(path).is_some(), "{path} has no route");
        }
        for route in ROUTES {
            let is_used = ALL.iter().any(|entry| entry.action.path == route.path);
            let is_left_out = LEFT_OUT.iter().any(|action| action.path == route.path);
            assert!(is_used || is_left_out, "{} is in no table", route.path);
        }
    }
}
