//! What an administrator makes: JSON text in, the data of the checked envelope out.

use super::Client;
use crate::domain::action::{Action, CREATE_SERVICE_CATALOG, IMPORT_SERVICE, UPDATE_SERVICE};
use crate::domain::argument::parse_object;
use crate::domain::failure::Failure;
use crate::transport::Transport;

impl<T: Transport> Client<T> {
    /// Makes a catalogue.
    pub fn create_catalog(&mut self, catalog_json: &str) -> Result<String, Failure> {
        self.administer(&CREATE_SERVICE_CATALOG, catalog_json)
    }

    /// Makes a service with its flow.
    pub fn import_service(&mut self, service_json: &str) -> Result<String, Failure> {
        self.administer(&IMPORT_SERVICE, service_json)
    }

    /// Replaces a service and its flow.
    pub fn update_service(&mut self, service_json: &str) -> Result<String, Failure> {
        self.administer(&UPDATE_SERVICE, service_json)
    }

    fn administer(&mut self, action: &Action, json: &str) -> Result<String, Failure> {
        let parameters = parse_object(action.argument, json)?;
        self.session()?.send_once(action, parameters, |data| Ok(data.text().to_owned()))
    }
}
