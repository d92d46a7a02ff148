//! What tickets are requests for: catalogues, services, their forms and the nodes of their flows.

use super::json::{self, Object};
use super::new_ticket::NodeProcessors;
use super::text;
use serde_json::Value;

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its type, in ITSM's word.
    pub kind: String,
    /// What it is for.
    pub description: String,
}

/// A field of a service's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its type, in ITSM's word.
    pub kind: String,
    /// Whether a ticket must fill it.
    pub required: bool,
    /// What can be chosen.
    pub choices: Vec<Choice>,
}

/// What can be chosen in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value to send.
    pub key: String,
    /// What people see.
    pub name: String,
}

/// A service with its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceForm {
    /// The service.
    pub service: Service,
    /// Its flow.
    pub workflow_id: u64,
    /// Its form.
    pub fields: Vec<FormField>,
}

/// A catalogue. The tree is flat here: a catalogue comes after the one it lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Its id.
    pub id: u64,
    /// The one it lies in.
    pub parent_id: Option<u64>,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its depth, from 0.
    pub level: u32,
    /// What is in it.
    pub description: String,
}

/// A node of a service's flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Who handles it: users, or what names them.
    pub processors: Vec<String>,
    /// What kind of names those are, in ITSM's word.
    pub processors_type: String,
    /// Whether all of them have to sign.
    pub all_sign: bool,
}

/// Users for a node that is known by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedProcessors {
    /// The node's name.
    pub name: String,
    /// Who is to handle it.
    pub users: Vec<String>,
}

/// Why a name leads to no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// No node has this name; these there are.
    Unknown(String, Vec<Node>),
    /// Several nodes have this name.
    Ambiguous(String, Vec<Node>),
}

/// Deeper trees than this are not what a server of ITSM holds.
const MAX_CATALOG_LEVELS: u32 = 32;

impl Service {
    /// The data of get_services' answer.
    pub fn read_all(data: &Value) -> Result<Vec<Self>, String> {
        json::rows(data, "`data`")?
            .iter()
            .map(|row| Self::read(&Object::of(row, "a service")?, "id"))
            .collect()
    }

    fn read(row: &Object, id: &str) -> Result<Self, String> {
        Ok(Self {
            id: row.number(id)?,
            name: row.text("name")?,
            kind: row.optional_text("service_type")?.unwrap_or_default(),
            description: row.optional_text("desc")?.unwrap_or_default(),
        })
    }
}

