//! Services with their flows, read from TOML.
//!
//! A file has `name`, and may have `description`, `kind` (`request`, `change`, `event` or `question`), `revocable`
//! (`until-handled` or `always`), `approves-for-creator` and `start`, the nodes that run first. Each `[[field]]` of
//! the form has `key`, `name` and `type`, and may have `required` and `choices`, which are pairs of a key and a name.
//!
//! Each `[[node]]` has `name`, `kind` and one of `users`, `creator = true` and `field`, a field of the form. It may
//! have `next`, the nodes that follow, and an approval `refusal`: `goes-on`, `terminates` or `goes-to NODE`. Further
//! members are `hand-over`, `terminate`, `claim-first`, `skip-without-users`, the `status` of an `ending` or a
//! `marking`, and `[[node.own-field]]`, which are fields as the form has them.

use crate::flow::{By, Condition, Kind, Node, Refusal, Revocable, Service, ServiceKind};
use crate::form::Definition;
use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// A service with its flow, as a file says it. `tests/fake-itsm/flows` has examples.
#[derive(Clone, Debug)]
pub struct Flow {
    name: String,
    file: String,
    text: String,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../flows/", $name, ".toml")))),*]
    };
}

const EMBEDDED: &[(&str, &str)] = embedded![
    "fast-approval",
    "two-levels",
    "countersign-all",
    "countersign-half",
    "parallel",
    "terminate-on-refusal",
    "handler-only",
    "people-field",
    "own-radio-field",
    "webhook-node",
    "custom-ending",
];

impl Flow {
    /// The text of a file. Errors name the file so.
    pub fn new(file: &str, text: &str) -> Self {
        let stem = Path::new(file).file_stem().map_or(file.into(), |stem| stem.to_string_lossy());
        Self { name: stem.into_owned(), file: file.to_owned(), text: text.to_owned() }
    }

    /// One that comes with the program by its name, or else the file at a path.
    pub fn find(name_or_path: &str) -> Result<Self> {
        if let Some((name, text)) = EMBEDDED.iter().find(|(name, _)| *name == name_or_path) {
            return Ok(Self::new(&format!("{name}.toml"), text));
        }
        let text = std::fs::read_to_string(name_or_path).with_context(|| {
            let names: Vec<_> = Self::embedded().collect();
            format!(
                "no file {name_or_path}, and no flow of this name: there are {}",
                names.join(", ")
            )
        })?;
        Ok(Self::new(name_or_path, &text))
    }

    /// The names of those that come with the program.
    pub fn embedded() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// The name: the file's, without its ending.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service. It is never freed: services live as long as the program.
    pub(crate) fn read(&self, id: u64) -> Result<&'static Service> {
        let read = || -> Result<Service, Wrong> {
            let file: File = toml::from_str(&self.text).map_err(|error| {
                Wrong(error.span().unwrap_or_default(), error.message().to_owned())
            })?;
            service(id, file)
        };
        let service = read().map_err(|Wrong(at, what)| {
            let line = self.text.get(..at.start).unwrap_or_default().matches('\n').count() + 1;
            anyhow!("{}:{line}: {what}", self.file)
        })?;
        Ok(Box::leak(Box::new(service)))
    }
}

/// Where something is wrong, and what.
struct Wrong(Range<usize>, String);

