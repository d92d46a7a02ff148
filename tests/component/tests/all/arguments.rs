//! What ITSM would refuse, strand or misread is refused by the argument's name, and nothing is sent.

use crate::set_up::{fix, ticket, ticket_of, write};
use component_tests::wit_diagnosis::CallbackUrlError;
use component_tests::wit_handling::{AssigneeGroup, Assignees};
use component_tests::wit_tickets::{
    CallbackTarget, FastApproval, NewTicket, NodeProcessors, Service,
};
use component_tests::wit_types::{
    Advice, AppCredentials, Authorization, Connection, Credential, Endpoint, Failure, Field,
    FieldValue, Origin, User,
};
use component_tests::{Host, app, call, connection, field, gateway, text};

/// A connection through which nothing is ever sent here.
fn anywhere() -> Connection {
    gateway("http://127.0.0.1:1")
}

/// What a call says that must not have sent anything. An advice to allow the host is that of a call which
/// passed all checks.
fn refused(result: Result<(), Failure>) -> Option<String> {
    let failure = result.unwrap_err();
    assert!(!failure.may_have_acted, "{failure:?}");
    match (failure.origin, failure.advice) {
        (Origin::Argument, Advice::FixArgument(name)) => {
            assert!(failure.message.starts_with(&name), "{}", failure.message);
            Some(name)
        }
        (Origin::Transport, Advice::AllowHost(_)) => None,
        (origin, advice) => panic!("{origin:?}, {advice:?}: {}", failure.message),
    }
}

async fn create(ticket: &NewTicket) -> Option<String> {
    let host = Host::denying();
    refused(host.create(&anywhere(), ticket).await.map(drop))
}

fn approved_by(approvers: &[&str]) -> NewTicket {
    NewTicket {
        service: Service::FastApproval(FastApproval {
            approvers: approvers.iter().map(ToString::to_string).collect(),
            content: "c".to_owned(),
        }),
        ..ticket("op1")
    }
}

/// Calls a function with a user's name in one of its places.
async fn naming(place: &str, user: &str) -> Result<(), Failure> {
    let (host, c) = (Host::denying(), anywhere());
    let users = vec![user.to_owned()];
    let people = Assignees::People(users.clone());
    match place {
        "create: approvers" => host.create(&c, &approved_by(&["bob", user])).await.map(drop),
        "create: people" => {
            let mut ticket = ticket_of(1, "op1");
            ticket.fields = vec![field("leader", FieldValue::People(users))];
            host.create(&c, &ticket).await.map(drop)
        }
        "create: processors" => {
            let mut ticket = ticket_of(1, "op1");
            ticket.processors = vec![NodeProcessors { node_id: 5, users }];
            host.create(&c, &ticket).await.map(drop)
        }
        "distribute: to" => {
            call!(host => blueking_itsm_handling.call_distribute(&c, "S", 1, "bob", &people))
        }
        "hand-over: to" => {
            call!(host => blueking_itsm_handling.call_hand_over(&c, "S", 1, "bob", &people, "m"))
        }
        function => write(&host, &c, function, user).await,
    }
}

/// Where a user's name goes, and what that is called.
const PLACES: [(&str, &str); 18] = [
    ("create", "ticket.creator"),
    ("create: approvers", "ticket.service.approvers"),
    ("create: people", "ticket.fields[0]"),
    ("create: processors", "ticket.processors[0]"),
    ("withdraw", "operator"),
    ("terminate", "operator"),
    ("suspend", "operator"),
    ("resume", "operator"),
    ("rate", "operator"),
    ("follow", "users"),
    ("unfollow", "users"),
    ("approve", "approver"),
    ("transition", "operator"),
    ("claim", "operator"),
    ("distribute", "operator"),
    ("distribute: to", "to"),
    ("hand-over: to", "to"),
    ("edit-fields", "operator"),
];

