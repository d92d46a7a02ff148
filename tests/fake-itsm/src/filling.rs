//! What goes into the form of a node, by way of the page or of an action.

use crate::flow::Node;
use crate::python;
use serde_json::{Value, json};

/// What somebody fills in on the page: a decision with its remark, and values for the author's own fields.
pub(crate) fn on_page(
    node: &Node,
    approved: bool,
    remark: &str,
    own: &[(String, Value)],
) -> Vec<(String, Value)> {
    let mut values = own.to_vec();
    for field in node.form() {
        let definition = field.definition;
        let is_given = own.iter().any(|(key, _)| *key == field.key);
        // An approval has a field for the remark of a yes, and another one for that of a no.
        let is_other_remark = node.kind.is_approval() && approved == definition.is_required;
        if definition.is_decision {
            values.push((field.key, json!(approved.to_string())));
        } else if !is_given && definition.choices.is_empty() && !is_other_remark {
            values.push((field.key, json!(remark)));
        }
    }
    values
}

/// What the action `approve` fills in: it takes the first field that is fit for the remark, whosever it is,
/// and nothing behind the next.
pub(crate) fn over_api(node: &Node, action: &Value, remark: &Value) -> Vec<(String, Value)> {
    let mut values = Vec::new();
    let mut is_remarked = false;
    for field in node.form() {
        if field.definition.is_decision {
            let action = match action {
                Value::String(_) => action.clone(),
                other => json!(python::repr(other)),
            };
            values.push((field.key, action));
            continue;
        }
        if is_remarked {
            break;
        }
        let is_fit = match action.as_str() {
            Some("true") => !field.definition.is_required,
            Some("false") => field.definition.is_required,
            _ => false,
        };
        if is_fit {
            is_remarked = true;
            values.push((field.key, remark.clone()));
        }
    }
    values
}