fn wrong<T, V>(at: &Spanned<T>, what: impl Into<String>) -> Result<V, Wrong> {
    Err(Wrong(at.span(), what.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: Spanned<String>,
    #[serde(default)]
    description: String,
    #[serde(default = "request")]
    kind: ServiceKind,
    #[serde(default = "until_handled")]
    revocable: Revocable,
    #[serde(default)]
    approves_for_creator: bool,
    /// The nodes that run first. Without it, the first one does.
    #[serde(default)]
    start: Vec<Spanned<String>>,
    #[serde(default, rename = "field")]
    fields: Vec<Spanned<FieldRow>>,
    #[serde(default, rename = "node")]
    nodes: Vec<Spanned<NodeRow>>,
}

fn request() -> ServiceKind {
    ServiceKind::Request
}

fn until_handled() -> Revocable {
    Revocable::UntilHandled
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FieldRow {
    key: Spanned<String>,
    name: Spanned<String>,
    #[serde(rename = "type")]
    kind: Spanned<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    choices: Vec<Spanned<(String, String)>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NodeRow {
    name: Spanned<String>,
    kind: Spanned<KindRow>,
    users: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    creator: bool,
    field: Option<Spanned<String>>,
    #[serde(default)]
    next: Vec<Spanned<String>>,
    refusal: Option<Spanned<String>>,
    status: Option<Spanned<String>>,
    #[serde(default)]
    hand_over: bool,
    #[serde(default)]
    terminate: bool,
    #[serde(default)]
    claim_first: bool,
    #[serde(default)]
    skip_without_users: bool,
    #[serde(default, rename = "own-field")]
    own_fields: Vec<Spanned<FieldRow>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum KindRow {
    Approval,
    CountersignAll,
    CountersignHalf,
    CountersignTwo,
    SignOff,
    Handler,
    Webhook,
    Ending,
    Marking,
}

/// The types that fields can have.
const TYPES: [&str; 20] = [
    "STRING",
    "TEXT",
    "INT",
    "DATE",
    "DATETIME",
    "LINK",
    "SELECT",
    "INPUTSELECT",
    "MULTISELECT",
    "CHECKBOX",
    "RADIO",
    "MEMBER",
    "MEMBERS",
    "COMPLEX-MEMBERS",
    "RICHTEXT",
    "FILE",
    "TABLE",
    "CUSTOMTABLE",
    "TREESELECT",
    "CUSTOM-FORM",
];

fn leaked(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

fn not_blank(text: &Spanned<String>, what: &str) -> Result<&'static str, Wrong> {
    match text.get_ref().trim() {
        "" => wrong(text, format!("{what} is blank")),
        trimmed => Ok(leaked(trimmed)),
    }
}

fn service(id: u64, file: File) -> Result<Service, Wrong> {
    let name = not_blank(&file.name, "the name")?;
    let form = fields(&file.fields, &["title", "current_status"])?;
    let first_node = id * 100;
    let mut ids = BTreeMap::new();
    for (row, id) in file.nodes.iter().zip(first_node + 1..) {
        let name = &row.get_ref().name;
        if ids.insert(not_blank(name, "the node's name")?, id).is_some() {
            return wrong(name, format!("two nodes have the name {:?}", name.get_ref()));
        }
    }
    let id_of = |name: &Spanned<String>| match ids.get(name.get_ref().as_str()) {
        Some(id) => Ok(*id),
        None => wrong(name, format!("there is no node {:?}", name.get_ref())),
    };
    let mut nodes = Vec::new();
    for row in &file.nodes {
        nodes.push(node(row, form, &id_of)?);
    }
    let Some(first) = nodes.first() else {
        return wrong(&file.name, "the flow has no node");
    };
    let mut starts = file.start.iter().map(id_of).collect::<Result<Vec<_>, _>>()?;
    if starts.is_empty() {
        starts.push(first.id);
    }
    // A ticket goes to as many nodes as come first.
    nodes.sort_by_key(|node| !starts.contains(&node.id));
    let service = Service {
        id,
        name,
        description: leaked(&file.description),
        kind: file.kind,
        first_node,
        nodes: Vec::leak(nodes),
        parallel: starts.len(),
        revocable: file.revocable,
        approves_for_creator: file.approves_for_creator,
        form,
        ..Service::empty()
    };
    check_ways(&service, &file.nodes)?;
    Ok(service)
}

fn fields(
    rows: &[Spanned<FieldRow>],
    taken: &[&str],
) -> Result<&'static [(&'static str, Definition)], Wrong> {
    let mut fields: Vec<(&'static str, Definition)> = Vec::new();
    for row in rows {
        let FieldRow { key, name, kind, required, choices } = row.get_ref();
        let known = not_blank(key, "the field's key")?;
        if taken.contains(&known) || fields.iter().any(|(key, _)| *key == known) {
            return wrong(key, format!("two fields have the key {known:?}"));
        }
        let Some(kind) = TYPES.iter().find(|known| *known == kind.get_ref()) else {
            let types = TYPES.join(", ");
            return wrong(
                kind,
                format!("there is no type {:?}: there are {types}", kind.get_ref()),
            );
        };
        if choices.is_empty() && matches!(*kind, "SELECT" | "RADIO") {
            return wrong(row, format!("the field {known:?} has nothing to choose from"));
        }
        let mut chosen: Vec<(&'static str, &'static str)> = Vec::new();
        for choice in choices {
            let (key, name) = choice.get_ref();
            if chosen.iter().any(|(other, _)| other == key) {
                return wrong(choice, format!("two choices have the key {key:?}"));
            }
            chosen.push((leaked(key), leaked(name)));
        }
        let name = not_blank(name, "the field's name")?;
        let definition = Definition::of(kind, name).choosing(Vec::leak(chosen));
        fields.push((known, if *required { definition.required() } else { definition }));
    }
    Ok(Vec::leak(fields))
}

fn node(
    row: &Spanned<NodeRow>,
    form: &[(&str, Definition)],
    id_of: &impl Fn(&Spanned<String>) -> Result<u64, Wrong>,
) -> Result<Node, Wrong> {
    let NodeRow { name, kind: kind_row, .. } = row.get_ref();
    let what = format!("the node {:?}", name.get_ref());
    let status = |status: &Option<Spanned<String>>| match status {
        Some(status) => not_blank(status, "the status"),
        None => wrong(row, format!("{what} needs a status")),
    };
    let kind = match kind_row.get_ref() {
        KindRow::Approval => Kind::Approval(Condition::Any),
        KindRow::CountersignAll => Kind::Approval(Condition::All),
        KindRow::CountersignHalf => Kind::Approval(Condition::Half),
        KindRow::CountersignTwo => Kind::Approval(Condition::Two),
        KindRow::SignOff => Kind::SignOff,
        KindRow::Handler => Kind::Handler,
        KindRow::Webhook => Kind::Webhook,
        KindRow::Ending => Kind::Ending(status(&row.get_ref().status)?),
        KindRow::Marking => Kind::Marking(status(&row.get_ref().status)?),
    };
    if let (Some(status), false) =
        (&row.get_ref().status, matches!(kind, Kind::Ending(_) | Kind::Marking(_)))
    {
        return wrong(
            status,
            format!("{what} is neither an ending nor a marking, and has no status"),
        );
    }
    let NodeRow { users, creator, field, .. } = row.get_ref();
    let needs_nobody = matches!(kind, Kind::Webhook | Kind::Ending(_));
    let by = match (users, creator, field) {
        (Some(users), false, None) => By::People(people(users)?),
        (None, true, None) => By::Creator,
        (None, false, Some(field)) => match form.iter().find(|(key, _)| key == field.get_ref()) {
            Some((key, _)) => By::Field(leaked(key)),
            None => return wrong(field, format!("the form has no field {:?}", field.get_ref())),
        },
        (None, false, None) if needs_nobody || row.get_ref().skip_without_users => By::People(""),
        (None, false, None) => {
            return wrong(row, format!("{what} has no processors: give users, creator or field"));
        }
        _ => {
            let why = format!("{what} has processors twice: give one of users, creator and field");
            return wrong(row, why);
        }
    };
    let refusal = match &row.get_ref().refusal {
        None => Refusal::GoesOn,
        Some(said) if !kind.is_approval() => {
            return wrong(said, format!("{what} is no approval, and nobody refuses there"));
        }
        Some(said) => match said.get_ref().as_str() {
            "goes-on" => Refusal::GoesOn,
            "terminates" => Refusal::Terminates,
            other => match other.strip_prefix("goes-to ") {
                Some(node) => Refusal::GoesTo(id_of(&Spanned::new(said.span(), node.to_owned()))?),
                None => {
                    let why =
                        format!("a refusal is goes-on, terminates or goes-to NODE, not {other:?}");
                    return wrong(said, why);
                }
            },
        },
    };
    let next = row.get_ref().next.iter().map(id_of).collect::<Result<Vec<_>, _>>()?;
    Ok(Node {
        next: Vec::leak(next),
        refusal,
        may_be_handed_over: row.get_ref().hand_over,
        may_be_terminated: row.get_ref().terminate,
        is_claimed_first: row.get_ref().claim_first,
        is_skipped_without_processor: row.get_ref().skip_without_users,
        own_fields: fields(&row.get_ref().own_fields, &[])?,
        ..Node::new(id_of(name)?, leaked(name.get_ref().trim()), kind, by)
    })
}

/// Names joined by commas.
fn people(users: &Spanned<Vec<String>>) -> Result<&'static str, Wrong> {
    let is_name = |name: &String| !name.is_empty() && !name.contains([',', ' ']);
    match users.get_ref().iter().find(|name| !is_name(name)) {
        Some(name) => wrong(users, format!("{name:?} is no user's name")),
        None if users.get_ref().is_empty() => wrong(users, "the list of users is empty"),
        None => Ok(leaked(&users.get_ref().join(","))),
    }
}

/// Every node can be come to, no branches meet, and a way back always leads over somebody.
fn check_ways(service: &Service, rows: &[Spanned<NodeRow>]) -> Result<(), Wrong> {
    let ways_to = |id: u64| {
        let starts = service.starts().into_iter();
        let ways = service.nodes.iter().flat_map(|node| node.next.iter().copied());
        starts.chain(ways).filter(|to| *to == id).count()
    };
    let branches = service.parallel > 1 || service.nodes.iter().any(|node| node.next.len() > 1);
    for (row, id) in rows.iter().zip(service.first_node + 1..) {
        let name = &row.get_ref().name;
        if service.distance(id).is_none() {
            return wrong(name, format!("no way leads to the node {:?}", name.get_ref()));
        }
        if branches && ways_to(id) > 1 {
            return wrong(
                name,
                format!(
                    "two branches meet at the node {:?}, which the fake can't do",
                    name.get_ref()
                ),
            );
        }
        let mut at = vec![id];
        let mut seen = Vec::new();
        while let Some(node) = at.pop().and_then(|id| service.node(id)) {
            let by_itself = node.kind == Kind::Webhook || node.is_skipped_without_processor;
            if !by_itself || seen.contains(&node.id) {
                continue;
            }
            seen.push(node.id);
            at.extend(node.next);
            if node.next.contains(&id) {
                return wrong(
                    name,
                    format!("nobody stops the way from the node {:?} back to it", name.get_ref()),
                );
            }
        }
    }
    Ok(())
}
