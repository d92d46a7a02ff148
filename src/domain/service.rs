//! What tickets are requests for: catalogues, services, their forms and the nodes of their flows.

use super::failure::Failure;
use super::json::{Json, MAX_ROWS, Mismatch, Object};
use super::new_ticket::NodeProcessors;
use super::parameters::Parameters;
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
    /// Whether it says of itself that it is an approval's decision.
    pub decides: bool,
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
pub enum ResolveError {
    /// The nodes could not be read.
    Failed(Failure),
    /// No node has this name; these there are.
    Unknown(String, Vec<Node>),
    /// Several nodes have this name.
    Ambiguous(String, Vec<Node>),
    /// The node of this name ignores who is named for it.
    Ignoring(String, Vec<Node>),
}

impl From<Failure> for ResolveError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Which services. What is `None` does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    /// Of this catalogue.
    pub catalog_id: Option<u64>,
    /// Of this type, in ITSM's word.
    pub kind: Option<String>,
    /// Shown to users in this way, in ITSM's word.
    pub display_type: Option<String>,
    /// Shown to this role.
    pub display_role: Option<String>,
}

impl ServiceFilter {
    /// The parameters of get_services.
    pub fn parameters(self) -> Parameters {
        query([
            ("catalog_id", self.catalog_id.map(Value::from)),
            ("service_type", self.kind.map(Value::from)),
            ("display_type", self.display_type.map(Value::from)),
            ("display_role", self.display_role.map(Value::from)),
        ])
    }
}

/// The parameters of get_service_detail.
pub fn service(service_id: u64) -> Parameters {
    query([("service_id", Some(service_id.into()))])
}

/// The parameters of get_service_catalogs.
pub fn catalogs_of(project_key: Option<String>, only_with_services: bool) -> Parameters {
    query([
        ("project_key", project_key.map(Value::from)),
        ("has_service", only_with_services.then(|| "true".into())),
    ])
}

/// The parameters of get_service_roles, for all nodes: the first one too can be named like any other.
pub fn nodes_of(service_id: u64, ticket_creator: Option<String>) -> Parameters {
    query([
        ("service_id", Some(service_id.into())),
        ("ticket_creator", ticket_creator.map(Value::from)),
        ("all", Some(1.into())),
    ])
}

/// The parameters of get_workflow_detail.
pub fn workflow(workflow_id: u64) -> Parameters {
    query([("workflow_id", Some(workflow_id.into()))])
}

fn query<const N: usize>(parameters: [(&str, Option<Value>); N]) -> Parameters {
    let mut query = Parameters::new();
    for (name, value) in parameters {
        if let Some(value) = value {
            query.insert(name.to_owned(), value);
        }
    }
    query
}

/// Deeper trees than this are not what a server of ITSM holds.
const MAX_CATALOG_LEVELS: u32 = 32;

impl Service {
    /// The data of get_services' answer.
    pub fn decode_all(data: Json) -> Result<Vec<Self>, Mismatch> {
        data.rows("`data`", |row| Self::decode(&row.object("a service")?, "id"))
    }

    fn decode(row: &Object, id: &'static str) -> Result<Self, Mismatch> {
        Ok(Self {
            id: row.number(id)?,
            name: row.text("name")?,
            kind: row.text_or_nothing("service_type")?,
            description: row.text_or_nothing("desc")?,
        })
    }
}

impl ServiceForm {
    /// The data of get_service_detail's answer.
    pub fn decode(data: Json) -> Result<Self, Mismatch> {
        let row = data.object("`data`")?;
        Ok(Self {
            service: Service::decode(&row, "service_id")?,
            workflow_id: row.number("workflow_id")?,
            fields: row.get("fields")?.rows("`fields`", FormField::decode)?,
        })
    }
}

