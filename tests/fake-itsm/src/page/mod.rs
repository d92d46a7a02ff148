//! The pages on which a person sees what the site holds, and does what people do.

mod events;
mod failed;
mod faults;
mod graph;
mod mask;
mod reader;
mod requests;
mod ticket;
mod tickets;
pub(crate) mod words;

pub use reader::Reader;

use crate::deed::Deed;
use crate::server::{Body, answered};
use crate::site::Site;
use hyper::Response;
use maud::{DOCTYPE, Markup, Render, html};
use std::collections::BTreeMap;
use std::sync::Arc;
use words::{Both, Language};

/// A request, as far as pages want to know.
pub(crate) struct Asked<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: BTreeMap<String, String>,
    pub headers: &'a [(String, String)],
    pub form: BTreeMap<String, String>,
}

impl Asked<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// The address, then the cookie, then what the browser accepts.
    fn language(&self) -> Language {
        let cookies = self.header("cookie").unwrap_or_default().split(';');
        let cookie = cookies.filter_map(|cookie| cookie.trim().strip_prefix("lang=")).next();
        let accepted = self.header("accept-language").and_then(Language::accepted);
        let chosen = Language::from_code(self.query("lang"));
        let chosen = chosen.or_else(|| Language::from_code(cookie?));
        chosen.or(accepted).unwrap_or(Language::English)
    }

    fn host(&self) -> &str {
        self.header("host").unwrap_or_default()
    }

    /// Whether a page of another site sent it, which a browser says.
    fn is_from_elsewhere(&self) -> bool {
        let own = format!("http://{}", self.host());
        let origin = self.header("origin");
        let is_own = origin.is_none_or(|origin| origin == own && self.is_for_loopback());
        let site = self.header("sec-fetch-site").unwrap_or("none");
        !is_own || !matches!(site, "same-origin" | "none")
    }

    /// Whether it asks under a name of this computer. A page of another site can give its own name this address.
    fn is_for_loopback(&self) -> bool {
        let name = match self.host().rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
            _ => self.host(),
        };
        ["127.0.0.1", "localhost", "[::1]"].contains(&name)
    }
}

/// What every page needs to be written.
pub(crate) struct View<'a> {
    pub site: &'a Site,
    pub language: Language,
    pub asked: &'a Asked<'a>,
}

impl View<'_> {
    pub fn say(&self, both: Both) -> &'static str {
        self.language.of(both)
    }
}

/// Text from outside. The template escapes it; what steers terminals and the direction of writing is replaced.
pub(crate) struct Text<'a>(pub &'a str);

impl Render for Text<'_> {
    fn render(&self) -> Markup {
        let is_steering = |character: char| {
            character.is_control() && !matches!(character, '\n' | '\t')
                || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        self.0.replace(is_steering, "\u{fffd}").render()
    }
}

