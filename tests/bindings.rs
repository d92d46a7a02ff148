//! The binding against the published vectors, the page that describes it, an implementation that shares nothing
//! with it, and every change of one bit.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use blueking_itsm::domain::binding::{self, BindingError, Claims, HEADER};
use blueking_itsm::domain::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use std::collections::BTreeSet;
use std::process::Command;

const PAGES: [&str; 2] =
    [include_str!("../docs/binding.md"), include_str!("../docs/binding.zh.md")];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    made: Vec<Made>,
    not_made: Vec<NotMade>,
    checks: Vec<Check>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    name: String,
    key: String,
    operation_id: String,
    callback_url: String,
    expires_s: String,
    header: String,
    tag: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotMade {
    name: String,
    key: String,
    operation_id: String,
    callback_url: String,
    expires_s: String,
    wrong: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    name: String,
    keys: Vec<String>,
    headers: Vec<(String, String)>,
    callback_url: String,
    now_s: String,
    result: String,
    operation_id: Option<String>,
    expires_s: Option<String>,
    tag: Option<String>,
    place: Option<u32>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/binding.json")).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn claims(operation_id: &str, callback_url: &str, expires_s: &str) -> Claims {
    Claims {
        operation_id: operation_id.to_owned(),
        callback_url: callback_url.to_owned(),
        expires_s: expires_s.parse().unwrap(),
    }
}

/// The claims, and the tag in clear.
type Bound = (Claims, String);

fn check(
    keys: &[String],
    headers: &[(String, String)],
    callback_url: &str,
    now_s: u64,
) -> Result<Bound, BindingError> {
    let keys: Vec<_> = keys.iter().map(|key| secret(key)).collect();
    let bound = binding::check(&keys, headers, callback_url, now_s)?;
    Ok((bound.claims, bound.tag.expose().to_owned()))
}

impl Check {
    fn claims(&self) -> Claims {
        let (operation_id, expires_s) = (self.operation_id.as_ref(), self.expires_s.as_ref());
        claims(operation_id.unwrap(), &self.callback_url, expires_s.unwrap())
    }

    fn expected(&self) -> Result<Bound, BindingError> {
        Err(match self.result.as_str() {
            "bound" => return Ok((self.claims(), self.tag.clone().unwrap())),
            "absent" => BindingError::Absent,
            "malformed" => BindingError::Malformed,
            "unknown-key" => BindingError::UnknownKey,
            "forged" => BindingError::Forged,
            "expired" => BindingError::Expired(self.claims()),
            "invalid-key" => BindingError::InvalidKey(self.place.unwrap()),
            other => panic!("{other} is no result"),
        })
    }
}

#[test]
fn the_bindings_of_the_vectors_are_made() {
    for Made { name, key, operation_id, callback_url, expires_s, header, tag } in vectors().made {
        let claims = claims(&operation_id, &callback_url, &expires_s);
        let made = binding::bind(&secret(&key), &claims).ok().unwrap();
        assert_eq!(made.header, (HEADER.to_owned(), header), "{name}");
        assert_eq!(made.tag.expose(), tag, "{name}");
    }
}

#[test]
fn values_of_another_form_are_not_bound_and_the_key_is_not_repeated() {
    for NotMade { name, key, operation_id, callback_url, expires_s, wrong } in vectors().not_made {
        let claims = claims(&operation_id, &callback_url, &expires_s);
        let why = binding::bind(&secret(&key), &claims).err().unwrap();
        assert!(why.starts_with(&wrong), "{name}: {why}");
        let digits = key.rsplit('.').find(|part| part.len() > 16);
        assert!(!digits.is_some_and(|digits| why.contains(digits)), "{name}: {why}");
    }
}

#[test]
fn each_check_of_the_vectors_has_its_result() {
    for vector in vectors().checks {
        let Check { name, keys, headers, callback_url, now_s, .. } = &vector;
        let checked = check(keys, headers, callback_url, now_s.parse().unwrap());
        assert_eq!(checked, vector.expected(), "{name}");
    }
}

#[test]
fn an_implementation_of_the_page_in_python_agrees_with_all_vectors() {
    let Vectors { made, not_made, checks } = vectors();
    let all = made.len() + not_made.len() + checks.len();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/check.py");
    let ran = Command::new("python3").arg(script).output();
    let ran = ran.expect("python3 is missing: install Python 3");
    let printed = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{printed}");
    assert_eq!(printed.trim_end(), format!("{all} vectors agree, 0 do not: []"));
    println!("{all} vectors");
}

