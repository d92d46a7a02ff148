//! The lines of a ticket's log.

use crate::form;
use serde_json::{Value, json};

/// A line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub operator: String,
    pub at: String,
    pub message: String,
    pub source: &'static str,
    /// The node that it is about.
    pub node: Option<u64>,
    /// What was filled in, as the database has it: an object without members where there was no form.
    pub form: Value,
}

impl Entry {
    pub fn simple(&self) -> Value {
        json!({"operator": self.operator, "operate_at": self.at, "message": self.message, "source": self.source})
    }

    /// `kind` is ITSM's word for the node it is about. Without one, because it is about no node or because a
    /// way back deleted the node's record, the server shows the form as the database has it.
    pub fn complex(&self, kind: &str) -> Value {
        let form = match (&self.form, kind) {
            (Value::Array(fields), "NORMAL" | "APPROVAL" | "SIGN") => {
                fields.iter().map(form::shown).collect()
            }
            (form, _) => form.clone(),
        };
        json!({
            "operator": self.operator, "operate_at": self.at, "message": self.message, "source": self.source,
            "form_data": form, "from_state_type": kind,
        })
    }
}
