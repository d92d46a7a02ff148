//! The interface `tickets`.

use super::generated::exports::blueking::itsm::tickets as wit;
use super::network::Network;
use super::types::all;
use super::{Component, client};
use crate::calls::new_id;
use crate::domain::explanation::Ending;
use crate::domain::secret::Secret;
use crate::domain::{progress, search};

impl wit::Guest for Component {
    fn new_operation_id() -> String {
        new_id(&mut Network)
    }

    fn new_tag() -> String {
        new_id(&mut Network)
    }

    fn create(
        connection: wit::Connection,
        ticket: wit::NewTicket,
    ) -> Result<wit::CreatedTicket, wit::Failure> {
        let created = client(connection).create(&ticket.into())?;
        Ok(created.into())
    }

    fn confirm(
        connection: wit::Connection,
        sn: String,
        tag: String,
    ) -> Result<wit::Confirmation, wit::Failure> {
        let tag = Secret::new(tag);
        Ok(client(connection).confirm(&sn, &tag)?.into())
    }

    fn confirm_own(
        connection: wit::Connection,
        sn: String,
    ) -> Result<wit::Confirmation, wit::Failure> {
        Ok(client(connection).confirm_own(&sn)?.into())
    }

    fn recover(
        connection: wit::Connection,
        ticket: wit::NewTicket,
    ) -> Result<wit::Recovery, wit::Failure> {
        Ok(client(connection).recover(&ticket.into())?.into())
    }

    fn reconcile(
        connection: wit::Connection,
        sns: Vec<String>,
    ) -> Result<Vec<wit::Confirmed>, wit::Failure> {
        let confirmed = client(connection).reconcile(&sns)?;
        Ok(confirmed
            .into_iter()
            .map(|(sn, confirmation)| wit::Confirmed { sn, confirmation: confirmation.into() })
            .collect())
    }

    fn approval_results(
        connection: wit::Connection,
        sns: Vec<String>,
    ) -> Result<Vec<wit::ApprovalResult>, wit::Failure> {
        let results = client(connection).approval_results(&sns)?;
        Ok(all(results))
    }

    fn verify_token(connection: wit::Connection, token: String) -> Result<bool, wit::Failure> {
        let token = Secret::new(token);
        Ok(client(connection).verify_token(&token)?)
    }

    fn failed_callbacks(
        connection: wit::Connection,
        among: Vec<String>,
    ) -> Result<Vec<String>, wit::Failure> {
        Ok(client(connection).failed_callbacks(&among)?)
    }

    fn search(
        connection: wit::Connection,
        filter: wit::TicketFilter,
        page: u32,
        page_size: u32,
    ) -> Result<wit::TicketPage, wit::Failure> {
        let found = client(connection).search(&filter.into(), page, page_size)?;
        Ok(wit::TicketPage {
            tickets: all(found.tickets),
            page: found.page,
            pages: found.pages,
            total: found.total,
        })
    }

    fn search_by_user(
        connection: wit::Connection,
        user: String,
        view: wit::UserView,
        filter: wit::UserFilter,
        page: u32,
        page_size: u32,
    ) -> Result<wit::UserTicketPage, wit::Failure> {
        let found = client(connection).search_by_user(
            &user,
            view.into(),
            &filter.into(),
            page,
            page_size,
        )?;
        Ok(wit::UserTicketPage {
            tickets: all(found.tickets),
            page: found.page,
            pages: found.pages,
            total: found.total,
        })
    }

    fn status(connection: wit::Connection, sn: String) -> Result<wit::TicketStatus, wit::Failure> {
        let status = client(connection).status(&sn)?;
        Ok(wit::TicketStatus {
            status: status.status,
            running: all(status.running),
            allowed_actions: status.allowed_actions,
            ticket_url: status.ticket_url,
        })
    }

    fn info(connection: wit::Connection, sn: String) -> Result<wit::TicketInfo, wit::Failure> {
        let info = client(connection).info(&sn)?;
        Ok(wit::TicketInfo {
            ticket: info.ticket.into(),
            running: all(info.running),
            fields: all(info.fields),
        })
    }

    fn log(connection: wit::Connection, sn: String) -> Result<Vec<wit::LogEntry>, wit::Failure> {
        let log = client(connection).log(&sn)?;
        Ok(all(log))
    }

    fn explain(connection: wit::Connection, sn: String) -> Result<wit::Explanation, wit::Failure> {
        let explained = client(connection).explain(&sn)?;
        Ok(wit::Explanation {
            ticket: explained.ticket.into(),
            ending: explained.ending.into(),
            decisions: all(explained.decisions),
            waiting_for: all(explained.waiting_for),
            words: explained.words,
        })
    }
}

impl From<wit::TicketFilter> for search::Filter {
    fn from(filter: wit::TicketFilter) -> Self {
        Self {
            sns: filter.sns,
            creator: filter.creator,
            tag: filter.tag.map(Secret::new),
            project_key: filter.project_key,
            service_ids: filter.service_ids,
            bk_biz_ids: filter.bk_biz_ids,
            statuses: filter.statuses,
            created_from: filter.created_from,
            created_to: filter.created_to,
            ended_from: filter.ended_from,
            ended_to: filter.ended_to,
            waiting_for: filter.waiting_for,
        }
    }
}

impl From<wit::UserFilter> for search::UserFilter {
    fn from(filter: wit::UserFilter) -> Self {
        Self {
            service_id: filter.service_id,
            catalog_id: filter.catalog_id,
            created_from: filter.created_from,
            created_to: filter.created_to,
        }
    }
}

impl From<wit::UserView> for search::View {
    fn from(view: wit::UserView) -> Self {
        match view {
            wit::UserView::Todo => Self::Todo,
            wit::UserView::Created => Self::Created,
            wit::UserView::History => Self::History,
            wit::UserView::Dealt => Self::Dealt,
            wit::UserView::Attention => Self::Attention,
            wit::UserView::Approval => Self::Approval,
        }
    }
}

impl From<search::UserTicket> for wit::UserTicket {
    fn from(ticket: search::UserTicket) -> Self {
        Self {
            sn: ticket.sn,
            id: ticket.id,
            title: ticket.title,
            creator: ticket.creator,
            service: ticket.service,
            service_name: ticket.service_name,
            project_key: ticket.project_key,
            status: ticket.status,
            created_at: ticket.created_at,
            processors: ticket.processors,
            waiting_approve: ticket.waiting_approve,
        }
    }
}

impl From<progress::FilledField> for wit::FilledField {
    fn from(field: progress::FilledField) -> Self {
        Self {
            key: field.key,
            name: field.name,
            kind: field.kind,
            value_json: field.value_json,
            display: field.display,
        }
    }
}

impl From<progress::LogEntry> for wit::LogEntry {
    fn from(entry: progress::LogEntry) -> Self {
        Self {
            operator: entry.operator,
            at: entry.at,
            message: entry.message,
            source: entry.source,
        }
    }
}

impl From<Ending> for wit::Ending {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Open => Self::Open,
            Ending::Stuck => Self::Stuck,
            Ending::Approved => Self::Approved,
            Ending::Completed => Self::Completed,
            Ending::Rejected => Self::Rejected,
            Ending::RejectedAndTerminated => Self::RejectedAndTerminated,
            Ending::Terminated => Self::Terminated,
            Ending::Withdrawn => Self::Withdrawn,
            Ending::Closed => Self::Closed,
            Ending::Undetermined => Self::Undetermined,
        }
    }
}
