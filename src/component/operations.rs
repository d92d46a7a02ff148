use super::Component;
use super::bindings::exports::blueking::itsm::operations as wit;
use super::network::Network;
use crate::calls;
use crate::domain::action::{ADD_FOLLOWER, Action, COMMENT, OPERATE_TICKET};
use crate::domain::failure::Failure;
use crate::domain::operation::{self, TicketOperation};
use crate::domain::progress::NodeResult;
use serde_json::{Map, Value};

type Done = Result<(), wit::Failure>;

impl wit::Guest for Component {
    fn withdraw(c: wit::Connection, sn: String, operator: String, message: String) -> Done {
        operate_ticket(c, &sn, TicketOperation::Withdraw, &operator, &message)
    }

    fn terminate(c: wit::Connection, sn: String, operator: String, message: String) -> Done {
        operate_ticket(c, &sn, TicketOperation::Terminate, &operator, &message)
    }

    fn suspend(c: wit::Connection, sn: String, operator: String, message: String) -> Done {
        operate_ticket(c, &sn, TicketOperation::Suspend, &operator, &message)
    }

    fn resume(c: wit::Connection, sn: String, operator: String, message: String) -> Done {
        operate_ticket(c, &sn, TicketOperation::Resume, &operator, &message)
    }

    fn node_result(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
    ) -> Result<wit::NodeDecision, wit::Failure> {
        let result = calls::node_result(&mut Network, &connection.into(), &sn, node_id)?;
        Ok(result.into())
    }

    fn approvers(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
    ) -> Result<Vec<String>, wit::Failure> {
        let connection = connection.into();
        Ok(calls::approvers(&mut Network, &connection, &sn, node_id)?)
    }

    fn rate(
        connection: wit::Connection,
        sn: String,
        operator: String,
        stars: u8,
        comments: String,
    ) -> Done {
        let parameters = operation::rate(&sn, &operator, stars, &comments);
        operate(connection, &COMMENT, &sn, parameters)
    }

    fn follow(connection: wit::Connection, sn: String, users: Vec<String>) -> Done {
        let parameters = operation::follow(&sn, &users, true);
        operate(connection, &ADD_FOLLOWER, &sn, parameters)
    }

    fn unfollow(connection: wit::Connection, sn: String, users: Vec<String>) -> Done {
        let parameters = operation::follow(&sn, &users, false);
        operate(connection, &ADD_FOLLOWER, &sn, parameters)
    }
}

fn operate_ticket(
    connection: wit::Connection,
    sn: &str,
    operation: TicketOperation,
    operator: &str,
    message: &str,
) -> Done {
    let parameters = operation::operate_ticket(sn, operation, operator, message);
    operate(connection, &OPERATE_TICKET, sn, parameters)
}

/// Sends a write about a ticket, from the parameters that the core made of its arguments.
pub(super) fn operate(
    connection: wit::Connection,
    action: &Action,
    sn: &str,
    parameters: Result<Map<String, Value>, Failure>,
) -> Done {
    let connection = connection.into();
    Ok(calls::operate(&mut Network, &connection, action, sn, parameters)?)
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
