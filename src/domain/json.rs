//! Reading JSON member by member, with reasons a person can act on.
//!
//! Nothing is unfolded before it is asked for: an answer stays the text that it is, and what is read of it
//! takes little more room than it has there. As a tree of values, some answers take seventy times their size.
//!
//! serde's own complaints quote the value they met, and a value may be a secret; these name only the
//! member and the kind of what stands there.

use super::text;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

const MAX_DEPTH: usize = 128;
/// More members than any object of ITSM's that is read here has.
const MAX_MEMBERS: usize = 1_000;
/// ITSM's own cap to a page. Short rows take many times their size when they are read.
pub const MAX_ROWS: usize = 10_000;
/// More names than any list of users has.
const MAX_USERS: usize = 10_000;

/// A value that has been checked to be JSON, as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// `bytes` as one value with nothing after it, or why they are none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| not_utf8(bytes))?;
        if text.starts_with('\u{feff}') {
            return Err("it begins with a byte order mark, which JSON must not".to_owned());
        }
        if let Some(byte) = too_deep(text) {
            return Err(format!("nested too deep (byte {byte})"));
        }
        match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => Ok(Self(raw.get())),
            Err(error) => Err(reason(&error)),
        }
    }

    /// As it was written.
    pub fn text(self) -> &'a str {
        self.0
    }

    /// Its kind, in JSON's words.
    pub fn kind(self) -> &'static str {
        match self.0.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') | None => "null",
            Some(_) => "a number",
        }
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// True or false.
    pub fn boolean(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// A number as it was written.
    pub fn number(self) -> Option<&'a str> {
        (self.kind() == "a number").then_some(self.0)
    }

    /// Text. `None` also for escapes that stand for no character.
    pub fn string(self) -> Option<Cow<'a, str>> {
        let written = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if written.contains('\\') {
            serde_json::from_str(self.0).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(written))
        }
    }

    /// Its members; `what` is named when it is no object.
    pub fn object(self, what: &str) -> Result<Object<'a>, String> {
        if self.kind() != "an object" {
            return Err(format!("{what} is {}, not an object", self.kind()));
        }
        match serde_json::Deserializer::from_str(self.0).deserialize_map(Members) {
            Ok(members) => Ok(Object(members)),
            Err(_) => Err(format!(
                "{what} has more than {MAX_MEMBERS} members, or one whose name is no text"
            )),
        }
    }

    /// What `read` makes of each row of a list; `what` is named when it is no list.
    pub fn rows<T>(
        self,
        what: &str,
        mut read: impl FnMut(Json<'a>) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut all = Vec::new();
        self.each_row(what, |row| {
            if all.len() == MAX_ROWS {
                return Err(format!("{what} has more than {MAX_ROWS} rows"));
            }
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Reads each row of a list; `what` is named when it is no list.
    pub fn each_row(
        self,
        what: &str,
        mut read: impl FnMut(Json<'a>) -> Result<(), String>,
    ) -> Result<(), String> {
        self.each(what, &mut read)
    }

    /// One copy of it is in the component, and not one for each reader.
    fn each(self, what: &str, read: RowReader<'a, '_>) -> Result<(), String> {
        if self.kind() != "an array" {
            return Err(format!("{what} is {}, not a list", self.kind()));
        }
        let mut rows = Rows { read, why: None };
        let read = serde_json::Deserializer::from_str(self.0).deserialize_seq(&mut rows);
        match (read, rows.why) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(why)) => Err(why),
            (Err(_), None) => Err(format!("{what} is no list that can be read")),
        }
    }
}

/// The members of one object, in their order.
#[derive(Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    /// A member. Of two with one name it is the later one, as in most readers.
    pub fn find(&self, name: &str) -> Option<Json<'a>> {
        let mut members = self.0.iter().rev();
        members.find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A member that has to be there.
    pub fn get(&self, name: &str) -> Result<Json<'a>, String> {
        self.find(name).ok_or_else(|| format!("`{name}` is missing"))
    }

    /// A name that occurs twice. Readers differ in which of the two they take, and an attacker can use that.
    pub fn repeated(&self) -> Option<&str> {
        let names = || self.0.iter().map(|(name, _)| name.as_ref());
        let mut earlier = names().enumerate();
        let twice = |(place, name): &(usize, &str)| names().take(*place).any(|one| one == *name);
        earlier.find(twice).map(|(_, name)| name)
    }

    /// Text; a number counts as its digits, since ITSM writes some ids either way.
    pub fn text(&self, name: &str) -> Result<String, String> {
        let value = self.get(name)?;
        match (value.string(), value.number()) {
            (Some(text), _) => Ok(text.into_owned()),
            (None, Some(number)) => Ok(number.to_owned()),
            (None, None) => Err(wrong(name, value, "a string")),
        }
    }

    /// Text, or `None` for null and for a member that is not there.
    pub fn optional_text(&self, name: &str) -> Result<Option<String>, String> {
        match self.find(name) {
            Some(value) if !value.is_null() => self.text(name).map(Some),
            _ => Ok(None),
        }
    }

    /// Text, or nothing for null and for a member that is not there.
    pub fn text_or_nothing(&self, name: &str) -> Result<String, String> {
        Ok(self.optional_text(name)?.unwrap_or_default())
    }

    /// The names in one of ITSM's lists of users, such as `",carol,bob,"`. Nobody for null and for a member
    /// that is not there.
    pub fn users(&self, name: &str) -> Result<Vec<String>, String> {
        let list = self.text_or_nothing(name)?;
        if list.bytes().filter(|byte| *byte == b',').count() > MAX_USERS {
            return Err(format!("`{name}` has more than {MAX_USERS} names"));
        }
        Ok(text::users(&list))
    }

    /// A number that is not negative; a string of digits counts.
    pub fn number(&self, name: &str) -> Result<u64, String> {
        let value = self.get(name)?;
        let digits = value.number().map(Cow::Borrowed).or_else(|| value.string());
        digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| wrong(name, value, "a number that is not negative"))
    }

    /// True or false.
    pub fn boolean(&self, name: &str) -> Result<bool, String> {
        let value = self.get(name)?;
        value.boolean().ok_or_else(|| wrong(name, value, "a boolean"))
    }
}

