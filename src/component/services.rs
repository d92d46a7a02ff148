//! The interface `services`.

use super::generated::exports::blueking::itsm::services as wit;
use super::types::all;
use super::{Component, client};
use crate::domain::service::{
    Catalog, NamedProcessors, Node, ResolveError, Service, ServiceFilter, ServiceForm,
};

impl wit::Guest for Component {
    fn list_services(
        connection: wit::Connection,
        filter: wit::ServiceFilter,
    ) -> Result<Vec<wit::ServiceSummary>, wit::Failure> {
        Ok(all(client(connection).list_services(filter.into())?))
    }

    fn form(
        connection: wit::Connection,
        service_id: u64,
    ) -> Result<wit::ServiceForm, wit::Failure> {
        Ok(client(connection).form(service_id)?.into())
    }

    fn list_catalogs(
        connection: wit::Connection,
        project_key: Option<String>,
        only_with_services: bool,
    ) -> Result<Vec<wit::Catalog>, wit::Failure> {
        Ok(all(client(connection).list_catalogs(project_key, only_with_services)?))
    }

    fn nodes(
        connection: wit::Connection,
        service_id: u64,
        ticket_creator: Option<String>,
    ) -> Result<Vec<wit::Node>, wit::Failure> {
        Ok(all(client(connection).nodes(service_id, ticket_creator)?))
    }

    fn resolve_processors(
        connection: wit::Connection,
        service_id: u64,
        named: Vec<wit::NamedProcessors>,
    ) -> Result<Vec<wit::NodeProcessors>, wit::ResolveError> {
        Ok(all(client(connection).resolve_processors(service_id, all(named))?))
    }

    fn workflow_detail(
        connection: wit::Connection,
        workflow_id: u64,
    ) -> Result<String, wit::Failure> {
        Ok(client(connection).workflow_detail(workflow_id)?)
    }
}

impl From<wit::ServiceFilter> for ServiceFilter {
    fn from(filter: wit::ServiceFilter) -> Self {
        Self {
            catalog_id: filter.catalog_id,
            kind: filter.kind,
            display_type: filter.display_type,
            display_role: filter.display_role,
        }
    }
}

impl From<wit::NamedProcessors> for NamedProcessors {
    fn from(named: wit::NamedProcessors) -> Self {
        Self { name: named.name, users: named.users }
    }
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

impl From<ResolveError> for wit::ResolveError {
    fn from(unresolved: ResolveError) -> Self {
        let candidates = |name, nodes: Vec<Node>| wit::Candidates { name, nodes: all(nodes) };
        match unresolved {
            ResolveError::Failed(failure) => Self::Failed(failure.into()),
            ResolveError::Unknown(name, nodes) => Self::UnknownName(candidates(name, nodes)),
            ResolveError::Ambiguous(name, nodes) => Self::AmbiguousName(candidates(name, nodes)),
            ResolveError::Ignoring(name, nodes) => Self::IgnoresProcessors(candidates(name, nodes)),
        }
    }
}
