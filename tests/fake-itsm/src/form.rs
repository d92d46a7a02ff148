//! The fields of forms, and the ways in which ITSM shows them.

use crate::python;
use crate::text;
use serde_json::{Map, Value, json};

/// What a field is, whatever its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition {
    /// Its type, in ITSM's word.
    pub kind: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub is_required: bool,
    /// What can be chosen: keys with names.
    pub choices: &'static [(&'static str, &'static str)],
    /// The same where a choice is more than a key with a name, as JSON.
    pub choices_json: &'static str,
    /// Its settings, as JSON.
    pub meta_json: &'static str,
    pub regex: &'static str,
    /// The rule that it was saved with, as JSON.
    pub rule_json: &'static str,
    pub layout: &'static str,
    pub is_displayed: bool,
    /// Whether it holds an approval's decision.
    pub is_decision: bool,
}

impl Definition {
    pub const TITLE: Self =
        Self { description: "请输入标题", regex: "EMPTY", ..Self::string("标题") };
    pub const DECISION: Self = Self {
        is_decision: true,
        choices: &[("true", "通过"), ("false", "拒绝")],
        ..Self::new("RADIO", "审批意见")
    };
    pub const DECISION_IN_ENGLISH: Self = Self {
        name: "Approval suggestion",
        choices: &[("true", "Approve"), ("false", "Reject")],
        ..Self::DECISION
    };
    /// The ticket's status, which its kind makes a field of the ticket.
    pub const STATUS: Self = Self {
        choices: &[
            ("RUNNING", "处理中"),
            ("SUSPENDED", "挂起"),
            ("FINISHED", "已完成"),
            ("TERMINATED", "已终止"),
            ("REVOKED", "已撤销"),
        ],
        ..Self::select("工单状态", "请选择工单状态")
    };
    pub const SIGNATURE: Self = Self { kind: "SELECT", name: "会签意见", ..Self::DECISION };
    pub const YES_REMARK: Self = Self::text("备注").optional();
    pub const NO_REMARK: Self = Self::text("备注");

    const fn new(kind: &'static str, name: &'static str) -> Self {
        Self {
            kind,
            name,
            description: "",
            is_required: true,
            choices: &[],
            choices_json: "",
            meta_json: "",
            regex: "",
            rule_json: "",
            layout: "COL_12",
            is_displayed: true,
            is_decision: false,
        }
    }

    /// A field of any type, which may stay empty.
    pub const fn of(kind: &'static str, name: &'static str) -> Self {
        Self::new(kind, name).optional()
    }

    pub const fn select(name: &'static str, description: &'static str) -> Self {
        Self::of("SELECT", name).described(description)
    }

    pub const fn string(name: &'static str) -> Self {
        Self::new("STRING", name)
    }

    pub const fn text(name: &'static str) -> Self {
        Self::new("TEXT", name)
    }

    pub const fn members(name: &'static str) -> Self {
        Self::new("MEMBERS", name)
    }

    pub const fn optional(mut self) -> Self {
        self.is_required = false;
        self
    }

    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub const fn described(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    pub const fn choosing(mut self, choices: &'static [(&'static str, &'static str)]) -> Self {
        self.choices = choices;
        self
    }

    pub const fn choosing_json(mut self, choices: &'static str) -> Self {
        self.choices_json = choices;
        self
    }

    /// As the page saves a field that no rule is made for.
    pub const fn with_rule(mut self) -> Self {
        self.regex = "EMPTY";
        self.rule_json = r#"{"rule":{"expressions":[],"type":"and"}}"#;
        self
    }

    /// As the built-in approval's text is laid out.
    pub const fn laid_out_small(mut self) -> Self {
        self.layout = "COL_6";
        self.is_displayed = false;
        self
    }

    pub const fn with_meta(mut self, meta: &'static str) -> Self {
        self.meta_json = meta;
        self
    }

    /// A choice whose keys look like a decision's.
    pub const fn radio(name: &'static str) -> Self {
        Self { choices: &[("true", "是"), ("false", "否")], ..Self::new("RADIO", name) }
    }
}

/// A field of a form.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub id: u64,
    pub key: String,
    /// The node of its form.
    pub node: Option<u64>,
    pub definition: Definition,
    /// Whether the server has lost the names of its choices: it overwrites what a form offers by what comes
    /// with a request over the API, which is nothing.
    pub lost_choices: bool,
}

/// The members of a field that most answers show.
const SHOWN: [&str; 7] = ["id", "key", "type", "name", "desc", "value", "display_value"];

impl Field {
    pub fn numbered(first: u64, node: Option<u64>, fields: Vec<(String, Definition)>) -> Vec<Self> {
        let numbered = (first..).zip(fields);
        let field =
            |(id, (key, definition))| Self { id, key, node, definition, lost_choices: false };
        numbered.map(field).collect()
    }

