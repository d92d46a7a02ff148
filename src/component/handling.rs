use super::Component;
use super::bindings::exports::blueking::itsm::handling as wit;
use super::network::Network;
use super::operations::operate;
use super::types::all;
use crate::calls;
use crate::domain::action::OPERATE_NODE;
use crate::domain::operation::{self, Assignees};

type Done = Result<(), wit::Failure>;

impl wit::Guest for Component {
    fn approve(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        approver: String,
        approved: bool,
        remark: String,
    ) -> Done {
        Ok(calls::approve(
            &mut Network,
            &connection.into(),
            &sn,
            node_id,
            &approver,
            approved,
            &remark,
        )?)
    }

    fn transition(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        operator: String,
        fields: Vec<wit::Field>,
    ) -> Done {
        let parameters = operation::transition(&sn, node_id, &operator, &all(fields));
        operate(connection, &OPERATE_NODE, &sn, parameters)
    }

    fn claim(connection: wit::Connection, sn: String, node_id: u64, operator: String) -> Done {
        let parameters = operation::claim(&sn, node_id, &operator);
        operate(connection, &OPERATE_NODE, &sn, parameters)
    }

    fn distribute(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        operator: String,
        to: wit::Assignees,
    ) -> Done {
        let parameters = operation::distribute(&sn, node_id, &operator, &to.into());
        operate(connection, &OPERATE_NODE, &sn, parameters)
    }

    fn hand_over(
        connection: wit::Connection,
        sn: String,
        node_id: u64,
        operator: String,
        to: wit::Assignees,
        message: String,
    ) -> Done {
        let parameters = operation::hand_over(&sn, node_id, &operator, &to.into(), &message);
        operate(connection, &OPERATE_NODE, &sn, parameters)
    }

    fn edit_fields(
        connection: wit::Connection,
        sn: String,
        operator: String,
        fields: Vec<wit::Field>,
    ) -> Done {
        Ok(calls::edit_fields(&mut Network, &connection.into(), &sn, &operator, &all(fields))?)
    }
}

impl From<wit::Assignees> for Assignees {
    fn from(assignees: wit::Assignees) -> Self {
        match assignees {
            wit::Assignees::People(users) => Self::People(users),
            wit::Assignees::Others(group) => Self::Others { kind: group.kind, id: group.id },
        }
    }
}