/// The first words of the table's rows in a section, which stand in backquotes.
fn rows<'a>(page: &'a str, heading: &str) -> BTreeSet<&'a str> {
    let (_, section) = page.split_once(heading).expect("the section");
    let section = section.split("\n## ").next().unwrap();
    let cell = |line: &'a str| line.strip_prefix("| `")?.split('`').next();
    section.lines().filter_map(cell).collect()
}

#[test]
fn the_page_names_each_result_and_the_vectors_have_each() {
    let tested: BTreeSet<_> = vectors().checks.into_iter().map(|check| check.result).collect();
    let tested: BTreeSet<_> = tested.iter().map(String::as_str).collect();
    assert_eq!(tested.len(), 7);
    let wrong: BTreeSet<_> = vectors().not_made.into_iter().map(|vector| vector.wrong).collect();
    for (page, check, vectors) in [
        (PAGES[0], "\n## Check a binding\n", "\n## Vectors\n"),
        (PAGES[1], "\n## 核对绑定\n", "\n## 测试向量\n"),
    ] {
        assert_eq!(rows(page, check), tested);
        assert_eq!(rows(page, vectors), BTreeSet::from(["made", "not_made", "checks"]));
        assert!(wrong.iter().all(|wrong| page.contains(&format!("`{wrong}`"))), "{wrong:?}");
    }
}

fn blocks(page: &str) -> Vec<&str> {
    page.split("```").skip(1).step_by(2).collect()
}

#[test]
fn the_pages_example_is_the_first_vector() {
    let Made { key, operation_id, callback_url, expires_s, header, tag, .. } =
        vectors().made.swap_remove(0);
    let key_id = key.split('.').nth(1).unwrap();
    let message = |parts: &[&str]| {
        let part = |part: &&str| {
            let hex: String = part.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("{:08x} {hex}", part.len())
        };
        parts.iter().map(part).collect::<Vec<_>>().join("\n           || ")
    };
    let example = format!(
        "text
key           {key}
operation id  {operation_id}
expiry        {expires_s}
callback URL  {callback_url}

message of the header's MAC
              {}
header        {HEADER}: {header}

message of the tag's MAC
              {}
tag           {tag}
",
        message(&["v1", key_id, &operation_id, &expires_s, &callback_url]),
        message(&["tag", &operation_id]),
    );
    for page in PAGES {
        assert_eq!(blocks(page).last(), Some(&example.as_str()));
    }
    assert_eq!(blocks(PAGES[0]), blocks(PAGES[1]));
}

#[test]
fn the_page_knows_the_shortest_and_the_longest_header() {
    let lengths = || vectors().made.into_iter().map(|vector| vector.header.len());
    assert_eq!((lengths().min(), lengths().max()), (Some(73), Some(138)));
    for (page, words) in [(PAGES[0], "73 to 138 characters"), (PAGES[1], "73 到 138 个字符")] {
        assert!(page.contains(words));
    }
}

#[test]
fn every_change_of_one_bit_is_refused() {
    let mut changes = 0;
    for Made { key, callback_url, header, .. } in vectors().made {
        let keys = [key];
        let holds = |value: &str, url: &str| {
            let checked = check(&keys, &[(HEADER.to_owned(), value.to_owned())], url, 0);
            matches!(checked, Ok(_) | Err(BindingError::Expired(_)))
        };
        assert!(holds(&header, &callback_url));
        for (place, text) in [(0, &header), (1, &callback_url)] {
            for byte in 0..text.len() {
                for bit in 0..7 {
                    let mut bytes = text.clone().into_bytes();
                    bytes[byte] ^= 1 << bit;
                    let changed = String::from_utf8(bytes).unwrap();
                    let held = match place {
                        0 => holds(&changed, &callback_url),
                        _ => holds(&header, &changed),
                    };
                    assert!(!held, "{changed}");
                    changes += 1;
                }
            }
        }
    }
    println!("{changes} changes of one bit, 0 accepted");
    assert!(changes > 10_000);
}

/// RFC 4231, sections 4.2 to 4.4 and 4.7 to 4.8: key, data, HMAC-SHA-256.
#[test]
fn the_hmac_is_the_one_of_rfc_4231() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    };
    for (key, data, mac) in [
        (
            vec![0x0b; 20],
            b"Hi There".to_vec(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe".to_vec(),
            b"what do ya want for nothing?".to_vec(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            vec![0xaa; 20],
            vec![0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            vec![0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ] {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        hmac.update(&data);
        assert_eq!(hmac.finalize().into_bytes().to_vec(), hex(mac));
    }
}
