//! The interface `operations`.

use super::generated::exports::blueking::itsm::operations as wit;
use super::{Component, client};
use crate::domain::handling::TicketOperation;
use crate::domain::progress::NodeResult;

impl wit::Guest for Component {
    fn withdraw(
        connection: wit::Connection,
        sn: String,
        operator: String,
        message: String,
    ) -> Result<(), wit::Failure> {
        operate(connection, &sn, TicketOperation::Withdraw, &operator, &message)
    }

    fn terminate(
        connection: wit::Connection,
        sn: String,
        operator: String,
        message: String,
    ) -> Result<(), wit::Failure> {
        operate(connection, &sn, TicketOperation::Terminate, &operator, &message)
    }

    fn suspend(
        connection: wit::Connection,
        sn: String,
        operator: String,
        message: String,
    ) -> Result<(), wit::Failure> {
        operate(connection, &sn, TicketOperation::Suspend, &operator, &message)
    }

    fn resume(
        connection: wit::Connection,
        sn: String,
        operator: String,
        message: String,
    ) -> Result<(), wit::Failure> {
        operate(connection, &sn, TicketOperation::Resume, &operator, &message)
    }

    fn node_result(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
    ) -> Result<wit::NodeDecision, wit::Failure> {
        Ok(client(connection).node_result(&sn, node_id)?.into())
    }

    fn approvers(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
    ) -> Result<Vec<String>, wit::Failure> {
        Ok(client(connection).approvers(&sn, node_id)?)
    }

    fn rate(
        connection: wit::Connection,
        sn: String,
        operator: String,
        stars: u8,
        comments: String,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).rate(&sn, &operator, stars, &comments)?)
    }

    fn follow(
        connection: wit::Connection,
        sn: String,
        users: Vec<String>,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).follow(&sn, &users, true)?)
    }

    fn unfollow(
        connection: wit::Connection,
        sn: String,
        users: Vec<String>,
    ) -> Result<(), wit::Failure> {
        Ok(client(connection).follow(&sn, &users, false)?)
    }
}

fn operate(
    connection: wit::Connection,
    sn: &str,
    operation: TicketOperation,
    operator: &str,
    message: &str,
) -> Result<(), wit::Failure> {
    Ok(client(connection).operate_ticket(sn, operation, operator, message)?)
}

impl From<NodeResult> for wit::NodeDecision {
    fn from(result: NodeResult) -> Self {
        Self {
            name: result.name,
            processed_by: result.processed_by,
            approved: result.approved,
            remark: result.remark,
        }
    }
}
