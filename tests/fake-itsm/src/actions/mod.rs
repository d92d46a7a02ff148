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

    /// An operation that is not possible now.
    fn sorry(why: &str) -> Self {
        Self::Crash(format!(
            "[ErrorDetail(string='抱歉，{why}', code='invalid')]"
        ))
    }

    fn body(self, has_word_codes: bool) -> String {
        let (code, message) = match self {
            Self::Number(code, message) => (json!(code), message),
            Self::Word(code, message) => (json!(code), message),
            Self::Crash(why) if has_word_codes => (json!("SERVER_500_ERROR"), why),
            Self::Crash(why) => (json!(3_900_004), format!("接口异常，请检查请求参数: {why}")),
        };
        json!({"result": false, "code": code, "data": null, "message": message}).to_string()
    }
}

fn invalid(member: &str, why: &str, code: &str) -> String {
    format!("{{'{member}': [ErrorDetail(string='{why}', code='{code}')]}}")
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
        self.body
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A parameter of the query, or else nothing.
    fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    fn has(&self, fault: &Fault) -> bool {
        self.fault == Some(fault)
    }
}

/// An action.
pub(crate) struct Route {
    name: &'static str,
    pub method: &'static str,
    /// Whether the gateway's resource file wants a proven user.
    pub wants_user: bool,
    /// The codes of most actions are numbers; some have words, also for what nobody expected.
    has_word_codes: bool,
    run: fn(&mut World, &Call) -> Outcome,
}

const fn get(name: &'static str, run: fn(&mut World, &Call) -> Outcome) -> Route {
    Route {
        name,
        method: "GET",
        wants_user: false,
        has_word_codes: false,
        run,
    }
}

const fn post(name: &'static str, run: fn(&mut World, &Call) -> Outcome) -> Route {
    Route {
        method: "POST",
        ..get(name, run)
    }
}

impl Route {
    const fn of_a_user(mut self) -> Self {
        self.wants_user = true;
        self
    }

    const fn with_words(mut self) -> Self {
        self.has_word_codes = true;
        self
    }
}

static ROUTES: [Route; 25] = [
    post("create_ticket", create::create_ticket),
    post("get_tickets", search::get_tickets).with_words(),
    get("get_tickets_by_user", search::get_tickets_by_user),
    get("get_ticket_status", read::status).with_words(),
    get("get_ticket_info", read::info).with_words(),
    get("get_ticket_logs", read::logs).with_words(),
    post("ticket_approval_result", read::approval_result)
        .of_a_user()
        .with_words(),
    get("callback_failed_ticket", |world, _| {
        data(json!(world.failed))
    })
    .of_a_user(),
    post("token/verify", verify_token),
    post("operate_ticket", operate::operate_ticket),
    post("operate_node", operate::operate_node),
    post("approve", operate::approve).of_a_user(),
    get("get_approver", read::approvers),
    get("get_approve_node_result", read::node_result),
    post("comment", operate::comment).of_a_user(),
    post("add_follower", operate::add_follower).of_a_user(),
    post("edit_field", operate::edit_field)
        .of_a_user()
        .with_words(),
    get("get_services", services::services),
    get("get_service_detail", services::detail),
    get("get_service_catalogs", services::catalogs),
    get("get_service_roles", services::roles).of_a_user(),
    get("get_workflow_detail", services::workflow_detail)
        .of_a_user()
        .with_words(),
    post("create_service_catalog", services::create_catalog),
    post("import_service", services::import_service),
    post("update_service", services::import_service),
];

/// The action of a name.
pub(crate) fn route(name: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.name == name)
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
            let call = Call {
                query,
                body: &body,
                fault,
            };
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
        let is_create = self.name == "create_ticket";
        match body {
            Ok(Value::Object(members)) => Ok(members.clone()),
            _ if self.method == "GET" => Ok(Map::new()),
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
        token::Check::Crash => Err(Refusal::crash(
            "ord() expected a character, but string of length 0 found",
        )),
    }
}