impl ServiceForm {
    /// The data of get_service_detail's answer.
    pub fn read(data: &Value) -> Result<Self, String> {
        let row = Object::of(data, "`data`")?;
        let fields = json::rows(row.get("fields")?, "`fields`")?;
        Ok(Self {
            service: Service::read(&row, "service_id")?,
            workflow_id: row.number("workflow_id")?,
            fields: fields
                .iter()
                .map(FormField::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl FormField {
    pub(super) fn read(row: &Value) -> Result<Self, String> {
        let row = Object::of(row, "a field")?;
        let choices = match row.get("choice") {
            Ok(Value::Array(choices)) => choices.as_slice(),
            _ => &[],
        };
        // A choice can also be another system's data of any shape: what is no key and name is left out.
        let choices = choices.iter().filter_map(|choice| {
            let choice = Object::of(choice, "a choice").ok()?;
            Some(Choice {
                key: choice.text("key").ok()?,
                name: choice.text("name").ok()?,
            })
        });
        Ok(Self {
            key: row.text("key")?,
            name: row.text("name")?,
            kind: row.text("type")?,
            required: row.optional_text("validate_type")?.as_deref() == Some("REQUIRE"),
            choices: choices.collect(),
        })
    }
}

impl Catalog {
    /// The data of get_service_catalogs' answer.
    pub fn read_all(data: &Value) -> Result<Vec<Self>, String> {
        let mut flat = Vec::new();
        Self::read_level(data, None, 0, &mut flat)?;
        Ok(flat)
    }

    fn read_level(
        rows: &Value,
        parent_id: Option<u64>,
        depth: u32,
        flat: &mut Vec<Self>,
    ) -> Result<(), String> {
        if depth > MAX_CATALOG_LEVELS {
            return Err("the catalogues are nested too deep".to_owned());
        }
        for row in json::rows(rows, "the catalogues")? {
            let row = Object::of(row, "a catalogue")?;
            let id = row.number("id")?;
            flat.push(Self {
                id,
                parent_id,
                key: row.optional_text("key")?.unwrap_or_default(),
                name: row.text("name")?,
                level: depth,
                description: row.optional_text("desc")?.unwrap_or_default(),
            });
            if let Ok(children) = row.get("children") {
                Self::read_level(children, Some(id), depth + 1, flat)?;
            }
        }
        Ok(())
    }
}

impl Node {
    /// The data of get_service_roles' answer.
    pub fn read_all(data: &Value) -> Result<Vec<Self>, String> {
        let read = |row: &Value| {
            let row = Object::of(row, "a node")?;
            Ok(Self {
                id: row.number("id")?,
                name: row.text("name")?,
                processors: text::users(&row.optional_text("processors")?.unwrap_or_default()),
                processors_type: row.optional_text("processors_type")?.unwrap_or_default(),
                all_sign: row.optional_text("sign_type")?.as_deref() == Some("and"),
            })
        };
        json::rows(data, "`data`")?.iter().map(read).collect()
    }
}

/// The nodes' ids for their names. Names are compared exactly: the guide warns that a renamed node is
/// another node.
pub fn resolve(
    nodes: &[Node],
    named: Vec<NamedProcessors>,
) -> Result<Vec<NodeProcessors>, Unresolved> {
    named
        .into_iter()
        .map(|NamedProcessors { name, users }| {
            let of_that_name: Vec<_> = nodes.iter().filter(|node| node.name == name).collect();
            match of_that_name.as_slice() {
                [node] => Ok(NodeProcessors {
                    node_id: node.id,
                    users,
                }),
                [] => Err(Unresolved::Unknown(name, nodes.to_vec())),
                several => Err(Unresolved::Ambiguous(
                    name,
                    several.iter().map(|&node| node.clone()).collect(),
                )),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn nodes() -> Vec<Node> {
        Node::read_all(&json!([
            {"id": 4, "name": "负责人审批", "processors": "ZHIDINGSHENPIREN", "processors_type": "VARIABLE", "sign_type": "or"},
            {"id": 5, "name": "管理员审批", "processors": "admin,bob", "processors_type": "PERSON", "sign_type": "and"},
            {"id": 6, "name": "管理员审批", "processors": "", "processors_type": "PERSON", "sign_type": "or"},
        ]))
        .unwrap()
    }

    fn named(name: &str) -> Vec<NamedProcessors> {
        vec![NamedProcessors {
            name: name.into(),
            users: vec!["carol".into()],
        }]
    }

    #[test]
    fn a_nodes_name_leads_to_its_id_or_to_the_candidates() {
        let resolved = resolve(&nodes(), named("负责人审批")).unwrap();
        assert_eq!(
            (resolved[0].node_id, resolved[0].users.as_slice()),
            (4, &["carol".to_owned()][..])
        );
        assert_eq!(
            resolve(&nodes(), named("总监审批")).err(),
            Some(Unresolved::Unknown("总监审批".into(), nodes()))
        );
        assert_eq!(
            resolve(&nodes(), named("管理员审批")).err(),
            Some(Unresolved::Ambiguous(
                "管理员审批".into(),
                nodes()[1..].to_vec()
            ))
        );
        assert!(nodes()[1].all_sign);
    }

    #[test]
    fn catalogues_keep_their_tree_in_a_flat_list() {
        let flat = Catalog::read_all(&json!([{"id": 1, "key": "root", "name": "根目录", "level": 0, "desc": "", "children": [
            {"id": 9, "key": "A", "name": "a", "level": 1, "desc": "", "children": [{"id": 10, "key": "B", "name": "b"}]},
            {"id": 11, "key": "C", "name": "c", "children": []},
        ]}]))
        .unwrap();
        let tree: Vec<_> = flat
            .iter()
            .map(|row| (row.id, row.parent_id, row.level))
            .collect();
        assert_eq!(
            tree,
            [
                (1, None, 0),
                (9, Some(1), 1),
                (10, Some(9), 2),
                (11, Some(1), 1)
            ]
        );
    }

    #[test]
    fn catalogues_nested_without_end_are_refused() {
        let mut rows = json!([]);
        for id in 0..40 {
            rows = json!([{"id": id, "name": "n", "children": rows}]);
        }
        assert_eq!(
            Catalog::read_all(&rows),
            Err("the catalogues are nested too deep".into())
        );
    }
}