    fn display(&self, value: &Value) -> Value {
        let chosen = |(key, _): &&(&str, &str)| value == key;
        let mut choices = self.definition.choices.iter();
        match choices.find(chosen).filter(|_| !self.lost_choices) {
            Some((_, name)) => json!(name),
            // What was typed in is looked for among the choices that are lost.
            None if value.is_null() => json!(""),
            None if self.lost_choices && self.definition.kind == "INPUTSELECT" => Value::Null,
            None => value.clone(),
        }
    }

    fn choices(&self) -> Value {
        if let Ok(choices) = serde_json::from_str(self.definition.choices_json) {
            return choices;
        }
        let choice = |(key, name): &(&str, &str)| json!({"key": key, "name": name});
        self.definition.choices.iter().map(choice).collect()
    }

    fn rule(&self) -> Value {
        serde_json::from_str(self.definition.rule_json).unwrap_or(json!({}))
    }

    fn validation(&self) -> &'static str {
        if self.definition.is_required { "REQUIRE" } else { "OPTION" }
    }

    fn meta(&self) -> Value {
        if self.definition.is_decision {
            json!({"code": "APPROVE_RESULT"})
        } else {
            serde_json::from_str(self.definition.meta_json).unwrap_or(json!({}))
        }
    }

    /// The title belongs to the ticket, and to no node.
    fn state_id(&self) -> Option<u64> {
        self.node.filter(|_| self.key != "title")
    }

    /// The field with a value, as the database has it. `ticket` is the ticket's id, `at` its time.
    pub fn raw(&self, value: &Value, ticket: u64, at: &str) -> Value {
        let is_title = self.key == "title";
        json!({
            "id": self.id, "key": self.key, "type": self.definition.kind, "choice": self.choices(),
            "name": self.definition.name, "value": value, "display": self.definition.is_displayed, "display_value": self.display(value),
            "related_fields": {}, "meta": self.meta(), "source_type": "CUSTOM", "source_uri": "", "kv_relation": {},
            "validate_type": self.validation(), "api_instance_id": 0, "regex": self.definition.regex,
            "regex_config": self.rule(), "custom_regex": "", "default": "", "desc": self.definition.description, "tips": "",
            "is_tips": false, "layout": self.definition.layout, "is_valid": true, "is_builtin": is_title, "ticket_id": ticket,
            "state_id": self.state_id().map(|id| id.to_string()).unwrap_or_default(), "show_conditions": {},
            "show_type": 1, "is_readonly": false, "source": if is_title { "BASE-MODEL" } else { "CUSTOM" },
            "workflow_field_id": self.id, "creator": null, "create_at": at, "updated_by": null, "update_at": at,
            "end_at": null, "workflow_id": self.id / 100, "show_result": true,
        })
    }

    /// The field with a value, as forms that were filled in are shown.
    pub fn filled(&self, value: &Value) -> Value {
        shown(&self.raw(value, 0, ""))
    }

    /// What the database has for it before anybody fills it in.
    pub fn preset(&self) -> Value {
        match self.definition.is_decision {
            true => json!("true"),
            false => Value::Null,
        }
    }

    /// What the worker stores of a value: numbers and, where the type has no columns or schemes, lists and
    /// objects become texts as Python writes them.
    pub fn stored(&self, value: &Value, rewrites_texts: bool) -> Value {
        let kind = self.definition.kind;
        match value {
            Value::String(text) if rewrites_texts && !matches!(kind, "TEXT" | "FILE") => {
                json!(text::filtered(text))
            }
            Value::String(_) | Value::Null => value.clone(),
            other if matches!(kind, "TABLE" | "CUSTOMTABLE" | "CUSTOM-FORM") => other.clone(),
            other => json!(python::repr(other)),
        }
    }

    /// The field as a service offers it.
    pub fn offered(&self) -> Value {
        json!({
            "id": self.id, "key": self.key, "type": self.definition.kind, "default": "", "name": self.definition.name,
            "desc": self.definition.description, "choice": self.choices(), "layout": self.definition.layout,
            "source_type": "CUSTOM", "source_uri": "", "api_instance_id": 0, "kv_relation": {},
            "validate_type": self.validation(), "regex": self.definition.regex, "regex_config": self.rule(),
            "custom_regex": "", "meta": self.meta(), "show_type": 1, "show_conditions": {},
        })
    }

    /// The field as a running node asks for it.
    pub fn asked(&self) -> Value {
        let source = if self.key == "title" { "TABLE" } else { "CUSTOM" };
        json!({
            "id": self.id, "is_readonly": false, "source_type": "CUSTOM", "source_uri": "", "api_instance_id": 0,
            "type": self.definition.kind, "key": self.key, "name": self.definition.name,
            "validate_type": self.validation(), "regex": self.definition.regex, "regex_config": self.rule(),
            "custom_regex": "",
            "desc": self.definition.description, "choice": self.choices(), "meta": self.meta(),
            "workflow_id": self.id / 100, "state_id": self.state_id().map_or(json!(""), |id| json!(id)), "source": source,
        })
    }
}

/// A raw field, without what most answers leave out.
pub(crate) fn shown(raw: &Value) -> Value {
    let shown = SHOWN.iter().map(|&name| (name.to_owned(), raw[name].clone()));
    Value::Object(shown.collect::<Map<_, _>>())
}
