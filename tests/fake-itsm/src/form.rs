//! The fields of forms, and the ways in which ITSM shows them.

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
    /// Whether it holds an approval's decision.
    pub is_decision: bool,
}

impl Definition {
    pub const TITLE: Self = Self {
        description: "请输入标题",
        ..Self::string("标题")
    };
    pub const DECISION: Self = Self {
        is_decision: true,
        choices: &[("true", "通过"), ("false", "拒绝")],
        ..Self::new("RADIO", "审批意见")
    };
    pub const SIGNATURE: Self = Self {
        kind: "SELECT",
        name: "会签意见",
        ..Self::DECISION
    };
    pub const YES_REMARK: Self = Self::text("备注").optional();
    pub const NO_REMARK: Self = Self::text("备注");

    const fn new(kind: &'static str, name: &'static str) -> Self {
        Self {
            kind,
            name,
            description: "",
            is_required: true,
            choices: &[],
            is_decision: false,
        }
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

    /// A choice whose keys look like a decision's.
    pub const fn radio(name: &'static str) -> Self {
        Self {
            choices: &[("true", "是"), ("false", "否")],
            ..Self::new("RADIO", name)
        }
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
}

/// The members of a field that most answers show.
const SHOWN: [&str; 7] = [
    "id",
    "key",
    "type",
    "name",
    "desc",
    "value",
    "display_value",
];

impl Field {
    pub fn numbered(first: u64, node: Option<u64>, fields: Vec<(String, Definition)>) -> Vec<Self> {
        let numbered = (first..).zip(fields);
        let field = |(id, (key, definition))| Self {
            id,
            key,
            node,
            definition,
        };
        numbered.map(field).collect()
    }

    fn display(&self, value: &Value) -> Value {
        let chosen = |(key, _): &&(&str, &str)| value == key;
        match self.definition.choices.iter().find(chosen) {
            Some((_, name)) => json!(name),
            None if value.is_null() => json!(""),
            None => value.clone(),
        }
    }

    fn choices(&self) -> Value {
        let choice = |(key, name): &(&str, &str)| json!({"key": key, "name": name});
        self.definition.choices.iter().map(choice).collect()
    }

    fn validation(&self) -> &'static str {
        if self.definition.is_required {
            "REQUIRE"
        } else {
            "OPTION"
        }
    }

    fn meta(&self) -> Value {
        if self.definition.is_decision {
            json!({"code": "APPROVE_RESULT"})
        } else {
            json!({})
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
            "name": self.definition.name, "value": value, "display": true, "display_value": self.display(value),
            "related_fields": {}, "meta": self.meta(), "source_type": "CUSTOM", "source_uri": "", "kv_relation": {},
            "validate_type": self.validation(), "api_instance_id": 0, "regex": if is_title { "EMPTY" } else { "" },
            "regex_config": {}, "custom_regex": "", "default": "", "desc": self.definition.description, "tips": "",
            "is_tips": false, "layout": "COL_12", "is_valid": true, "is_builtin": is_title, "ticket_id": ticket,
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

    /// The field as a running node asks for it.
    pub fn asked(&self) -> Value {
        let source = if self.key == "title" {
            "TABLE"
        } else {
            "CUSTOM"
        };
        json!({
            "id": self.id, "is_readonly": false, "source_type": "CUSTOM", "source_uri": "", "api_instance_id": 0,
            "type": self.definition.kind, "key": self.key, "name": self.definition.name,
            "validate_type": self.validation(), "regex": "EMPTY", "regex_config": {}, "custom_regex": "",
            "desc": self.definition.description, "choice": self.choices(), "meta": self.meta(),
            "workflow_id": self.id / 100, "state_id": self.state_id().map_or(json!(""), |id| json!(id)), "source": source,
        })
    }
}

/// A raw field, without what most answers leave out.
pub(crate) fn shown(raw: &Value) -> Value {
    let shown = SHOWN
        .iter()
        .map(|&name| (name.to_owned(), raw[name].clone()));
    Value::Object(shown.collect::<Map<_, _>>())
}
