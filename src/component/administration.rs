//! The interface `administration`.

use super::generated::exports::blueking::itsm::administration as wit;
use super::{Component, client};

impl wit::Guest for Component {
    fn create_catalog(
        connection: wit::Connection,
        catalog_json: String,
    ) -> Result<String, wit::Failure> {
        Ok(client(connection).create_catalog(&catalog_json)?)
    }

    fn import_service(
        connection: wit::Connection,
        service_json: String,
    ) -> Result<String, wit::Failure> {
        Ok(client(connection).import_service(&service_json)?)
    }

    fn update_service(
        connection: wit::Connection,
        service_json: String,
    ) -> Result<String, wit::Failure> {
        Ok(client(connection).update_service(&service_json)?)
    }
}