impl FormField {
    pub(super) fn decode(row: Json) -> Result<Self, Mismatch> {
        let row = row.object("a field")?;
        // A choice can also be another system's data of any shape: what is no key and name is left out.
        let read = |choice: Json| {
            let choice = choice.object("a choice").ok()?;
            let (key, name) = (choice.text("key").ok()?, choice.text("name").ok()?);
            Some(Choice { key, name })
        };
        let choices = match row.find("choice") {
            Some(given) if given.kind() == "an array" => {
                given.rows("`choice`", |choice| Ok(read(choice)))?
            }
            _ => Vec::new(),
        };
        let kind = row.text("type")?;
        let meta = row.find("meta").and_then(|meta| meta.object("").ok());
        let code = meta.and_then(|meta| meta.find("code")?.string());
        Ok(Self {
            // Sign-off nodes have the same code on a field of another type.
            decides: kind == "RADIO" && code.as_deref() == Some("APPROVE_RESULT"),
            key: row.text("key")?,
            name: row.text("name")?,
            kind,
            required: row.optional_text("validate_type")?.as_deref() == Some("REQUIRE"),
            choices: choices.into_iter().flatten().collect(),
        })
    }
}

impl Catalog {
    /// The data of get_service_catalogs' answer.
    pub fn decode_all(data: Json) -> Result<Vec<Self>, Mismatch> {
        let mut flat = Vec::new();
        Self::decode_level(data, None, 0, &mut flat)?;
        Ok(flat)
    }

    fn decode_level(
        rows: Json,
        parent_id: Option<u64>,
        depth: u32,
        flat: &mut Vec<Self>,
    ) -> Result<(), Mismatch> {
        if depth > MAX_CATALOG_LEVELS {
            return Err(Mismatch::of("the catalogues", "are nested too deep"));
        }
        rows.each_row("the catalogues", |row| {
            if flat.len() == MAX_ROWS {
                return Err(Mismatch::too_many("the tree", MAX_ROWS, "catalogues"));
            }
            let row = row.object("a catalogue")?;
            let id = row.number("id")?;
            flat.push(Self {
                id,
                parent_id,
                key: row.text_or_nothing("key")?,
                name: row.text("name")?,
                level: match row.optional_text("level")? {
                    Some(_) => u32::try_from(row.number("level")?)
                        .map_err(|_| Mismatch::member("level", "is too large"))?,
                    None => depth,
                },
                description: row.text_or_nothing("desc")?,
            });
            match row.find("children") {
                Some(children) => Self::decode_level(children, Some(id), depth + 1, flat),
                None => Ok(()),
            }
        })
    }
}

impl Node {
    /// The data of get_service_roles' answer.
    pub fn decode_all(data: Json) -> Result<Vec<Self>, Mismatch> {
        data.rows("`data`", |row| {
            let row = row.object("a node")?;
            Ok(Self {
                id: row.number("id")?,
                name: row.text("name")?,
                processors: row.users("processors")?,
                processors_type: row.text_or_nothing("processors_type")?,
                all_sign: row.optional_text("sign_type")?.as_deref() == Some("and"),
            })
        })
    }
}

/// The ids of the nodes in get_workflow_detail's answer at which a ticket's own processors change nothing:
/// those that are claimed or distributed first, sign-off nodes (recorded), and nodes that nobody handles.
pub fn decode_nodes_that_ignore_processors(data: Json) -> Result<Vec<u64>, Mismatch> {
    let mut ignoring = Vec::new();
    let flow = data.object("`data`")?;
    flow.get("states")?.each_row("`states`", |state| {
        let state = state.object("a node")?;
        let is_handled = matches!(state.text("type")?.as_str(), "NORMAL" | "APPROVAL");
        let is_given = state.text_or_nothing("distribute_type")? == "PROCESS";
        if !(is_handled && is_given) {
            ignoring.push(state.number("id")?);
        }
        Ok(())
    })?;
    Ok(ignoring)
}

