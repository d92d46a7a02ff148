//! Finding tickets.

use super::action::{Action, GET_TICKETS, GET_TICKETS_BY_USER};
use super::failure::{Advice, Failure};
use super::json::{Json, Mismatch};
use super::parameters::Parameters;
use super::secret::Secret;
use super::text;
use super::ticket::Ticket;
use serde_json::Value;

/// Which tickets. What is empty does not narrow.
#[derive(Clone, Default)]
pub struct Filter {
    /// Of these numbers.
    pub sns: Vec<String>,
    /// Of this creator.
    pub creator: Option<String>,
    /// With this tag.
    pub tag: Option<Secret>,
    /// In this project.
    pub project_key: Option<String>,
    /// Of these services.
    pub service_ids: Vec<u64>,
    /// Of these businesses.
    pub bk_biz_ids: Vec<i64>,
    /// With one of these statuses.
    pub statuses: Vec<String>,
    /// Created at or after.
    pub created_from: Option<String>,
    /// Created at or before.
    pub created_to: Option<String>,
    /// Ended at or after.
    pub ended_from: Option<String>,
    /// Ended at or before.
    pub ended_to: Option<String>,
    /// Waiting for this user.
    pub waiting_for: Option<String>,
}

/// Which of a user's tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Those the user has to handle.
    Todo,
    /// Those the user made.
    Created,
    /// Those the user handled, ended.
    History,
    /// Those the user handled.
    Dealt,
    /// Those the user follows.
    Attention,
    /// Those the user has to approve.
    Approval,
}

/// Which of a user's tickets, beside the view. What is `None` does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Of this service.
    pub service_id: Option<u64>,
    /// In this catalogue.
    pub catalog_id: Option<u64>,
    /// Created at or after.
    pub created_from: Option<String>,
    /// Created at or before.
    pub created_to: Option<String>,
}

/// A page of tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The tickets, newest first.
    pub tickets: Vec<T>,
    /// The page's number, from 1.
    pub page: u32,
    /// How many pages there are.
    pub pages: u32,
    /// How many tickets there are.
    pub total: u64,
}

/// A row of get_tickets_by_user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTicket {
    /// Its number.
    pub sn: String,
    /// Its id in ITSM's database.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who it was made for.
    pub creator: String,
    /// Its service. Empty when the server does not tell.
    pub service: String,
    /// Its service's name.
    pub service_name: String,
    /// Its project.
    pub project_key: String,
    /// ITSM's word for its status.
    pub status: String,
    /// When it was made.
    pub created_at: String,
    /// Who has to handle it now.
    pub processors: Vec<String>,
    /// Whether it waits for an approval by the user.
    pub waiting_approve: bool,
}

/// ITSM's own cap. Beyond it, at zero and below, it answers with traps instead of pages.
const MAX_PAGE_SIZE: u32 = 10_000;

impl Filter {
    /// The parameters of get_tickets.
    pub fn parameters(&self, page: u32, page_size: u32) -> Result<Parameters, Failure> {
        let mut parameters = paging(page, page_size)?;
        let mut add = |name: &str, value: Value| parameters.insert(name.to_owned(), value);
        let texts = [
            ("creator", "filter.creator", self.creator.as_deref()),
            ("tag", "filter.tag", self.tag.as_ref().map(Secret::expose)),
            ("project_key", "filter.project-key", self.project_key.as_deref()),
            ("username", "filter.waiting-for", self.waiting_for.as_deref()),
        ];
        for (name, argument, value) in texts {
            // An empty text does not narrow: the server would answer with everything.
            match value {
                Some(value) if value.trim().is_empty() => {
                    return Err(Failure::argument(
                        argument,
                        "must not be blank, which would match everything",
                    ));
                }
                Some(value) => add(name, value.into()),
                None => None,
            };
        }
        let times = [
            ("create_at__gte", "filter.created-from", &self.created_from),
            ("create_at__lte", "filter.created-to", &self.created_to),
            ("end_at__gte", "filter.ended-from", &self.ended_from),
            ("end_at__lte", "filter.ended-to", &self.ended_to),
        ];
        for (name, argument, time) in times {
            if let Some(time) = time {
                add(name, checked_time(argument, time)?.into());
            }
        }
        if !self.sns.is_empty() {
            add("sns", self.sns.clone().into());
        }
        if !self.service_ids.is_empty() {
            add("service_id__in", self.service_ids.clone().into());
        }
        if !self.bk_biz_ids.is_empty() {
            add("bk_biz_id__in", self.bk_biz_ids.clone().into());
        }
        if !self.statuses.is_empty() {
            add("current_status__in", self.statuses.clone().into());
        }
        Ok(parameters)
    }

