use super::Component;
use super::bindings::exports::blueking::itsm::services as wit;
use super::network::Network;
use crate::calls::{self, ServiceFilter};
use crate::core::action::{
    Action, CREATE_SERVICE_CATALOG, GET_SERVICE_CATALOGS, GET_SERVICE_DETAIL, GET_SERVICE_ROLES,
    GET_SERVICES, GET_WORKFLOW_DETAIL, IMPORT_SERVICE, UPDATE_SERVICE,
};
use crate::core::service::{
    Catalog, FormField, NamedProcessors, Role, Service, ServiceDetail, Unresolved,
};
use serde_json::Value;

impl wit::Guest for Component {
    fn services(
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
        Ok(services.into_iter().map(Into::into).collect())
    }

    fn detail(
        connection: wit::Connection,
        service_id: u64,
    ) -> Result<wit::ServiceDetail, wit::Failure> {
        let filter = vec![("service_id", Some(service_id.to_string()))];
        Ok(ask(connection, &GET_SERVICE_DETAIL, filter, ServiceDetail::read)?.into())
    }

    fn catalogs(
        connection: wit::Connection,
        project_key: Option<String>,
        only_with_services: bool,
    ) -> Result<Vec<wit::Catalog>, wit::Failure> {
        let filter = vec![
            ("project_key", project_key),
            ("has_service", only_with_services.then(|| "true".to_owned())),
        ];
        let catalogs = ask(connection, &GET_SERVICE_CATALOGS, filter, Catalog::read_all)?;
        Ok(catalogs.into_iter().map(Into::into).collect())
    }

    fn roles(
        connection: wit::Connection,
        service_id: u64,
        ticket_creator: Option<String>,
    ) -> Result<Vec<wit::Role>, wit::Failure> {
        let filter = vec![
            ("service_id", Some(service_id.to_string())),
            ("ticket_creator", ticket_creator),
            ("all", Some("1".to_owned())),
        ];
        let roles = ask(connection, &GET_SERVICE_ROLES, filter, Role::read_all)?;
        Ok(roles.into_iter().map(Into::into).collect())
    }

    fn resolve_processors(
        connection: wit::Connection,
        service_id: u64,
        named: Vec<wit::NamedProcessors>,
    ) -> Result<Vec<wit::Processors>, wit::Unresolved> {
        let named = named
            .into_iter()
            .map(|named| NamedProcessors {
                name: named.name,
                users: named.users,
            })
            .collect();
        let connection = connection.into();
        let resolved = calls::resolve_processors(&mut Network, &connection, service_id, named)
            .map_err(|failure| wit::Unresolved::Failed(failure.into()))??;
        Ok(resolved
            .into_iter()
            .map(|node| wit::Processors {
                state_id: node.state_id,
                users: node.users,
            })
            .collect())
    }

    fn workflow_detail(
        connection: wit::Connection,
        workflow_id: u64,
    ) -> Result<String, wit::Failure> {
        let filter = vec![("workflow_id", Some(workflow_id.to_string()))];
        ask(connection, &GET_WORKFLOW_DETAIL, filter, |data| {
            Ok(data.to_string())
        })
    }

    fn create_catalog(
        connection: wit::Connection,
        catalog_json: String,
    ) -> Result<String, wit::Failure> {
        administer(connection, &CREATE_SERVICE_CATALOG, &catalog_json)
    }

    fn import_service(
        connection: wit::Connection,
        service_json: String,
    ) -> Result<String, wit::Failure> {
        administer(connection, &IMPORT_SERVICE, &service_json)
    }

    fn update_service(
        connection: wit::Connection,
        service_json: String,
    ) -> Result<String, wit::Failure> {
        administer(connection, &UPDATE_SERVICE, &service_json)
    }
}

fn ask<R>(
    connection: wit::Connection,
    action: &Action,
    filter: ServiceFilter,
    read: fn(&Value) -> Result<R, String>,
) -> Result<R, wit::Failure> {
    Ok(calls::service(
        &mut Network,
        &connection.into(),
        action,
        filter,
        read,
    )?)
}

fn administer(
    connection: wit::Connection,
    action: &Action,
    json: &str,
) -> Result<String, wit::Failure> {
    Ok(calls::administer(
        &mut Network,
        &connection.into(),
        action,
        json,
    )?)
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

impl From<ServiceDetail> for wit::ServiceDetail {
    fn from(detail: ServiceDetail) -> Self {
        Self {
            service: detail.service.into(),
            workflow_id: detail.workflow_id,
            fields: detail.fields.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<FormField> for wit::FormField {
    fn from(field: FormField) -> Self {
        Self {
            key: field.key,
            name: field.name,
            kind: field.kind,
            required: field.required,
            choices: field.choices,
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

impl From<Role> for wit::Role {
    fn from(role: Role) -> Self {
        Self {
            state_id: role.state_id,
            name: role.name,
            processors: role.processors,
            processors_type: role.processors_type,
            all_sign: role.all_sign,
        }
    }
}

impl From<Unresolved> for wit::Unresolved {
    fn from(unresolved: Unresolved) -> Self {
        let candidates = |name, roles: Vec<Role>| wit::Candidates {
            name,
            roles: roles.into_iter().map(Into::into).collect(),
        };
        match unresolved {
            Unresolved::Unknown(name, roles) => Self::UnknownName(candidates(name, roles)),
            Unresolved::Ambiguous(name, roles) => Self::AmbiguousName(candidates(name, roles)),
        }
    }
}
