//! What tickets can be made for.

use super::Client;
use crate::domain::action::{
    Action, GET_SERVICE_CATALOGS, GET_SERVICE_DETAIL, GET_SERVICE_ROLES, GET_SERVICES,
    GET_WORKFLOW_DETAIL,
};
use crate::domain::failure::Failure;
use crate::domain::json::{Json, Mismatch};
use crate::domain::new_ticket::NodeProcessors;
use crate::domain::parameters::Parameters;
use crate::domain::service::{
    Catalog, NamedProcessors, Node, ResolveError, Service, ServiceFilter, ServiceForm, catalogs_of,
    decode_nodes_that_ignore_processors, nodes_of, resolve, service, workflow,
};
use crate::transport::Transport;

impl<T: Transport> Client<T> {
    /// The services that pass a filter.
    pub fn list_services(&mut self, filter: ServiceFilter) -> Result<Vec<Service>, Failure> {
        self.ask_services(&GET_SERVICES, filter.parameters(), Service::decode_all)
    }

    /// A service with its form.
    pub fn form(&mut self, service_id: u64) -> Result<ServiceForm, Failure> {
        self.ask_services(&GET_SERVICE_DETAIL, service(service_id), ServiceForm::decode)
    }

    /// The tree of catalogues.
    pub fn list_catalogs(
        &mut self,
        project_key: Option<String>,
        only_with_services: bool,
    ) -> Result<Vec<Catalog>, Failure> {
        let parameters = catalogs_of(project_key, only_with_services);
        self.ask_services(&GET_SERVICE_CATALOGS, parameters, Catalog::decode_all)
    }

    /// The nodes of a service's flow.
    pub fn nodes(
        &mut self,
        service_id: u64,
        ticket_creator: Option<String>,
    ) -> Result<Vec<Node>, Failure> {
        let parameters = nodes_of(service_id, ticket_creator);
        self.ask_services(&GET_SERVICE_ROLES, parameters, Node::decode_all)
    }

    /// A flow in full, as JSON text.
    pub fn workflow_detail(&mut self, workflow_id: u64) -> Result<String, Failure> {
        let decode = |data: Json| Ok(data.text().to_owned());
        self.ask_services(&GET_WORKFLOW_DETAIL, workflow(workflow_id), decode)
    }

    /// The nodes' ids for users who are given by the nodes' names.
    pub fn resolve_processors(
        &mut self,
        service_id: u64,
        named: Vec<NamedProcessors>,
    ) -> Result<Vec<NodeProcessors>, ResolveError> {
        let mut session = self.session()?;
        let all = nodes_of(service_id, None);
        let mut nodes = session.question(&GET_SERVICE_ROLES, all, Node::decode_all)?;
        let service = service(service_id);
        let mut form = session.question(&GET_SERVICE_DETAIL, service, ServiceForm::decode)?;
        session.ask(&mut [&mut nodes, &mut form]);
        let nodes = nodes.answer?;
        // Not everybody may read a flow, and the gateway's published address of it leads nowhere: what is
        // not told is not held against a node.
        let ignoring = form.answer.and_then(|form| {
            let flow = workflow(form.workflow_id);
            let decode = decode_nodes_that_ignore_processors;
            session.send_once(&GET_WORKFLOW_DETAIL, flow, decode)
        });
        let ignoring = ignoring.unwrap_or_default();
        resolve(&nodes, &ignoring, named)
    }

    fn ask_services<R>(
        &mut self,
        action: &Action,
        parameters: Parameters,
        decode: impl Fn(Json) -> Result<R, Mismatch>,
    ) -> Result<R, Failure> {
        self.session()?.query(action, parameters, decode)
    }
}