/// What joins two names, and what nobody sees in one.
const SEPARATORS: [&str; 38] = [
    ",", ";", "|", "/", "\\", "&", "，", "；", "｜", "／", "＼", "＆", "、", "､", "﹐", "﹑", "﹔",
    "：", " ", "  ", "\t", "\n", "\r\n", "\u{a0}", "\u{2003}", "\u{3000}", "\0", "\u{7f}",
    "\u{85}", "\u{ad}", "\u{200b}", "\u{200d}", "\u{202e}", "\u{2028}", "\u{2060}", "\u{3164}",
    "\u{feff}", "🚀",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_text_of_users_holds_one_name_that_somebody_can_have() {
    let mut names = 0;
    for (place, argument) in PLACES {
        for separator in SEPARATORS {
            let user = format!("admin{separator}bob");
            let told = refused(naming(place, &user).await);
            assert_eq!(told.as_deref(), Some(argument), "{place}: {user:?}");
            names += 1;
        }
        for user in [
            "",
            " ",
            "\u{3000}",
            " admin",
            "admin ",
            "admin,",
            ",admin",
            "admin\u{200b}",
            "\u{feff}admin",
        ] {
            let told = refused(naming(place, user).await);
            assert_eq!(told.as_deref(), Some(argument), "{place}: {user:?}");
            names += 1;
        }
        for user in
            ["admin", "zhang.san", "a_b-c", "bob@x.com", "张三", "o'neill", "b+c", "A1", "李"]
        {
            let told = refused(naming(place, user).await);
            assert_eq!(told, None, "{place}: {user:?}");
        }
    }
    println!("{names} names that are none, 0 of them sent");
    for nobody in [
        refused(create_with(approved_by(&[])).await),
        refused(
            call!(Host::denying() => blueking_itsm_operations.call_follow(&anywhere(), "S", &[])),
        ),
    ] {
        assert!(nobody.is_some());
    }
    // A group's id is not a name.
    let group =
        Assignees::Others(AssigneeGroup { kind: "GENERAL".to_owned(), id: "1,2".to_owned() });
    let told = call!(Host::denying() => blueking_itsm_handling.call_distribute(&anywhere(), "S", 1, "bob", &group));
    assert_eq!(refused(told), None);
}

async fn create_with(ticket: NewTicket) -> Result<(), Failure> {
    Host::denying().create(&anywhere(), &ticket).await.map(drop)
}

/// ITSM's filter writes quotation marks with six characters and angle brackets with four, after the ticket was
/// made. Where they have no room, it never starts.
#[tokio::test(flavor = "multi_thread")]
async fn a_title_has_room_as_itsm_stores_it() {
    for (title, fits) in [
        ("单".repeat(128), true),
        ("单".repeat(129), false),
        ("'".repeat(21), true),
        ("'".repeat(22), false),
        (format!("{}\"", "x".repeat(122)), true),
        (format!("{}\"", "x".repeat(123)), false),
        (format!("{}<>", "x".repeat(120)), true),
        (format!("{}<>", "x".repeat(121)), false),
        (format!("{}&", "x".repeat(127)), true),
        (format!("{}<a>", "x".repeat(100)), false),
        (format!("{}<A href=x>", "x".repeat(90)), false),
        ("CPU<4核 扩容".to_owned(), true),
        ("扩容 3 台 -> 5 台".to_owned(), true),
        ("Grant \"admin\" on host-1".to_owned(), true),
        (String::new(), false),
        (" \t\n".to_owned(), false),
        ("a\0b".to_owned(), false),
        ("hi 🚀".to_owned(), false),
    ] {
        let mut ticket = ticket("op1");
        ticket.title = title.clone();
        let told = create(&ticket).await;
        let expected = (!fits).then_some("ticket.title");
        assert_eq!(told.as_deref(), expected, "{title:?}");
    }
}

/// ITSM checks these only after it has made the ticket.
#[tokio::test(flavor = "multi_thread")]
async fn dynamic_fields_that_would_leave_a_ghost_are_refused_however_they_are_spelled() {
    let long = |count: usize| "x".repeat(count);
    let fields = |name: &str, kind: &str, value: &str, more: &str| {
        format!(r#"[{{"name": {name}, "type": {kind}, "value": {value}{more}}}]"#)
    };
    let quoted = |text: String| format!("\"{text}\"");
    let (name, kind, value) = ("\"n\"", "\"STRING\"", "\"v\"");
    for (list, fits) in [
        (fields(name, kind, value, ""), true),
        (fields(name, "\"LINK\"", value, ""), true),
        (fields(name, "\"INT\"", "5", ""), true),
        (fields(name, "\"INT\"", "\"-5\"", ""), true),
        (fields(name, kind, value, r#", "meta": {}"#), true),
        (fields(&quoted(long(32)), kind, &quoted(long(255)), ""), true),
        ("[]".to_owned(), true),
        (fields("\"\"", kind, value, ""), false),
        (fields("\" \"", kind, value, ""), false),
        (fields("\"\u{3000}\"", kind, value, ""), false),
        (fields("\"a\\u0000\"", kind, value, ""), false),
        (fields("null", kind, value, ""), false),
        (fields(&quoted(long(33)), kind, value, ""), false),
        (fields(name, kind, "\"\"", ""), false),
        (fields(name, kind, "\" \"", ""), false),
        (fields(name, kind, "\"\u{3000}\"", ""), false),
        (fields(name, kind, "\"\\u3000\\t\"", ""), false),
        (fields(name, kind, "\"a\\u0000\"", ""), false),
        (fields(name, kind, "null", ""), false),
        (fields(name, kind, "[]", ""), false),
        (fields(name, kind, &quoted(long(256)), ""), false),
        (fields(name, "\"INT\"", "\"five\"", ""), false),
        (fields(name, "\"INT\"", "1.5", ""), false),
        (fields(name, "\"TEXT\"", value, ""), false),
        (fields(name, "\"string\"", value, ""), false),
        (fields(name, "null", value, ""), false),
        (fields(name, kind, value, r#", "meta": null"#), false),
        (fields(name, kind, value, r#", "meta": []"#), false),
        (fields(name, kind, value, r#", "meta": "x""#), false),
        (r#"["n"]"#.to_owned(), false),
        ("[[]]".to_owned(), false),
        ("{}".to_owned(), false),
        ("null".to_owned(), false),
        ("\"\"".to_owned(), false),
    ] {
        for member in ["dynamic_fields", "dynamic\\u005ffields", "\\u0064ynamic_fields"] {
            let mut ticket = ticket("op1");
            ticket.extra_json = Some(format!("{{\"{member}\": {list}}}"));
            let told = create(&ticket).await;
            let expected = (!fits).then_some("ticket.extra-json");
            assert_eq!(told.as_deref(), expected, "{member}: {list}");
        }
    }
}

/// Of two members with one name servers differ in which they take, and an integer beyond 64 bits changes on its
/// way.
#[tokio::test(flavor = "multi_thread")]
async fn json_of_the_callers_own_is_sent_as_it_was_given_or_refused() {
    let (host, c) = (Host::denying(), anywhere());
    let mut wrong = Vec::new();
    for (object, fits) in [
        (r#"{"x": 1}"#, true),
        (r#"{"x": 1, "X": 2}"#, true),
        (r#"{"x": {"y": 1}, "z": {"y": 1}}"#, true),
        (r#"{"x": [18446744073709551615, -9223372036854775808, 0, -0]}"#, true),
        (r#"{"x": [1e300, 0.1, -2.5E-3]}"#, true),
        (r#"{"x": "18446744073709551616"}"#, true),
        (r#"{"x": 1, "x": 1}"#, false),
        (r#"{"x": 1, "\u0078": 2}"#, false),
        (r#"{"x": {"y": 1, "y": 2}}"#, false),
        (r#"{"x": [[{"y": {"z": 1, "\u007a": 2}}]]}"#, false),
        (r#"{"x": 18446744073709551616}"#, false),
        (r#"{"x": -9223372036854775809}"#, false),
        (r#"{"x": [{"y": 100000000000000000000}]}"#, false),
        (r#"{"x": 1e400}"#, false),
        (r#"{"x": "a\u0000"}"#, false),
        (r#"{"x": "\ud800"}"#, false),
        (r#"{"x\u0000": 1}"#, false),
        (r#"{"x": "🚀"}"#, false),
        (r#"{"x": "\ud83d\ude80"}"#, false),
        (r#"{"x": NaN}"#, false),
        (r#"{"x": 01}"#, false),
        (r#"{"x": 1,}"#, false),
        (r#"{"x": 1} {}"#, false),
        ("{'x': 1}", false),
        ("\u{feff}{}", false),
        ("", false),
    ] {
        let with = |change: &dyn Fn(&mut NewTicket)| {
            let mut ticket = ticket("op1");
            change(&mut ticket);
            ticket
        };
        let extra = with(&|ticket| ticket.extra_json = Some(object.to_owned()));
        let of_field = with(&|ticket| {
            let value = FieldValue::Json(object.to_owned());
            ticket.fields = vec![field("k", value)];
        });
        let beside_field = with(&|ticket| {
            ticket.fields = vec![Field { extra_json: Some(object.to_owned()), ..text("k", "v") }];
        });
        for (told, argument) in [
            (create(&extra).await, "ticket.extra-json"),
            (create(&of_field).await, "ticket.fields[0]"),
            (create(&beside_field).await, "ticket.fields[0]"),
            (
                refused(
                    call!(host => blueking_itsm_administration.call_create_catalog(&c, object))
                        .map(drop),
                ),
                "catalog-json",
            ),
            (
                refused(
                    call!(host => blueking_itsm_administration.call_import_service(&c, object))
                        .map(drop),
                ),
                "service-json",
            ),
            (
                refused(
                    call!(host => blueking_itsm_administration.call_update_service(&c, object))
                        .map(drop),
                ),
                "service-json",
            ),
        ] {
            if told.as_deref() != (!fits).then_some(argument) {
                wrong.push(format!("{argument}: {object}"));
            }
        }
    }
    assert!(wrong.is_empty(), "taken or refused wrongly: {wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_is_an_object_or_is_not_there() {
    for (extra, fits) in [
        (r#"{"meta": {}}"#, true),
        (r#"{"meta": {"envs": {}}}"#, true),
        (r#"{"meta": null}"#, false),
        (r#"{"meta": []}"#, false),
        (r#"{"meta": "x"}"#, false),
        (r#"{"m\u0065ta": null}"#, false),
        (r#"{"meta": {"headers": {}}}"#, false),
        (r#"{"meta": {"callback\u005furl": ""}}"#, false),
        (r#"{"meta": {"state_processors": null}}"#, false),
        (r#"{"bk_username": "admin"}"#, false),
        (r#"{"bk_app_s\u0065cret": "x"}"#, false),
        (r#"{"fast_approval": "false"}"#, false),
    ] {
        let mut ticket = ticket("op1");
        ticket.extra_json = Some(extra.to_owned());
        let expected = (!fits).then_some("ticket.extra-json");
        assert_eq!(create(&ticket).await.as_deref(), expected, "{extra}");
    }
}

/// Addresses that no request could be made to, or that would not arrive as they were given.
const NO_ADDRESSES: [&str; 45] = [
    "",
    "h/cb",
    "ftp://h/cb",
    "//h/cb",
    "http:/h",
    " http://h/",
    "http://",
    "http:///cb",
    "http://***",
    "http://{HOST}/cb",
    "http://:8080/cb",
    "http://host:port/cb",
    "http://h:99999/cb",
    "http://h:0/cb",
    "http://h:/cb",
    "http://h:+80/cb",
    "http://h:80:80/cb",
    "http://h@/cb",
    "http://@h/cb",
    "http://u@h/cb",
    "http://u:p@h/cb",
    "http://u:p@127.0.0.1:1/cb",
    "http://[::1/cb",
    "http://[h]/cb",
    "http://[]/cb",
    "http://[::1]80/cb",
    "http://h\\cb",
    "http://h h/cb",
    "http://主机/cb",
    "http://h..com/",
    "http://1.2.3.256/",
    "http://1.2.3/",
    "http://-h/",
    "http://<host>/",
    "http://%68/",
    "http://h/<x>",
    "http://h/a b",
    "http://h/单",
    "http://h/{id}",
    "http://h/%zz",
    "http://h/a\\b",
    "http://h/cb#top",
    "http://h#",
    "http://h/a\r\nX: y",
    "http://h/\u{7f}",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_address_is_the_same_to_create_and_to_the_check() {
    let long = format!("http://h/{}", "x".repeat(2048));
    let fit =
        ["http://h_1:8080/cb?a=1", "https://[::1]:80/", "http://127.0.0.1", "http://h/%E5~a;b"];
    let addresses = NO_ADDRESSES.into_iter().chain([long.as_str()]);
    let addresses = addresses.map(|url| (url, false));
    for (url, fits) in addresses.chain(fit.map(|url| (url, true))) {
        let target = CallbackTarget { url: url.to_owned(), headers: vec![] };
        let mut ticket = ticket("op1");
        ticket.callback = Some(target.clone());
        let expected = (!fits).then_some("ticket.callback.url");
        assert_eq!(create(&ticket).await.as_deref(), expected, "{url}");
        let host = Host::denying();
        let unfit = call!(host => blueking_itsm_diagnosis.call_check_callback_url(&target));
        let Err(CallbackUrlError::Unreachable(failure)) = unfit else {
            panic!("{url}: {unfit:?}");
        };
        let expected = (!fits).then_some("target.url");
        assert_eq!(refused(Err(failure)).as_deref(), expected, "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_would_change_on_their_way_are_refused_by_their_place() {
    for (name, value, fits) in [
        ("X-A", "a", true),
        ("X-A", "a b", true),
        ("X-A", "", true),
        ("X-A", " a", false),
        ("X-A", "a ", false),
        ("X-A", "\ta", false),
        ("X-A", " ", false),
        ("X-A", "a\r\nX-B: c", false),
        ("X-A", "租户", false),
        ("X-A", "a\u{7f}", false),
        ("", "a", false),
        ("X A", "a", false),
        ("X-A:", "a", false),
        ("Host", "a", false),
        ("content-length", "0", false),
        ("Proxy-Authorization", "a", false),
        ("x-first", "a second one", false),
    ] {
        let headers =
            vec![("X-First".to_owned(), "one".to_owned()), (name.to_owned(), value.to_owned())];
        let target =
            CallbackTarget { url: "http://127.0.0.1:1/cb".to_owned(), headers: headers.clone() };
        let mut ticket = ticket("op1");
        ticket.callback = Some(target.clone());
        let expected = |argument| (!fits).then_some(argument);
        let told = create(&ticket).await;
        assert_eq!(told.as_deref(), expected("ticket.callback.headers[1]"), "{name}: {value:?}");
        let host = Host::denying();
        let unfit = call!(host => blueking_itsm_diagnosis.call_check_callback_url(&target));
        let Err(CallbackUrlError::Unreachable(failure)) = unfit else {
            panic!("{name}: {unfit:?}");
        };
        assert_eq!(
            refused(Err(failure)).as_deref(),
            expected("target.headers[1]"),
            "{name}: {value:?}"
        );
        let mut c = anywhere();
        c.headers = headers;
        let told = refused(host.confirm_own(&c, "S").await.map(drop));
        assert_eq!(told.as_deref(), expected("connection.headers[1]"), "{name}: {value:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_connection_is_named() {
    let url = |url: &str| connection(Endpoint::Gateway(url.to_owned()));
    let with = |app_code: &str, app_secret: &str, user: Option<User>| Connection {
        authorization: Authorization::App(AppCredentials {
            app_code: app_code.to_owned(),
            app_secret: app_secret.to_owned(),
            user,
        }),
        ..anywhere()
    };
    let by = |user| Connection { authorization: app(Some(user)), ..anywhere() };
    let lasting = |deadline_ms| Connection { deadline_ms, ..anywhere() };
    let mut table = vec![
        (url("http://127.0.0.1:1/api/bk-itsm/prod"), None),
        (url("http://127.0.0.1:1/prod/"), None),
        // A stage can be called so.
        (url("http://127.0.0.1:1/v2"), None),
        (url("http://127.0.0.1:1/api/bk-itsm/v2"), None),
        (with("gate", "s", None), None),
        (with("gate", "密\"钥", None), None),
        (lasting(None), None),
        (lasting(Some(600_000)), None),
        (lasting(Some(0)), Some("connection.deadline-ms")),
        (lasting(Some(600_001)), Some("connection.deadline-ms")),
    ];
    for wrong in [
        "127.0.0.1:1/prod",
        "http://127.0.0.1:1",
        "http://127.0.0.1:1/",
        "http://127.0.0.1:99999/prod",
        "http://127.0.0.1:0/prod",
        "http://127.0.0.1:/prod",
        "http://127.0.0.1:port/prod",
        "http://[::1/prod",
        "http://u:p@127.0.0.1:1/prod",
        "http://127.0.0.1:1/prod?a=1",
        "http://127.0.0.1:1/prod#a",
        "http://127.0.0.1:1//prod",
        "http://127.0.0.1:1/pr od",
        "http://127.0.0.1:1/prod/v2",
        "http://127.0.0.1:1/prod/v2/",
        "http://127.0.0.1:1/api/bk-itsm/prod/v2",
        "http://127.0.0.1:1/prod/v2/itsm",
        "http://127.0.0.1:1/prod/v2/itsm/create_ticket/",
        "http://127.0.0.1:1/api/c/compapi",
        "http://127.0.0.1:1/api/c/compapi/v2/itsm/",
    ] {
        table.push((url(wrong), Some("connection.endpoint")));
    }
    for wrong in [
        "http://127.0.0.1:1/api/c/compapi",
        "http://127.0.0.1:1/v2/itsm/",
        "http://127.0.0.1:99999",
    ] {
        for endpoint in [Endpoint::Esb(wrong.to_owned()), Endpoint::EsbLegacy(wrong.to_owned())] {
            table.push((connection(endpoint), Some("connection.endpoint")));
        }
    }
    // A blank credential, and one that holds what no credential does.
    for wrong in ["", " ", "a\n", "a\rb", "a\u{7f}", "a\0b", "\u{85}", "\u{1b}[0m", "a\u{9f}"] {
        let (code, secret, user) = (
            "connection.authorization.app-code",
            "connection.authorization.app-secret",
            "connection.authorization.user",
        );
        table.push((with(wrong, "s", None), Some(code)));
        table.push((with("gate", wrong, None), Some(secret)));
        let wrong = wrong.to_owned();
        table.push((by(User::AccessToken(wrong.clone())), Some(user)));
        table.push((by(User::LoginToken(wrong.clone())), Some(user)));
        table.push((by(User::Name(wrong.clone())), Some(user)));
        table.push((
            by(User::Other(Credential { key: "bk_ticket".to_owned(), value: wrong })),
            Some(user),
        ));
    }
    for (key, value) in [("", "x"), ("bk_app_secret", "x"), ("a\nb", "x")] {
        let other = User::Other(Credential { key: key.to_owned(), value: value.to_owned() });
        table.push((by(other), Some("connection.authorization.user")));
    }
    for (c, expected) in table {
        let host = Host::denying();
        let shown = format!("{c:?}");
        for told in [
            refused(host.confirm_own(&c, "S").await.map(drop)),
            refused(write(&host, &c, "create", "bob").await),
            refused(write(&host, &c, "edit-fields", "bob").await),
        ] {
            assert_eq!(told.as_deref(), expected, "{shown}");
        }
        let diagnosed = call!(host => blueking_itsm_diagnosis.call_diagnose(&c));
        match expected {
            Some(argument) => assert_eq!(diagnosed.unwrap_err().advice, fix(argument), "{shown}"),
            None => assert_eq!(diagnosed.unwrap().len(), 1, "{shown}"),
        }
    }
}
