use super::Component;
use super::bindings::exports::blueking::itsm::operations as wit;
use super::network::Network;
use crate::calls;
use crate::core::action::{
    ADD_FOLLOWER, APPROVE, Action, COMMENT, EDIT_FIELD, OPERATE_NODE, OPERATE_TICKET,
};
use crate::core::failure::Failure;
use crate::core::new_ticket::Field;
use crate::core::operation::{self, TicketOperation};
use crate::core::state::NodeResult;
use serde_json::{Map, Value};

type Done = Result<(), wit::Failure>;

impl wit::Guest for Component {
    fn withdraw(
        connection: wit::Connection,
        sn: String,
        operator: String,
        message: String,
    ) -> Done {
        operate_ticket(
            connection,
            &sn,
            TicketOperation::Withdraw,
            &operator,
            &message,
        )
    }

    fn terminate(
        connection: wit::Connection,
        sn: String,
        operator: String,
        message: String,
    ) -> Done {
        operate_ticket(
            connection,
            &sn,
            TicketOperation::Terminate,
            &operator,
            &message,
        )
    }

    fn suspend(connection: wit::Connection, sn: String, operator: String, message: String) -> Done {
        operate_ticket(
            connection,
            &sn,
            TicketOperation::Suspend,
            &operator,
            &message,
        )
    }

    fn resume(connection: wit::Connection, sn: String, operator: String, message: String) -> Done {
        operate_ticket(
            connection,
            &sn,
            TicketOperation::Resume,
            &operator,
            &message,
        )
    }

    fn approve(
        connection: wit::Connection,
        sn: String,
        state_id: u64,
        approver: String,
        approved: bool,
        remark: String,
    ) -> Done {
        let parameters = operation::approve(&sn, state_id, &approver, approved, &remark);
        operate(connection, &APPROVE, &sn, parameters)
    }

    fn transition(
        connection: wit::Connection,
        sn: String,
        state_id: u64,
        operator: String,
        fields: Vec<wit::Field>,
    ) -> Done {
        let parameters = operation::transition(&sn, state_id, &operator, &all(fields));
        operate(connection, &OPERATE_NODE, &sn, parameters)
    }

    fn claim(connection: wit::Connection, sn: String, state_id: u64, operator: String) -> Done {
        let parameters = operation::claim(&sn, state_id, &operator);
        operate(connection, &OPERATE_NODE, &sn, parameters)
    }

    fn distribute(
        connection: wit::Connection,
        sn: String,
        state_id: u64,
        operator: String,
        users: Vec<String>,
    ) -> Done {
        let parameters = operation::distribute(&sn, state_id, &operator, &users);
        operate(connection, &OPERATE_NODE, &sn, parameters)
    }

    fn deliver(
        connection: wit::Connection,
        sn: String,
        state_id: u64,
        operator: String,
        users: Vec<String>,
        message: String,
    ) -> Done {
        let parameters = operation::deliver(&sn, state_id, &operator, &users, &message);
        operate(connection, &OPERATE_NODE, &sn, parameters)
    }

    fn node_result(
        connection: wit::Connection,
        sn: String,
        state_id: u64,
    ) -> Result<wit::NodeDecision, wit::Failure> {
        let result = calls::node_result(&mut Network, &connection.into(), &sn, state_id)?;
        Ok(result.into())
    }

    fn approvers(
        connection: wit::Connection,
        sn: String,
        state_id: u64,
    ) -> Result<Vec<String>, wit::Failure> {
        Ok(calls::approvers(
            &mut Network,
            &connection.into(),
            &sn,
            state_id,
        )?)
    }

    fn comment(
        connection: wit::Connection,
        sn: String,
        operator: String,
        stars: u8,
        comments: String,
    ) -> Done {
        let parameters = operation::comment(&sn, &operator, stars, &comments);
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

    fn edit_fields(
        connection: wit::Connection,
        sn: String,
        operator: String,
        fields: Vec<wit::Field>,
    ) -> Done {
        let parameters = operation::edit_fields(&sn, &operator, &all(fields));
        operate(connection, &EDIT_FIELD, &sn, parameters)
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

fn operate(
    connection: wit::Connection,
    action: &Action,
    sn: &str,
    parameters: Result<Map<String, Value>, Failure>,
) -> Done {
    Ok(calls::operate(
        &mut Network,
        &connection.into(),
        action,
        sn,
        parameters,
    )?)
}

fn all(fields: Vec<wit::Field>) -> Vec<Field> {
    fields.into_iter().map(Into::into).collect()
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