    /// Refuses rows that the filter leaves out: a server that does not know a filter ignores it in silence.
    /// What rows don't tell, the tag and the project, is asked for in another way.
    pub fn check(&self, rows: &[Ticket]) -> Result<(), Failure> {
        let is_among = |allowed: &[String], value: &str| {
            allowed.is_empty() || allowed.iter().any(|one| one.eq_ignore_ascii_case(value))
        };
        let is_of_service = |service: &str| {
            let mut ids = self.service_ids.iter();
            self.service_ids.is_empty()
                || service.is_empty()
                || ids.any(|id| id.to_string() == service)
        };
        let creator: Vec<String> = self.creator.iter().cloned().collect();
        for row in rows {
            let ignored = if !is_among(&self.statuses, &row.status) {
                "filter.statuses"
            } else if !is_among(&creator, &row.creator) {
                "filter.creator"
            } else if !is_of_service(&row.service) {
                "filter.service-ids"
            } else {
                continue;
            };
            return Err(ignores(&GET_TICKETS, ignored));
        }
        Ok(())
    }
}

/// A filter that a server ignores. Filters came with releases: by status with V2.6.1.391, by tag with
/// V2.6.1.394, by project with V2.6.3 (read in the server's history).
pub fn ignores(action: &Action, filter: &str) -> Failure {
    Failure::unusable(
        action,
        Advice::FixArgument(filter.to_owned()),
        format!(
            "this server ignores {filter}, as older ones do: leave it out, and choose among the rows"
        ),
    )
}

/// Refuses what ITSM can't read as a time: it answers with an error that has no code of its own (recorded).
fn checked_time<'a>(argument: &str, time: &'a str) -> Result<&'a str, Failure> {
    if text::is_date(time) {
        return Ok(time);
    }
    Err(Failure::argument(
        argument,
        "must be a time of the server's, such as 2026-11-24 07:26:12, or a date",
    ))
}

impl View {
    /// The parameters of get_tickets_by_user.
    pub fn parameters(
        self,
        user: &str,
        filter: &UserFilter,
        page: u32,
        page_size: u32,
    ) -> Result<Parameters, Failure> {
        if user.trim().is_empty() {
            return Err(Failure::argument("user", "must not be blank"));
        }
        let view = match self {
            Self::Todo => "my_todo",
            Self::Created => "my_created",
            Self::History => "my_history",
            Self::Dealt => "my_dealt",
            Self::Attention => "my_attention",
            Self::Approval => "my_approval",
        };
        let mut parameters = paging(page, page_size)?;
        parameters.insert("user".to_owned(), user.into());
        parameters.insert("view_type".to_owned(), view.into());
        let ids = [("service_id", filter.service_id), ("catalog_id", filter.catalog_id)];
        for (name, id) in ids {
            if let Some(id) = id {
                parameters.insert(name.to_owned(), id.to_string().into());
            }
        }
        match (&filter.created_from, &filter.created_to) {
            (None, None) => {}
            (Some(from), Some(to)) => {
                let from = checked_time("filter.created-from", from)?;
                let to = checked_time("filter.created-to", to)?;
                parameters.insert("create_at__gte".to_owned(), from.into());
                parameters.insert("create_at__lte".to_owned(), to.into());
            }
            // The server ignores one without the other (read in its source).
            (Some(_), None) => return Err(without_the_other("created-to", "created-from")),
            (None, Some(_)) => return Err(without_the_other("created-from", "created-to")),
        }
        Ok(parameters)
    }
}

fn without_the_other(missing: &str, given: &str) -> Failure {
    let why = format!("must be given where filter.{given} is: ITSM ignores one without the other");
    Failure::argument(&format!("filter.{missing}"), &why)
}

impl UserFilter {
    /// Refuses rows that the filter leaves out.
    pub fn check(&self, rows: &[UserTicket]) -> Result<(), Failure> {
        let Some(id) = self.service_id else {
            return Ok(());
        };
        let id = id.to_string();
        let is_other = |row: &UserTicket| !row.service.is_empty() && row.service != id;
        if rows.iter().any(is_other) {
            return Err(ignores(&GET_TICKETS_BY_USER, "filter.service-id"));
        }
        Ok(())
    }
}

