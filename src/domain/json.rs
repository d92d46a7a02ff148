//! Reading JSON member by member, with reasons a person can act on.
//!
//! Nothing is unfolded before it is asked for: an answer stays the text that it is, and what is read of it
//! takes little more room than it has there. As a tree of values, some answers take seventy times their size.
//!
//! serde's own complaints quote the value they met, and a value may be a secret; a [`Mismatch`] has no room
//! for one.

use super::text;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

const MAX_DEPTH: usize = 128;
/// More members than any object of ITSM's that is read here has.
const MAX_MEMBERS: usize = 1_000;
/// Most objects have no more. A list that begins with room for them need not grow.
const USUAL_MEMBERS: usize = 16;
/// ITSM's own cap to a page. Short rows take many times their size when they are read.
pub const MAX_ROWS: usize = 10_000;
/// More names than any list of users has.
const MAX_USERS: usize = 10_000;

/// Why data is not what it should be. It is made of the code's own words and of numbers alone, so that it
/// can repeat no value, and no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch(Why);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Words(&'static str),
    Of(What, &'static str),
    Kind { what: What, found: &'static str, expected: &'static str },
    TooMany { what: What, most: usize, of: &'static str },
    At { what: &'static str, line: usize, column: usize },
    Deep(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Member(&'static str),
    Thing(&'static str),
}

impl Mismatch {
    /// In words alone.
    pub const fn words(words: &'static str) -> Self {
        Self(Why::Words(words))
    }

    /// What is wrong with something.
    pub const fn of(what: &'static str, why: &'static str) -> Self {
        Self(Why::Of(What::Thing(what), why))
    }

    /// What is wrong with a member.
    pub const fn member(name: &'static str, why: &'static str) -> Self {
        Self(Why::Of(What::Member(name), why))
    }

    /// More than are read.
    pub const fn too_many(what: &'static str, most: usize, of: &'static str) -> Self {
        Self(Why::TooMany { what: What::Thing(what), most, of })
    }

    /// A member that is of another kind than expected.
    pub fn kind(name: &'static str, value: Json, expected: &'static str) -> Self {
        value.is_not(expected, What::Member(name))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            Why::Words(words) => f.write_str(words),
            Why::Of(what, why) => write!(f, "{what} {why}"),
            Why::Kind { what, found, expected } => write!(f, "{what} is {found}, not {expected}"),
            Why::TooMany { what, most, of } => write!(f, "{what} has more than {most} {of}"),
            Why::At { what, line, column } => write!(f, "{what} (line {line}, column {column})"),
            Why::Deep(byte) => write!(f, "nested too deep (byte {byte})"),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Member(name) => write!(f, "`{name}`"),
            Self::Thing(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Mismatch {}

impl From<Mismatch> for String {
    fn from(mismatch: Mismatch) -> Self {
        mismatch.to_string()
    }
}

/// A value that has been checked to be JSON, as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// `bytes` as one value with nothing after it, or why they are none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Mismatch> {
        let text = text_of(bytes)?;
        if let Some(byte) = too_deep(text, MAX_DEPTH) {
            return Err(Mismatch(Why::Deep(byte)));
        }
        match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => Ok(Self(raw.get())),
            Err(error) => Err(reason(&error)),
        }
    }

    /// The members of `bytes`: the same as to parse them and to take the value as an `object`, in one pass.
    pub fn parse_object(bytes: &'a [u8], what: &'static str) -> Result<Object<'a>, Mismatch> {
        let text = text_of(bytes)?;
        // Of a text serde_json would make copies, to say that it is no object.
        if text.trim_ascii_start().starts_with('{') {
            let mut reader = serde_json::Deserializer::from_str(text);
            let members = reader.deserialize_map(Members);
            if let Ok(members) = members.and_then(|members| reader.end().map(|()| members)) {
                // Most texts are nested in few members, if in any.
                let mut nested = members.iter().filter(|(_, value)| value.is_nested());
                if nested.all(|(_, value)| too_deep(value.text(), MAX_DEPTH - 1).is_none()) {
                    return Ok(Object(members));
                }
            }
        }
        Self::parse(bytes)?.object(what)
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

    fn is_not(self, expected: &'static str, what: What) -> Mismatch {
        Mismatch(Why::Kind { what, found: self.kind(), expected })
    }

    /// Whether it can hold other values.
    fn is_nested(self) -> bool {
        matches!(self.0.as_bytes().first(), Some(b'{' | b'['))
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
        let first = self.0.as_bytes().first()?;
        (*first == b'-' || first.is_ascii_digit()).then_some(self.0)
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
    pub fn object(self, what: &'static str) -> Result<Object<'a>, Mismatch> {
        if self.kind() != "an object" {
            return Err(self.is_not("an object", What::Thing(what)));
        }
        match serde_json::Deserializer::from_str(self.0).deserialize_map(Members) {
            Ok(members) => Ok(Object(members)),
            Err(_) => {
                let of = "members, or one whose name is no text";
                Err(Mismatch::too_many(what, MAX_MEMBERS, of))
            }
        }
    }

    /// What `read` makes of each row of a list; `what` is named when it is no list.
    pub fn rows<T>(
        self,
        what: &'static str,
        mut read: impl FnMut(Json<'a>) -> Result<T, Mismatch>,
    ) -> Result<Vec<T>, Mismatch> {
        let mut all = Vec::new();
        self.each_row(what, |row| {
            if all.len() == MAX_ROWS {
                return Err(Mismatch::too_many(what, MAX_ROWS, "rows"));
            }
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Reads each row of a list; `what` is named when it is no list.
    pub fn each_row(
        self,
        what: &'static str,
        mut read: impl FnMut(Json<'a>) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        self.each(what, &mut read)
    }

    /// One copy of it is in the component, and not one for each reader.
    fn each(self, what: &'static str, read: RowReader<'a, '_>) -> Result<(), Mismatch> {
        if self.kind() != "an array" {
            return Err(self.is_not("a list", What::Thing(what)));
        }
        let mut rows = Rows { read, why: None };
        let read = serde_json::Deserializer::from_str(self.0).deserialize_seq(&mut rows);
        match (read, rows.why) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(why)) => Err(why),
            (Err(_), None) => Err(Mismatch::of(what, "is no list that can be read")),
        }
    }
}

/// The members of one object, in their order.
#[derive(Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    /// A member. Of two with one name it is the later one, as in most readers.
    pub fn find(&self, name: &str) -> Option<Json<'a>> {
        for (key, value) in self.0.iter().rev() {
            if key == name {
                return Some(*value);
            }
        }
        None
    }

    /// Its members, in their order.
    pub fn members(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A member that has to be there.
    pub fn get(&self, name: &'static str) -> Result<Json<'a>, Mismatch> {
        self.find(name).ok_or(Mismatch::member(name, "is missing"))
    }

    /// A name that occurs twice. Readers differ in which of the two they take, and an attacker can use that.
    pub fn repeated(&self) -> Option<&str> {
        let mut names: Vec<_> = self.0.iter().map(|(name, _)| (digest(name), &**name)).collect();
        names.sort_unstable();
        names.windows(2).find_map(|two| match two {
            [one, next] if one == next => Some(one.1),
            _ => None,
        })
    }

    /// Text; a number counts as its digits, since ITSM writes some ids either way.
    pub fn text(&self, name: &'static str) -> Result<String, Mismatch> {
        let value = self.get(name)?;
        match (value.string(), value.number()) {
            (Some(text), _) => Ok(text.into_owned()),
            (None, Some(number)) => Ok(number.to_owned()),
            (None, None) => Err(wrong(name, value, "a string")),
        }
    }

    /// Text, or `None` for null and for a member that is not there.
    pub fn optional_text(&self, name: &'static str) -> Result<Option<String>, Mismatch> {
        match self.find(name) {
            Some(value) if !value.is_null() => self.text(name).map(Some),
            _ => Ok(None),
        }
    }

    /// Text, or nothing for null and for a member that is not there.
    pub fn text_or_nothing(&self, name: &'static str) -> Result<String, Mismatch> {
        Ok(self.optional_text(name)?.unwrap_or_default())
    }

    /// The names in one of ITSM's lists of users, such as `",carol,bob,"`. Nobody for null and for a member
    /// that is not there.
    pub fn users(&self, name: &'static str) -> Result<Vec<String>, Mismatch> {
        let list = self.text_or_nothing(name)?;
        if list.bytes().filter(|byte| *byte == b',').count() > MAX_USERS {
            let of = "names";
            return Err(Mismatch(Why::TooMany { what: What::Member(name), most: MAX_USERS, of }));
        }
        Ok(text::users(&list))
    }

    /// A number that is not negative; a string of digits counts.
    pub fn number(&self, name: &'static str) -> Result<u64, Mismatch> {
        let value = self.get(name)?;
        let digits = value.number().map(Cow::Borrowed).or_else(|| value.string());
        digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| wrong(name, value, "a number that is not negative"))
    }

    /// True or false.
    pub fn boolean(&self, name: &'static str) -> Result<bool, Mismatch> {
        let value = self.get(name)?;
        value.boolean().ok_or_else(|| wrong(name, value, "a boolean"))
    }
}

/// A number that most names have for themselves (FNV-1a): numbers are sorted faster than names that begin alike.
fn digest(name: &str) -> u32 {
    let mut digest = 0x811c_9dc5_u32;
    for byte in name.bytes() {
        digest = (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    digest
}

fn wrong(name: &'static str, value: Json, expected: &'static str) -> Mismatch {
    if value.kind() == "a string" && value.string().is_none() {
        return Mismatch::member(name, NO_CHARACTER);
    }
    value.is_not(expected, What::Member(name))
}

/// Of half a surrogate pair, which JSON allows and no text can hold.
pub const NO_CHARACTER: &str = "holds an escape that stands for no character";

/// JSON of the caller's own, to be sent on: each name once at every depth, and no number that would
/// change on the way.
pub fn strict(text: &str) -> Result<Value, String> {
    check(Json::parse(text.as_bytes())?)?;
    serde_json::from_str(text).map_err(|error| reason(&error).to_string())
}

/// The JSON is the caller's own, so that what is wrong with it may be named in its own words.
fn check(value: Json) -> Result<(), String> {
    match value.kind() {
        "an array" => {
            let mut checked = Ok(());
            let read = value.each_row("a list", |row| {
                checked = check(row);
                if checked.is_ok() { Ok(()) } else { Err(Mismatch::words("it can't be sent")) }
            });
            checked?;
            Ok(read?)
        }
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
fn not_utf8(bytes: &[u8]) -> Mismatch {
    Mismatch::words(match bytes {
        [0x1f, 0x8b, ..] => "it is compressed with gzip, which was not asked for",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is in UTF-16, and JSON must be in UTF-8",
        _ => "it is not in UTF-8: GBK, most likely",
    })
}

/// `bytes` as text, or what they are instead.
fn text_of(bytes: &[u8]) -> Result<&str, Mismatch> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8(bytes))?;
    if text.starts_with('\u{feff}') {
        return Err(Mismatch::words("it begins with a byte order mark, which JSON must not"));
    }
    Ok(text)
}

/// The place of the first bracket that is nested deeper than `most` levels.
fn too_deep(text: &str, most: usize) -> Option<usize> {
    // Most texts have fewer brackets than that, and those are counted much faster than levels.
    if text.matches('[').chain(text.matches('{')).take(most + 1).count() <= most {
        return None;
    }
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
        if depth > most {
            return Some(place);
        }
    }
    None
}

/// What serde_json found, without any piece of the text: that may hold a secret.
fn reason(error: &serde_json::Error) -> Mismatch {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Eof => "the JSON ends too early",
        Category::Data | Category::Syntax | Category::Io => "not JSON",
    };
    Mismatch(Why::At { what, line: error.line(), column: error.column() })
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, Json<'de>)>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(USUAL_MEMBERS);
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
type RowReader<'a, 'f> = &'f mut dyn FnMut(Json<'a>) -> Result<(), Mismatch>;

struct Rows<'a, 'f> {
    read: RowReader<'a, 'f>,
    why: Option<Mismatch>,
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
            assert_eq!(Json::parse(bytes).unwrap_err().to_string(), why, "{bytes:?}");
        }
        let deep = "[".repeat(129) + &"]".repeat(129);
        let too_deep = Json::parse(deep.as_bytes()).unwrap_err();
        assert_eq!(too_deep.to_string(), "nested too deep (byte 128)");
        assert!(Json::parse(("[".repeat(128) + &"]".repeat(128)).as_bytes()).is_ok());
    }

    #[test]
    fn an_object_in_one_pass_is_what_it_is_in_two() {
        fn said(object: Result<Object, Mismatch>) -> Result<Vec<String>, String> {
            let member = |(name, value): (&str, Json)| format!("{name}: {}", value.text());
            object.map(|object| object.members().map(member).collect()).map_err(String::from)
        }
        let members = format!("{{{}}}", vec!["\"\":0"; 1_001].join(","));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(128), "]".repeat(128));
        for text in [
            r#" {"a":[1, {"b":2}],"\u0061":"x"} "#,
            "{}",
            "[]",
            "7",
            "",
            "{} {}",
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"\ud800":1}"#,
            r#"{"a":"\ud800"}"#,
            &members,
            &deep,
            "\u{feff}{}",
        ] {
            let two = Json::parse(text.as_bytes()).and_then(|value| value.object("it"));
            assert_eq!(said(Json::parse_object(text.as_bytes(), "it")), said(two), "{text}");
        }
        assert_eq!(said(Json::parse_object(b"{\"a\":1}", "it")), Ok(vec!["a: 1".to_owned()]));
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
            assert_eq!(result.unwrap_err().to_string(), why);
        }
    }

    #[test]
    fn of_two_members_with_one_name_the_later_counts_and_the_name_is_known() {
        let read = object(r#"{"a":1,"b":2,"\u0061":3}"#);
        assert_eq!(read.number("a"), Ok(3));
        assert_eq!(read.repeated(), Some("a"));
        assert_eq!(object(r#"{"b":1,"c":2,"a":3,"c":4}"#).repeated(), Some("c"));
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
            if seen == 2 { Err(Mismatch::words("no more")) } else { Ok(()) }
        });
        assert_eq!((stopped, seen), (Err(Mismatch::words("no more")), 2));
        let no_list = Json::parse(b"{}").unwrap().each_row("it", |_| Ok(()));
        assert_eq!(no_list.unwrap_err().to_string(), "it is an object, not a list");
    }

    #[test]
    fn lists_of_more_than_any_has_are_refused() {
        let list = |rows: usize| format!("[{}]", vec!["0"; rows].join(","));
        let rows = |text: &str| Json::parse(text.as_bytes())?.rows("it", |_| Ok(()));
        assert_eq!(rows(&list(10_000)).map(|rows| rows.len()), Ok(10_000));
        let too_many = rows(&list(10_001)).unwrap_err();
        assert_eq!(too_many.to_string(), "it has more than 10000 rows");
        let users = |names: usize| format!(r#"{{"u":"{}"}}"#, "a,".repeat(names));
        assert_eq!(object(&users(10_000)).users("u").map(|users| users.len()), Ok(10_000));
        let too_many = object(&users(10_001)).users("u").unwrap_err();
        assert_eq!(too_many.to_string(), "`u` has more than 10000 names");
        assert_eq!(object(r#"{"u":null}"#).users("u"), Ok(vec![]));
    }

    #[test]
    fn an_object_of_more_members_than_any_has_is_refused() {
        let members = |n: usize| format!("{{{}}}", vec!["\"\":0"; n].join(","));
        assert!(Json::parse(members(1_000).as_bytes()).unwrap().object("it").is_ok());
        let text = members(1_001);
        let too_many = Json::parse(text.as_bytes()).unwrap().object("it").err().unwrap();
        assert_eq!(
            too_many.to_string(),
            "it has more than 1000 members, or one whose name is no text"
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
