use super::Component;
use super::bindings::exports::blueking::itsm::services as wit;
use super::network::Network;
use super::types::all;
use crate::calls::{self, ServiceFilter};
use crate::domain::action::{
    Action, GET_SERVICE_CATALOGS, GET_SERVICE_DETAIL, GET_SERVICE_ROLES, GET_SERVICES,
    GET_WORKFLOW_DETAIL,
};
use crate::domain::json::Json;
use crate::domain::service::{Catalog, NamedProcessors, Node, Service, ServiceForm, Unresolved};

impl wit::Guest for Component {
    fn list_services(
        connection: wit::Connection,
        filter: wit::ServiceFilter,
    ) -> Result<Vec<wit::ServiceSummary>, wit::Failure> {
        let filter = vec![
            ("catalog_id", filter.catalog_id.map(|id| id.to_string())),
            ("service_type", filter.kind),
            ("display_type", filter.display_type),
            ("display_role", filter.display_role),
        ];
        let services = ask(connection, &GET_SERVICES, filter, Service::read_all)?;
        Ok(all(services))
    }

    fn form(
        connection: wit::Connection,
        service_id: u64,
    ) -> Result<wit::ServiceForm, wit::Failure> {
        let filter = vec![("service_id", Some(service_id.to_string()))];
        Ok(ask(connection, &GET_SERVICE_DETAIL, filter, ServiceForm::read)?.into())
    }

    fn list_catalogs(
        connection: wit::Connection,
        project_key: Option<String>,
        only_with_services: bool,
    ) -> Result<Vec<wit::Catalog>, wit::Failure> {
        let filter = vec![
            ("project_key", project_key),
            ("has_service", only_with_services.then(|| "true".to_owned())),
        ];
        let catalogs = ask(connection, &GET_SERVICE_CATALOGS, filter, Catalog::read_all)?;
        Ok(all(catalogs))
    }

    fn nodes(
        connection: wit::Connection,
        service_id: u64,
        ticket_creator: Option<String>,
    ) -> Result<Vec<wit::Node>, wit::Failure> {
        let filter = vec![
            ("service_id", Some(service_id.to_string())),
            ("ticket_creator", ticket_creator),
            ("all", Some("1".to_owned())),
        ];
        let nodes = ask(connection, &GET_SERVICE_ROLES, filter, Node::read_all)?;
        Ok(all(nodes))
    }

    fn resolve_processors(
        connection: wit::Connection,
        service_id: u64,
        named: Vec<wit::NamedProcessors>,
    ) -> Result<Vec<wit::NodeProcessors>, wit::Unresolved> {
        let named = named
            .into_iter()
            .map(|named| NamedProcessors { name: named.name, users: named.users })
            .collect();
        let connection = connection.into();
        let resolved = calls::resolve_processors(&mut Network, &connection, service_id, named)
            .map_err(|failure| wit::Unresolved::Failed(failure.into()))??;
        Ok(all(resolved))
    }

    fn workflow_detail(
        connection: wit::Connection,
        workflow_id: u64,
    ) -> Result<String, wit::Failure> {
        let filter = vec![("workflow_id", Some(workflow_id.to_string()))];
        ask(connection, &GET_WORKFLOW_DETAIL, filter, |data| Ok(data.text().to_owned()))
    }
}

fn ask<R>(
    connection: wit::Connection,
    action: &Action,
    filter: ServiceFilter,
    read: fn(Json) -> Result<R, String>,
) -> Result<R, wit::Failure> {
    Ok(calls::service(&mut Network, &connection.into(), action, filter, read)?)
}

impl From<Service> for wit::ServiceSummary {
    fn from(service: Service) -> Self {
        Self {
            id: service.id,
            name: service.name,
            kind: service.kind,
            description: service.description,
        }
    }
}

impl From<ServiceForm> for wit::ServiceForm {
    fn from(detail: ServiceForm) -> Self {
        Self {
            service: detail.service.into(),
            workflow_id: detail.workflow_id,
            fields: all(detail.fields),
        }
    }
}

impl From<Catalog> for wit::Catalog {
    fn from(catalog: Catalog) -> Self {
        Self {
            id: catalog.id,
            parent_id: catalog.parent_id,
            key: catalog.key,
            name: catalog.name,
            level: catalog.level,
            description: catalog.description,
        }
    }
}

impl From<Node> for wit::Node {
    fn from(node: Node) -> Self {
        Self {
            id: node.id,
            name: node.name,
            processors: node.processors,
            processors_type: node.processors_type,
            all_sign: node.all_sign,
        }
    }
}

impl From<Unresolved> for wit::Unresolved {
    fn from(unresolved: Unresolved) -> Self {
        let candidates = |name, nodes: Vec<Node>| wit::Candidates { name, nodes: all(nodes) };
        match unresolved {
            Unresolved::Unknown(name, nodes) => Self::UnknownName(candidates(name, nodes)),
            Unresolved::Ambiguous(name, nodes) => Self::AmbiguousName(candidates(name, nodes)),
            Unresolved::Ignoring(name, nodes) => Self::IgnoresProcessors(candidates(name, nodes)),
        }
    }
}
