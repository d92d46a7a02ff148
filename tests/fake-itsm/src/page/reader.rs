//! The page that reads callbacks, as files that are served as they are. It is built elsewhere.

use std::collections::BTreeMap;

/// The files of a folder, by their paths within it. Without files there is no such page.
#[derive(Clone, Debug, Default)]
pub struct Reader(pub BTreeMap<String, String>);

impl Reader {
    /// Where it is served. Its own addresses are relative to this one.
    pub const ADDRESS: &str = "/reader/";

    /// A file by its address: its kind, and what is in it.
    pub fn file(&self, address: &str) -> Option<(&'static str, &str)> {
        let path = match address.strip_prefix(Self::ADDRESS)? {
            "" => "index.html",
            path => path,
        };
        let text = self.0.get(path)?;
        let kind = match path.rsplit('.').next()? {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            _ => return None,
        };
        Some((kind, text))
    }

    /// Whether there is such a page.
    pub fn is_there(&self) -> bool {
        self.file(Self::ADDRESS).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_reads_is_served_and_by_its_address_alone() {
        let names = ["index.html", "page.js", "generated/page.css", "notes.md"];
        let reader = Reader(names.map(|name| (name.to_owned(), name.to_owned())).into());
        for (address, expected) in [
            ("/reader/", Some(("text/html; charset=utf-8", "index.html"))),
            ("/reader/page.js", Some(("text/javascript; charset=utf-8", "page.js"))),
            ("/reader/generated/page.css", Some(("text/css; charset=utf-8", "generated/page.css"))),
            ("/reader/notes.md", None),
            ("/reader/../index.html", None),
            ("/reader", None),
            ("/index.html", None),
        ] {
            assert_eq!(reader.file(address), expected, "{address}");
        }
        assert!(reader.is_there());
        assert!(!Reader::default().is_there());
    }
}
