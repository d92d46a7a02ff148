use super::Component;
use super::bindings::exports::blueking::itsm::tickets as wit;
use super::network::Network;
use crate::calls;
use crate::core::secret::Secret;

impl wit::Guest for Component {
    fn new_operation_id() -> String {
        calls::new_operation_id(&mut Network)
    }

    fn create(
        connection: wit::Connection,
        ticket: wit::NewTicket,
    ) -> Result<wit::CreatedTicket, wit::Failure> {
        let created = calls::create(&mut Network, &connection.into(), &ticket.into())?;
        Ok(created.into())
    }

    fn confirm(
        connection: wit::Connection,
        sn: String,
        operation_id: Option<String>,
    ) -> Result<wit::Confirmation, wit::Failure> {
        let confirmation = calls::confirm(
            &mut Network,
            &connection.into(),
            &sn,
            operation_id.as_deref(),
        )?;
        Ok(confirmation.into())
    }

    fn approval_results(
        connection: wit::Connection,
        sns: Vec<String>,
    ) -> Result<Vec<wit::ApprovalResult>, wit::Failure> {
        let results = calls::approval_results(&mut Network, &connection.into(), &sns)?;
        Ok(results.into_iter().map(Into::into).collect())
    }

    fn verify_token(connection: wit::Connection, token: String) -> Result<bool, wit::Failure> {
        let token = Secret::new(token);
        Ok(calls::verify_token(
            &mut Network,
            &connection.into(),
            &token,
        )?)
    }

    fn failed_callbacks(
        connection: wit::Connection,
        among: Vec<String>,
    ) -> Result<Vec<String>, wit::Failure> {
        Ok(calls::failed_callbacks(
            &mut Network,
            &connection.into(),
            &among,
        )?)
    }
}