/// A row that was not asked for: no row of such an answer is believed.
pub const OTHER_NUMBERS: Mismatch = Mismatch::words("other numbers than those asked for");

/// A page that was not asked for.
pub const ANOTHER_PAGE: Mismatch = Mismatch::words("another page than asked for");

impl Page<Ticket> {
    /// The data of get_tickets' answer.
    ///
    /// With some page sizes the server answers a bare list instead; none of those is ever asked for.
    pub fn decode(data: Json) -> Result<Self, Mismatch> {
        decode_page(data, Ticket::decode)
    }
}

impl Page<UserTicket> {
    /// The data of get_tickets_by_user's answer.
    ///
    /// The server sends a row half filled when it could not compute all of it, which is so for a ticket that
    /// has just been made (recorded). The columns of its database are always there.
    pub fn decode(data: Json) -> Result<Self, Mismatch> {
        decode_page(data, |row| {
            let row = row.object("a ticket")?;
            Ok(UserTicket {
                sn: row.text("sn")?,
                id: row.text("id")?,
                title: row.text("title")?,
                creator: row.text_or_nothing("creator")?,
                service: row.text_or_nothing("service_id")?,
                service_name: row.text_or_nothing("service_name")?,
                project_key: row.text_or_nothing("project_key")?,
                status: row.text("current_status")?,
                created_at: row.text("create_at")?,
                processors: row.users("current_processors")?,
                waiting_approve: match row.find("waiting_approve") {
                    Some(value) if !value.is_null() => row.boolean("waiting_approve")?,
                    _ => false,
                },
            })
        })
    }
}

fn paging(page: u32, page_size: u32) -> Result<Parameters, Failure> {
    if page == 0 {
        return Err(Failure::argument("page", "must be 1 or more"));
    }
    if !(1..=MAX_PAGE_SIZE).contains(&page_size) {
        return Err(Failure::argument("page-size", "must be 1 to 10000"));
    }
    let mut parameters = Parameters::new();
    parameters.insert("page".to_owned(), page.into());
    parameters.insert("page_size".to_owned(), page_size.into());
    Ok(parameters)
}

