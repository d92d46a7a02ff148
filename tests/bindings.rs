//! The binding against published vectors, an implementation that shares nothing with it, and every
//! change of one bit.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

use blueking_itsm::domain::binding::{self, Claims, HEADER, Unbound};
use blueking_itsm::domain::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::process::Command;

const VECTORS: &str = include_str!("vectors/binding.json");

struct Vector {
    key: Secret,
    claims: Claims,
    header: String,
    tag: String,
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let text = |vector: &Value, name: &str| vector[name].as_str().unwrap().to_owned();
    vectors
        .iter()
        .map(|vector| Vector {
            key: Secret::new(text(vector, "key")),
            claims: Claims {
                operation_id: text(vector, "operation_id"),
                callback_url: text(vector, "callback_url"),
                expires_s: vector["expires_s"].as_u64().unwrap(),
            },
            header: text(vector, "header"),
            tag: text(vector, "tag"),
        })
        .collect()
}

/// What a check says: the claims, and the tag in clear.
fn check(key: &Secret, value: &str, url: &str) -> Result<(Claims, String), Unbound> {
    let headers = [(HEADER.to_owned(), value.to_owned())];
    let bound = binding::check(std::slice::from_ref(key), &headers, url, 0)?;
    Ok((bound.claims, bound.tag.expose().to_owned()))
}

#[test]
fn the_published_vectors_are_made_and_accepted() {
    let vectors = vectors();
    for vector in &vectors {
        let made = binding::bind(&vector.key, &vector.claims).ok().unwrap();
        let (name, value) = made.header;
        assert_eq!((name.as_str(), &value), (HEADER, &vector.header));
        assert_eq!(made.tag.expose(), vector.tag);
        let checked = check(&vector.key, &value, &vector.claims.callback_url);
        match checked {
            Ok(bound) => assert_eq!(bound, (vector.claims.clone(), vector.tag.clone())),
            // The vector whose time is over at second 0.
            Err(unbound) => assert_eq!(unbound, Unbound::Expired(vector.claims.clone())),
        }
    }
    println!("{} vectors", vectors.len());
}

#[test]
fn pythons_hmac_agrees_with_the_published_vectors() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/check.py");
    let ran = Command::new("python3").arg(script).output();
    let ran = ran.expect("python3 is missing: install Python 3");
    let printed = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{printed}");
    assert!(printed.starts_with("9 vectors agree, 0 do not"), "{printed}");
}

#[test]
fn every_change_of_one_bit_is_refused() {
    let mut changes = 0;
    for vector in vectors().iter().filter(|vector| vector.claims.expires_s > 0) {
        let url = &vector.claims.callback_url;
        for (place, text) in [(0, &vector.header), (1, url)] {
            for byte in 0..text.len() {
                for bit in 0..7 {
                    let mut bytes = text.clone().into_bytes();
                    bytes[byte] ^= 1 << bit;
                    let changed = String::from_utf8(bytes).unwrap();
                    let checked = match place {
                        0 => check(&vector.key, &changed, url),
                        _ => check(&vector.key, &vector.header, &changed),
                    };
                    assert!(checked.is_err(), "{changed}");
                    changes += 1;
                }
            }
        }
    }
    println!("{changes} changes of one bit, 0 accepted");
    assert!(changes > 10_000);
}

#[test]
fn keys_can_be_changed_while_tickets_are_open() {
    let key = |id: &str, digits: &str| Secret::new(format!("itsm-key.{id}.{}", digits.repeat(32)));
    let claims =
        Claims { operation_id: "op7".into(), callback_url: "http://h/".into(), expires_s: 10 };
    let headers = [binding::bind(&key("old", "0a"), &claims).ok().unwrap().header];
    for (keys, accepted) in [
        (vec![key("old", "0a")], true),
        (vec![key("new", "0b"), key("old", "0a")], true),
        (vec![key("new", "0b")], false),
        (vec![key("old", "0b")], false),
        // The same id twice, as after a change made in a hurry.
        (vec![key("old", "0b"), key("old", "0a")], true),
    ] {
        let checked = binding::check(&keys, &headers, "http://h/", 9);
        assert_eq!(checked.is_ok(), accepted);
    }
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