fn wrong(name: &str, value: Json, expected: &str) -> String {
    if value.kind() == "a string" && value.string().is_none() {
        return format!("`{name}` {NO_CHARACTER}");
    }
    format!("`{name}` is {}, not {expected}", value.kind())
}

/// Of half a surrogate pair, which JSON allows and no text can hold.
pub const NO_CHARACTER: &str = "holds an escape that stands for no character";

/// JSON of the caller's own, to be sent on: each name once at every depth, and no number that would
/// change on the way.
pub fn strict(text: &str) -> Result<Value, String> {
    check(Json::parse(text.as_bytes())?)?;
    serde_json::from_str(text).map_err(|error| reason(&error))
}

fn check(value: Json) -> Result<(), String> {
    match value.kind() {
        "an array" => value.each_row("", check),
        "an object" => {
            let object = value.object("an object")?;
            if let Some(name) = object.repeated() {
                return Err(format!("`{name}` is there twice"));
            }
            if object.0.iter().any(|(name, _)| name.contains('\0')) {
                return Err("a name holds the character NUL".to_owned());
            }
            object.0.iter().try_for_each(|(_, value)| check(*value))
        }
        "a string" => match value.string() {
            Some(text) if text.contains('\0') => Err("a text holds the character NUL".to_owned()),
            Some(_) => Ok(()),
            None => Err(format!("a text {NO_CHARACTER}")),
        },
        "a number" if is_too_large_an_integer(value.text()) => {
            Err(format!("the integer {} has more than 64 bits: send it as a string", value.text()))
        }
        _ => Ok(()),
    }
}

/// serde_json makes a float of an integer that has no room in 64 bits.
fn is_too_large_an_integer(number: &str) -> bool {
    let is_integer = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_integer && number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
}