fn decode_page<T>(
    data: Json,
    read: impl FnMut(Json) -> Result<T, Mismatch>,
) -> Result<Page<T>, Mismatch> {
    let page = data.object("`data`")?;
    let number = |name: &'static str| {
        u32::try_from(page.number(name)?).map_err(|_| Mismatch::member(name, "is too large"))
    };
    Ok(Page {
        page: number("page")?,
        pages: number("total_page")?,
        total: page.number("count")?,
        tickets: page.get("items")?.rows("`items`", read)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_sends_only_what_narrows() {
        let filter = Filter {
            sns: vec!["S".into()],
            creator: Some("carol".into()),
            service_ids: vec![2],
            statuses: vec!["RUNNING".into()],
            ended_from: Some("2026-01-01 00:00:00".into()),
            ..Filter::default()
        };
        assert_eq!(
            Value::Object(filter.parameters(2, 50).unwrap()),
            json!({
                "page": 2, "page_size": 50, "sns": ["S"], "creator": "carol", "service_id__in": [2],
                "current_status__in": ["RUNNING"], "end_at__gte": "2026-01-01 00:00:00",
            })
        );
    }

    #[test]
    fn what_would_answer_with_everything_or_with_a_trap_is_refused() {
        let blank = Filter { tag: Some(Secret::new(" ".into())), ..Filter::default() };
        let none = Filter::default();
        for (result, why) in [
            (blank.parameters(1, 1), "filter.tag must not be blank, which would match everything"),
            (none.parameters(0, 1), "page must be 1 or more"),
            (none.parameters(1, 0), "page-size must be 1 to 10000"),
            (none.parameters(1, 10_001), "page-size must be 1 to 10000"),
            (View::Todo.parameters("", &UserFilter::default(), 1, 1), "user must not be blank"),
        ] {
            assert_eq!(result.unwrap_err().message, why);
        }
    }

    #[test]
    fn what_the_server_can_not_read_as_a_time_is_refused_by_name() {
        type Times = (fn(&mut Filter, String), &'static str);
        let times: [Times; 4] = [
            (|f, time| f.created_from = Some(time), "filter.created-from"),
            (|f, time| f.created_to = Some(time), "filter.created-to"),
            (|f, time| f.ended_from = Some(time), "filter.ended-from"),
            (|f, time| f.ended_to = Some(time), "filter.ended-to"),
        ];
        for (set, name) in times {
            for (time, known) in [
                ("2026-11-24", true),
                ("2026-11-24 07:26", true),
                ("2026-11-24 07:26:12", true),
                ("2026-11-24T07:26:12.123456", true),
                ("2028-02-29 00:00:00", true),
                ("", false),
                (" ", false),
                ("nope", false),
                ("20261124", false),
                ("2026-13-01", false),
                ("2026-02-30 00:00:00", false),
                ("2026-11-24 24:00:00", false),
                ("2026-11-24 07:60:00", false),
                ("2026-11-24 07:26:12Z", false),
                ("2026-11-24 07:26:12+08:00", false),
                ("2026-11-24 ", false),
                ("2026-11-24 07:26:12.", false),
                ("２０２６-11-24", false),
            ] {
                let mut filter = Filter::default();
                set(&mut filter, time.to_owned());
                let refused = filter.parameters(1, 1).err().map(|failure| failure.advice);
                let expected = (!known).then(|| Advice::FixArgument(name.to_owned()));
                assert_eq!(refused, expected, "{time}");
            }
        }
        let one_sided =
            UserFilter { created_to: Some("2026-11-24".into()), ..UserFilter::default() };
        assert_eq!(
            View::Todo.parameters("bob", &one_sided, 1, 1).unwrap_err().message,
            "filter.created-from must be given where filter.created-to is: ITSM ignores one without the other"
        );
    }

    #[test]
    fn rows_that_a_filter_leaves_out_show_that_the_server_ignores_it() {
        let row = |status: &str, creator: &str, service: &str| Ticket {
            sn: "S".into(),
            id: "1".into(),
            title: String::new(),
            creator: creator.into(),
            service: service.into(),
            status: status.into(),
            created_at: String::new(),
            ended_at: None,
            updated_by: vec![],
            updated_at: String::new(),
            ticket_url: String::new(),
        };
        let filter = Filter {
            statuses: vec!["RUNNING".into(), "SUSPENDED".into()],
            creator: Some("carol".into()),
            service_ids: vec![2, 3],
            ..Filter::default()
        };
        let ours = || row("RUNNING", "carol", "3");
        for (other, ignored) in [
            (ours(), None),
            (row("suspended", "Carol", ""), None),
            (row("FINISHED", "carol", "3"), Some("filter.statuses")),
            (row("RUNNING", "bob", "3"), Some("filter.creator")),
            (row("RUNNING", "carol", "4"), Some("filter.service-ids")),
        ] {
            let advice = filter.check(&[ours(), other]).err().map(|failure| failure.advice);
            let expected = ignored.map(|name| Advice::FixArgument(name.to_owned()));
            assert_eq!(advice, expected);
        }
        assert!(Filter::default().check(&[row("X", "y", "z")]).is_ok());
    }

    #[test]
    fn a_row_that_the_server_half_filled_is_a_row() {
        let page = |rows: &str| {
            let page = format!(r#"{{"page":1,"total_page":1,"count":2,"items":[{rows}]}}"#);
            Page::<UserTicket>::decode(Json::parse(page.as_bytes())?)
        };
        let full = r#"{"sn":"REQ1","id":1,"title":"t","creator":"carol","service_id":2,"service_name":"s","project_key":"0",
            "current_status":"RUNNING","create_at":"2026-11-25 11:00:00","current_processors":",bob,","waiting_approve":true}"#;
        let half = r#"{"sn":"REQ2","id":2,"title":"t","current_status":"RUNNING","create_at":"2026-11-25 11:00:01"}"#;
        let read = page(&format!("{full},{half}")).unwrap();
        let waiting: Vec<_> =
            read.tickets.iter().map(|row| (row.sn.as_str(), row.waiting_approve)).collect();
        assert_eq!(waiting, [("REQ1", true), ("REQ2", false)]);
        let wrong = full.replace("true", "1");
        assert_eq!(
            page(&wrong).unwrap_err().to_string(),
            "`waiting_approve` is a number, not a boolean"
        );
    }
}