/// A name with what it means.
pub(crate) fn fact(name: &str, value: impl Render) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Answers what belongs to the pages. Nothing else is its affair.
pub(crate) async fn serve(site: &Arc<Site>, asked: &Asked<'_>) -> Option<Response<Body>> {
    let view = View { site, language: asked.language(), asked };
    let parts: Vec<_> = asked.path.split('/').skip(1).collect();
    let is_ours = matches!(
        parts[..],
        ["" | "failed" | "requests" | "events" | "style.css" | "live.js" | "fake"]
            | ["tickets" | "faults" | "fake" | "reader", ..]
    );
    // The actions of the API are no business of other sites' pages either. Programs call them by any name.
    if asked.method == "POST" && asked.is_from_elsewhere() {
        return Some(plain(403, view.say(words::FOREIGN_ORIGIN)));
    }
    if !is_ours {
        return None;
    }
    if !asked.is_for_loopback() {
        return Some(plain(403, view.say(words::FOREIGN_HOST)));
    }
    let is_post = match asked.method {
        "POST" => true,
        "GET" | "HEAD" => false,
        _ => return Some(plain(405, view.say(words::WRONG_METHOD))),
    };
    Some(match (is_post, &parts[..]) {
        (_, ["fake", ..]) => return None,
        (false, [""]) => view.page(200, words::TICKETS, tickets::page(&view)),
        (false, ["tickets", sn]) => ticket::page(&view, sn, None),
        // A refusal has the button's address, which a browser may ask for once more.
        (false, ["tickets", sn, _]) => see(&format!("/tickets/{sn}")),
        (true, ["tickets", sn, deed]) => {
            match Deed::ALL.into_iter().find(|known| known.path() == *deed) {
                Some(deed) => ticket::act(site, &view, sn, deed).await,
                None => view.missing(),
            }
        }
        (false, ["failed"]) => view.page(200, words::FAILED, failed::page(&view)),
        (false, ["requests"]) => view.page(200, words::REQUESTS, requests::page(&view)),
        (false, ["faults"]) => view.page(200, words::FAULTS, faults::page(&view, None)),
        (true, ["faults"]) => faults::switch_on(&view),
        (true, ["faults", "clear"]) => {
            site.clear_faults();
            see("/faults")
        }
        (false, ["events"]) => events::answer(site),
        (false, ["style.css"]) => file("text/css; charset=utf-8", include_str!("style.css")),
        (false, ["live.js"]) => file("text/javascript; charset=utf-8", include_str!("live.js")),
        (false, ["reader", ..]) => match site.options.reader.file(asked.path) {
            Some((kind, text)) => file(kind, text),
            None => view.missing(),
        },
        _ => view.missing(),
    })
}

/// Nothing is loaded from elsewhere, and no other site may show the page in a frame.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn file(kind: &str, text: &str) -> Response<Body> {
    answered(200, &[("content-type", kind), ("cache-control", "no-cache")], text.to_owned())
}

fn plain(status: u16, text: &str) -> Response<Body> {
    answered(status, &[("content-type", "text/plain; charset=utf-8")], format!("{text}\n"))
}

/// Sends the browser on to a page after something was done.
fn see(location: &str) -> Response<Body> {
    answered(303, &[("location", location)], String::new())
}

const NAVIGATION: [(&str, Both); 5] = [
    ("/", words::TICKETS),
    ("/failed", words::FAILED),
    ("/requests", words::REQUESTS),
    ("/faults", words::FAULTS),
    (Reader::ADDRESS, words::READER),
];

impl View<'_> {
    fn missing(&self) -> Response<Body> {
        self.page(404, words::TICKETS, html! { p { (self.say(words::NO_TICKET)) } })
    }

    fn page(&self, status: u16, title: Both, content: Markup) -> Response<Body> {
        self.page_titled(status, self.say(title), content)
    }

    fn page_titled(&self, status: u16, title: &str, content: Markup) -> Response<Body> {
        let page = self.framed(title, content).into_string();
        let cookie = Language::from_code(self.asked.query("lang")).map(|language| {
            format!("lang={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax", language.code())
        });
        let mut headers = vec![
            ("content-type", "text/html; charset=utf-8"),
            ("content-language", self.language.tag()),
            ("cache-control", "no-store"),
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ];
        headers.extend(cookie.as_deref().map(|cookie| ("set-cookie", cookie)));
        answered(status, &headers, page)
    }

    fn framed(&self, title: &str, content: Markup) -> Markup {
        let site = self.say(words::SITE);
        let path = if self.asked.method == "POST" { "/" } else { self.asked.path };
        let user = self.asked.query("user");
        html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (Text(title)) " · " (site) }
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href="/style.css";
                    script src="/live.js" defer {}
                }
                body {
                    a.skip href="#main" { (self.say(words::SKIP)) }
                    header {
                        p.site { (site) }
                        nav aria-label=(self.say(words::PAGES)) {
                            ul {
                                @for (address, name) in NAVIGATION {
                                    @if address != Reader::ADDRESS || self.site.options.reader.is_there() {
                                        li {
                                            a href=(address) aria-current=[(address == self.asked.path).then_some("page")] {
                                                (self.say(name))
                                            }
                                        }
                                    }
                                }
                            }
                        }
                        nav aria-label=(self.say(words::LANGUAGES)) {
                            ul {
                                @for language in Language::ALL {
                                    li {
                                        a lang=(language.tag()) hreflang=(language.tag())
                                            href=(language_link(path, language, user))
                                            aria-current=[(language == self.language).then_some("true")] {
                                            (language.own_name())
                                        }
                                    }
                                }
                            }
                        }
                    }
                    main #main tabindex="-1" {
                        h1 { (Text(title)) }
                        (content)
                    }
                    footer {
                        p { (self.say(words::GATEWAY)) code { (self.site.url) "/api/bk-itsm/prod" } }
                        p { (self.say(words::TIMES_ARE)) " " (self.say(words::IN_MEMORY)) }
                    }
                }
            }
        }
    }
}

