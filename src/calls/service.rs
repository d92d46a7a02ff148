use super::results::parameters;
use super::session::Session;
use crate::domain::action::{Action, GET_SERVICE_DETAIL, GET_SERVICE_ROLES, GET_WORKFLOW_DETAIL};
use crate::domain::connection::Connection;
use crate::domain::failure::Failure;
use crate::domain::json::Json;
use crate::domain::new_ticket::{NodeProcessors, read_json};
use crate::domain::service::{
    NamedProcessors, Node, ServiceForm, Unresolved, read_nodes_that_ignore_processors, resolve,
};
use crate::transport::Transport;
use serde_json::{Map, Value};

/// What narrows a question about services: the action's own parameters, those given.
pub type ServiceFilter = Vec<(&'static str, Option<String>)>;

/// Asks about services; `read` makes of the data what the caller wants.
pub fn service<R>(
    transport: &mut impl Transport,
    connection: &Connection,
    action: &Action,
    filter: ServiceFilter,
    read: fn(Json) -> Result<R, String>,
) -> Result<R, Failure> {
    let given =
        filter.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Session::open(transport, connection, [])?.query(action, given.collect(), read)
}

/// The nodes' ids for users who are given by the nodes' names.
pub fn resolve_processors(
    transport: &mut impl Transport,
    connection: &Connection,
    service_id: u64,
    named: Vec<NamedProcessors>,
) -> Result<Result<Vec<NodeProcessors>, Unresolved>, Failure> {
    let mut asked = parameters("service_id", service_id.into());
    // The first node too: it can be named like any other.
    asked.insert("all".to_owned(), 1.into());
    let mut session = Session::open(transport, connection, [])?;
    let nodes = session.query(&GET_SERVICE_ROLES, asked, Node::read_all)?;
    // Not everybody may read a flow, and the gateway's published address of it leads nowhere: what is not
    // told is not held against a node.
    let ignoring = nodes_that_ignore_processors(&mut session, service_id).unwrap_or_default();
    Ok(resolve(&nodes, &ignoring, named))
}

fn nodes_that_ignore_processors<T: Transport>(
    session: &mut Session<T>,
    service_id: u64,
) -> Result<Vec<u64>, Failure> {
    let form = session.send_once(
        &GET_SERVICE_DETAIL,
        parameters("service_id", service_id.into()),
        ServiceForm::read,
    )?;
    session.send_once(
        &GET_WORKFLOW_DETAIL,
        parameters("workflow_id", form.workflow_id.into()),
        read_nodes_that_ignore_processors,
    )
}

/// A write of an administrator: JSON text in, the data of the checked envelope out.
pub fn administer(
    transport: &mut impl Transport,
    connection: &Connection,
    action: &Action,
    json: &str,
) -> Result<String, Failure> {
    let parameters: Map<String, Value> = match read_json(action.argument, json)? {
        Value::Object(members) => members,
        _ => return Err(Failure::argument(action.argument, "must be an object")),
    };
    Session::open(transport, connection, [])?
        .send_once(action, parameters, |data| Ok(data.text().to_owned()))
}
