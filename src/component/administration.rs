use super::Component;
use super::bindings::exports::blueking::itsm::administration as wit;
use super::network::Network;
use crate::calls;
use crate::domain::action::{Action, CREATE_SERVICE_CATALOG, IMPORT_SERVICE, UPDATE_SERVICE};

impl wit::Guest for Component {
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

fn administer(
    connection: wit::Connection,
    action: &Action,
    json: &str,
) -> Result<String, wit::Failure> {
    let connection = connection.into();
    Ok(calls::administer(&mut Network, &connection, action, json)?)
}