/// What bytes that are no UTF-8 most likely are.
fn not_utf8(bytes: &[u8]) -> String {
    match bytes {
        [0x1f, 0x8b, ..] => "it is compressed with gzip, which was not asked for",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is in UTF-16, and JSON must be in UTF-8",
        _ => "it is not in UTF-8: GBK, most likely",
    }
    .to_owned()
}

/// The place of a bracket that opens one level too many.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(place);
        }
    }
    None
}

/// What serde_json found, without any piece of the text: that may hold a secret.
fn reason(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Eof => "the JSON ends too early",
        Category::Data | Category::Syntax | Category::Io => "not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, Json<'de>)>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            if members.len() == MAX_MEMBERS {
                return Err(serde::de::Error::custom("too many members"));
            }
            members.push((name, Json(map.next_value::<&RawValue>()?.get())));
        }
        Ok(members)
    }
}

/// A member's name, copied only where it is written with escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// What reads a row, and may say that it can't.
type RowReader<'a, 'f> = &'f mut dyn FnMut(Json<'a>) -> Result<(), String>;

struct Rows<'a, 'f> {
    read: RowReader<'a, 'f>,
    why: Option<String>,
}

impl<'de> Visitor<'de> for &mut Rows<'de, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element::<&RawValue>()? {
            if let Err(why) = (self.read)(Json(row.get())) {
                self.why = Some(why);
                return Err(serde::de::Error::custom("a row can't be read"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object<'_> {
        Json::parse(text.as_bytes()).unwrap().object("it").unwrap()
    }

    #[test]
    fn what_is_no_json_is_named_by_what_it_is() {
        for (bytes, why) in [
            (&b"\x1f\x8b\x08\0"[..], "it is compressed with gzip, which was not asked for"),
            (b"\xef\xbb\xbf{}", "it begins with a byte order mark, which JSON must not"),
            (b"\xff\xfe{\0", "it is in UTF-16, and JSON must be in UTF-8"),
            (b"{\"m\":\"\xb5\xa5\xbe\xdd\"}", "it is not in UTF-8: GBK, most likely"),
            (b"", "the JSON ends too early (line 1, column 0)"),
            (b"{\"a\":", "the JSON ends too early (line 1, column 5)"),
            (b"<html>", "not JSON (line 1, column 1)"),
            (b"{} {}", "not JSON (line 1, column 4)"),
            (b"{'a':1}", "not JSON (line 1, column 2)"),
        ] {
            assert_eq!(Json::parse(bytes).err().as_deref(), Some(why), "{bytes:?}");
        }
        let deep = "[".repeat(129) + &"]".repeat(129);
        assert_eq!(
            Json::parse(deep.as_bytes()).err().as_deref(),
            Some("nested too deep (byte 128)")
        );
        assert!(Json::parse(("[".repeat(128) + &"]".repeat(128)).as_bytes()).is_ok());
    }

    #[test]
    fn members_are_read_as_what_they_are() {
        let read = object(
            r#" {"t":"a\u5355","n":12,"d":"12","b":true,"z":null,"l":[1],"x":-1,"big":18446744073709551616,"\u0074wo":1,"bad":"\ud800"} "#,
        );
        assert_eq!(read.text("t"), Ok("a单".to_owned()));
        assert_eq!(read.text("n"), Ok("12".to_owned()));
        assert_eq!((read.number("n"), read.number("d")), (Ok(12), Ok(12)));
        assert_eq!(read.boolean("b"), Ok(true));
        assert_eq!(read.optional_text("z"), Ok(None));
        assert_eq!(read.optional_text("none"), Ok(None));
        assert_eq!(read.number("two"), Ok(1));
        for (result, why) in [
            (read.text("none"), "`none` is missing"),
            (read.text("l"), "`l` is an array, not a string"),
            (read.text("bad"), "`bad` holds an escape that stands for no character"),
            (
                read.number("x").map(|number| number.to_string()),
                "`x` is a number, not a number that is not negative",
            ),
            (
                read.number("big").map(|number| number.to_string()),
                "`big` is a number, not a number that is not negative",
            ),
            (read.boolean("n").map(|flag| flag.to_string()), "`n` is a number, not a boolean"),
        ] {
            assert_eq!(result, Err(why.to_owned()));
        }
    }

    #[test]
    fn of_two_members_with_one_name_the_later_counts_and_the_name_is_known() {
        let read = object(r#"{"a":1,"b":2,"\u0061":3}"#);
        assert_eq!(read.number("a"), Ok(3));
        assert_eq!(read.repeated(), Some("a"));
        assert_eq!(object(r#"{"a":{"a":1}}"#).repeated(), None);
    }

    #[test]
    fn rows_are_read_one_by_one_until_one_can_not_be() {
        let list = Json::parse(b"[1, 2,3]").unwrap();
        let numbers = list.rows("it", |row| Ok(row.text().to_owned()));
        assert_eq!(numbers, Ok(vec!["1".to_owned(), "2".to_owned(), "3".to_owned()]));
        let mut seen = 0;
        let stopped = list.each_row("it", |_| {
            seen += 1;
            if seen == 2 { Err("no more".to_owned()) } else { Ok(()) }
        });
        assert_eq!((stopped, seen), (Err("no more".to_owned()), 2));
        let no_list = Json::parse(b"{}").unwrap().each_row("it", |_| Ok(()));
        assert_eq!(no_list, Err("it is an object, not a list".to_owned()));
    }

    #[test]
    fn lists_of_more_than_any_has_are_refused() {
        let list = |rows: usize| format!("[{}]", vec!["0"; rows].join(","));
        let rows = |text: &str| Json::parse(text.as_bytes())?.rows("it", |_| Ok(()));
        assert_eq!(rows(&list(10_000)).map(|rows| rows.len()), Ok(10_000));
        assert_eq!(rows(&list(10_001)), Err("it has more than 10000 rows".to_owned()));
        let users = |names: usize| format!(r#"{{"u":"{}"}}"#, "a,".repeat(names));
        assert_eq!(object(&users(10_000)).users("u").map(|users| users.len()), Ok(10_000));
        assert_eq!(
            object(&users(10_001)).users("u"),
            Err("`u` has more than 10000 names".to_owned())
        );
        assert_eq!(object(r#"{"u":null}"#).users("u"), Ok(vec![]));
    }

    #[test]
    fn an_object_of_more_members_than_any_has_is_refused() {
        let members = |n: usize| format!("{{{}}}", vec!["\"\":0"; n].join(","));
        assert!(Json::parse(members(1_000).as_bytes()).unwrap().object("it").is_ok());
        let text = members(1_001);
        assert_eq!(
            Json::parse(text.as_bytes()).unwrap().object("it").err().as_deref(),
            Some("it has more than 1000 members, or one whose name is no text")
        );
    }

    #[test]
    fn json_to_be_sent_on_names_each_member_once_and_keeps_its_numbers() {
        for text in [
            r#"{"a":{"b":[1,{"c":1}]},"c":-9223372036854775808,"d":18446744073709551615,"e":1.5e300}"#,
            r#"{"a":"99999999999999999999","b\"99999999999999999999":1,"c\\":"\"99999999999999999999"}"#,
        ] {
            assert!(strict(text).is_ok(), "{text}");
        }
        for (text, why) in [
            (r#"{"a":1,"a":2}"#, "`a` is there twice"),
            (r#"{"a":{"b":[{"c":1,"\u0063":2}]}}"#, "`c` is there twice"),
            (
                r#"{"a\\":18446744073709551616}"#,
                "the integer 18446744073709551616 has more than 64 bits: send it as a string",
            ),
            (
                "[-9223372036854775809]",
                "the integer -9223372036854775809 has more than 64 bits: send it as a string",
            ),
            ("{", "the JSON ends too early (line 1, column 1)"),
            (r#"["a\u0000"]"#, "a text holds the character NUL"),
            (r#"{"a\u0000":1}"#, "a name holds the character NUL"),
            (r#"["\ud800"]"#, "a text holds an escape that stands for no character"),
        ] {
            assert_eq!(strict(text).err().as_deref(), Some(why), "{text}");
        }
    }
}
