//! Finding tickets.

use super::failure::Failure;
use super::json::{self, Object};
use super::secret::Secret;
use super::text;
use super::ticket::Ticket;
use serde_json::{Map, Value};

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
    pub fn parameters(&self, page: u32, page_size: u32) -> Result<Map<String, Value>, Failure> {
        let mut parameters = paging(page, page_size)?;
        let mut add = |name: &str, value: Value| parameters.insert(name.to_owned(), value);
        let texts = [
            ("creator", self.creator.as_deref()),
            ("tag", self.tag.as_ref().map(Secret::expose)),
            ("project_key", self.project_key.as_deref()),
            ("create_at__gte", self.created_from.as_deref()),
            ("create_at__lte", self.created_to.as_deref()),
            ("end_at__gte", self.ended_from.as_deref()),
            ("end_at__lte", self.ended_to.as_deref()),
            ("username", self.waiting_for.as_deref()),
        ];
        for (name, value) in texts {
            // An empty text does not narrow: the server would answer with everything.
            match value {
                Some(value) if value.trim().is_empty() => {
                    return Err(Failure::argument(
                        "filter",
                        &format!("has a blank `{name}`, which would match everything"),
                    ));
                }
                Some(value) => add(name, value.into()),
                None => None,
            };
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
}

impl View {
    /// The parameters of get_tickets_by_user.
    pub fn parameters(
        self,
        user: &str,
        filter: &UserFilter,
        page: u32,
        page_size: u32,
    ) -> Result<Map<String, Value>, Failure> {
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
        let narrowing = [
            ("service_id", filter.service_id.map(|id| id.to_string())),
            ("catalog_id", filter.catalog_id.map(|id| id.to_string())),
            ("create_at__gte", filter.created_from.clone()),
            ("create_at__lte", filter.created_to.clone()),
        ];
        for (name, value) in narrowing {
            if let Some(value) = value {
                if value.trim().is_empty() {
                    return Err(Failure::argument(
                        "filter",
                        &format!("has a blank `{name}`"),
                    ));
                }
                parameters.insert(name.to_owned(), value.into());
            }
        }
        Ok(parameters)
    }
}

impl Page<Ticket> {
    /// The data of get_tickets' answer.
    ///
    /// With some page sizes the server answers a bare list instead; none of those is ever asked for.
    pub fn read(data: &Value) -> Result<Self, String> {
        read_page(data, Ticket::read)
    }
}

impl Page<UserTicket> {
    /// The data of get_tickets_by_user's answer.
    pub fn read(data: &Value) -> Result<Self, String> {
        read_page(data, |row| {
            let row = Object::of(row, "a ticket")?;
            let processors = row.optional_text("current_processors")?;
            Ok(UserTicket {
                sn: row.text("sn")?,
                id: row.text("id")?,
                title: row.text("title")?,
                creator: row.optional_text("creator")?.unwrap_or_default(),
                service: row.optional_text("service_id")?.unwrap_or_default(),
                service_name: row.optional_text("service_name")?.unwrap_or_default(),
                project_key: row.optional_text("project_key")?.unwrap_or_default(),
                status: row.text("current_status")?,
                created_at: row.text("create_at")?,
                processors: text::users(&processors.unwrap_or_default()),
                waiting_approve: row.boolean("waiting_approve")?,
            })
        })
    }
}

fn paging(page: u32, page_size: u32) -> Result<Map<String, Value>, Failure> {
    if page == 0 {
        return Err(Failure::argument("page", "must be 1 or more"));
    }
    if !(1..=MAX_PAGE_SIZE).contains(&page_size) {
        return Err(Failure::argument("page-size", "must be 1 to 10000"));
    }
    Ok(Map::from_iter([
        ("page".to_owned(), page.into()),
        ("page_size".to_owned(), page_size.into()),
    ]))
}

fn read_page<T>(
    data: &Value,
    read: impl FnMut(&Value) -> Result<T, String>,
) -> Result<Page<T>, String> {
    let page = Object::of(data, "`data`")?;
    let number = |name: &str| {
        u32::try_from(page.number(name)?).map_err(|_| format!("`{name}` is too large"))
    };
    Ok(Page {
        page: number("page")?,
        pages: number("total_page")?,
        total: page.number("count")?,
        tickets: json::rows(page.get("items")?, "`items`")?
            .iter()
            .map(read)
            .collect::<Result<_, _>>()?,
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
        let blank = Filter {
            tag: Some(Secret::new(" ".into())),
            ..Filter::default()
        };
        let none = Filter::default();
        for (result, why) in [
            (
                blank.parameters(1, 1),
                "filter has a blank `tag`, which would match everything",
            ),
            (none.parameters(0, 1), "page must be 1 or more"),
            (none.parameters(1, 0), "page-size must be 1 to 10000"),
            (none.parameters(1, 10_001), "page-size must be 1 to 10000"),
            (
                View::Todo.parameters("", &UserFilter::default(), 1, 1),
                "user must not be blank",
            ),
        ] {
            assert_eq!(result.unwrap_err().message, why);
        }
    }
}