fn language_link(path: &str, language: Language, user: &str) -> String {
    let code = language.code();
    match user {
        "" => format!("{path}?lang={code}"),
        user => format!("{path}?user={}&lang={code}", encoded(user)),
    }
}

/// A text as part of an address.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(method: &'a str, headers: &'a [(String, String)]) -> Asked<'a> {
        Asked { method, path: "/", query: BTreeMap::new(), headers, form: BTreeMap::new() }
    }

    fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_language_is_the_first_that_the_browser_accepts() {
        for (accepted, expected) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en-GB,en;q=0.9,zh;q=0.8", Language::English),
            ("en;q=0.1, zh-TW;q=0.7", Language::Chinese),
            ("fr, de;q=0.5", Language::English),
            ("zh;q=0", Language::English),
            ("*", Language::English),
            ("", Language::English),
        ] {
            let headers = headers(&[("accept-language", accepted)]);
            assert_eq!(asked("GET", &headers).language(), expected, "{accepted}");
        }
        let headers = headers(&[("accept-language", "en"), ("cookie", "a=b; lang=zh")]);
        let mut asked = asked("GET", &headers);
        assert_eq!(asked.language(), Language::Chinese);
        asked.query.insert("lang".into(), "en".into());
        assert_eq!(asked.language(), Language::English);
    }

    #[test]
    fn another_sites_requests_are_foreign_and_so_is_another_name_of_this_one() {
        for (host, is_own) in [
            ("127.0.0.1:8000", true),
            ("localhost", true),
            ("[::1]:8000", true),
            ("evil.example", false),
            ("evil.example:8000", false),
            ("127.0.0.1.evil.example:8000", false),
            ("127.0.0.1:8000@evil.example", false),
            ("", false),
        ] {
            let headers = headers(&[("host", host)]);
            assert_eq!(asked("GET", &headers).is_for_loopback(), is_own, "{host}");
        }
        for (sent, is_from_elsewhere) in [
            (&[][..], false),
            (&[("origin", "http://127.0.0.1:8000")], false),
            (&[("origin", "http://127.0.0.1:9000")], true),
            (&[("origin", "https://127.0.0.1:8000")], true),
            (&[("origin", "http://evil.example")], true),
            (&[("origin", "null")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "same-origin")], false),
        ] {
            let headers = headers(&[&[("host", "127.0.0.1:8000")], sent].concat());
            assert_eq!(asked("POST", &headers).is_from_elsewhere(), is_from_elsewhere, "{sent:?}");
        }
    }

    #[test]
    fn text_from_outside_is_escaped_and_steers_nothing() {
        let text = Text("<script>\u{7}a\u{202e}b\u{1b}[0m\n&\"").render().into_string();
        assert_eq!(text, "&lt;script&gt;\u{fffd}a\u{fffd}b\u{fffd}[0m\n&amp;&quot;");
    }
}