/// The nodes' ids for their names. Names are compared exactly: the guide warns that a renamed node is
/// another node.
pub fn resolve(
    nodes: &[Node],
    ignoring: &[u64],
    named: Vec<NamedProcessors>,
) -> Result<Vec<NodeProcessors>, ResolveError> {
    named
        .into_iter()
        .map(|NamedProcessors { name, users }| {
            let of_that_name: Vec<_> = nodes.iter().filter(|node| node.name == name).collect();
            match of_that_name.as_slice() {
                [node] if ignoring.contains(&node.id) => {
                    Err(ResolveError::Ignoring(name, vec![(*node).clone()]))
                }
                [node] => Ok(NodeProcessors { node_id: node.id, users }),
                [] => Err(ResolveError::Unknown(name, nodes.to_vec())),
                several => Err(ResolveError::Ambiguous(
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

    fn json<T>(
        value: serde_json::Value,
        read: fn(Json) -> Result<T, Mismatch>,
    ) -> Result<T, String> {
        Ok(read(Json::parse(value.to_string().as_bytes())?)?)
    }

    fn nodes_of(value: serde_json::Value) -> Result<Vec<Node>, String> {
        json(value, Node::decode_all)
    }

    fn nodes() -> Vec<Node> {
        nodes_of(json!([
            {"id": 4, "name": "负责人审批", "processors": "ZHIDINGSHENPIREN", "processors_type": "VARIABLE", "sign_type": "or"},
            {"id": 5, "name": "管理员审批", "processors": "admin,bob", "processors_type": "PERSON", "sign_type": "and"},
            {"id": 6, "name": "管理员审批", "processors": "", "processors_type": "PERSON", "sign_type": "or"},
        ]))
        .unwrap()
    }

    fn named(name: &str) -> Vec<NamedProcessors> {
        vec![NamedProcessors { name: name.into(), users: vec!["carol".into()] }]
    }

    #[test]
    fn a_nodes_name_leads_to_its_id_or_to_the_candidates() {
        let resolved = resolve(&nodes(), &[], named("负责人审批")).unwrap();
        assert_eq!(
            (resolved[0].node_id, resolved[0].users.as_slice()),
            (4, &["carol".to_owned()][..])
        );
        assert_eq!(
            resolve(&nodes(), &[], named("总监审批")).err(),
            Some(ResolveError::Unknown("总监审批".into(), nodes()))
        );
        assert_eq!(
            resolve(&nodes(), &[], named("管理员审批")).err(),
            Some(ResolveError::Ambiguous("管理员审批".into(), nodes()[1..].to_vec()))
        );
        assert!(nodes()[1].all_sign);
    }

    #[test]
    fn a_node_that_ignores_its_processors_is_said_to() {
        let flow = json!({"states": [
            {"id": 3, "type": "NORMAL", "distribute_type": "PROCESS"},
            {"id": 4, "type": "APPROVAL", "distribute_type": "CLAIM_THEN_PROCESS"},
            {"id": 5, "type": "SIGN", "distribute_type": "PROCESS"},
            {"id": 6, "type": "WEBHOOK", "distribute_type": "PROCESS"},
            {"id": 7, "type": "APPROVAL", "distribute_type": "PROCESS"},
        ]});
        let ignoring = json(flow, decode_nodes_that_ignore_processors).unwrap();
        assert_eq!(ignoring, [4, 5, 6]);
        assert_eq!(
            resolve(&nodes(), &ignoring, named("负责人审批")).err(),
            Some(ResolveError::Ignoring("负责人审批".into(), nodes()[..1].to_vec()))
        );
    }

    #[test]
    fn catalogues_keep_their_tree_in_a_flat_list() {
        let flat = json(json!([{"id": 1, "key": "root", "name": "根目录", "level": 0, "desc": "", "children": [
            {"id": 9, "key": "A", "name": "a", "level": 1, "desc": "", "children": [{"id": 10, "key": "B", "name": "b"}]},
            {"id": 11, "key": "C", "name": "c", "level": 3, "children": []},
        ]}]), Catalog::decode_all)
        .unwrap();
        let tree: Vec<_> = flat.iter().map(|row| (row.id, row.parent_id, row.level)).collect();
        assert_eq!(tree, [(1, None, 0), (9, Some(1), 1), (10, Some(9), 2), (11, Some(1), 3)]);
    }

    #[test]
    fn catalogues_nested_without_end_are_refused() {
        let mut rows = json!([]);
        for id in 0..40 {
            rows = json!([{"id": id, "name": "n", "children": rows}]);
        }
        assert_eq!(
            json(rows, Catalog::decode_all),
            Err("the catalogues are nested too deep".into())
        );
    }
}
