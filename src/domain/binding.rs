//! The proof that a callback belongs to an operation: an HMAC in a header that ITSM sends back.
//!
//! The header's value is `v1.KEY-ID.OPERATION-ID.EXPIRES-S.MAC`; the MAC is HMAC-SHA256 (RFC 2104)
//! over the version, key id, operation id, expiry in decimal and callback address, each preceded by
//! its length as four bytes, most significant first. The address is not in the header: the receiver
//! knows its own.
//!
//! With the same key the operation's tag is derived: HMAC-SHA256 over "tag" and the operation id, each
//! preceded by its length; its first 16 bytes in base32 (RFC 4648), lower case and without padding. The
//! operation id is public, the tag is not: who has read the header can't make a ticket with this tag.

use super::operation_id;
use super::secret::Secret;
use super::text;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The header that carries a binding. ITSM sends it back as it was given.
pub const HEADER: &str = "X-Itsm-Binding";

const VERSION: &str = "v1";
const KEY_PREFIX: &str = "itsm-key";
const MAX_URL_BYTES: usize = 2048;

/// What a binding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The operation.
    pub operation_id: String,
    /// The address ITSM was told to call.
    pub callback_url: String,
    /// Seconds since 1970 at which the binding ceases to hold.
    pub expires_s: u64,
}

/// What `bind` makes: the header, and the tag of the operation's ticket.
pub struct Binding {
    /// For the callback.
    pub header: (String, String),
    /// For the ticket.
    pub tag: Secret,
}

/// What a binding that holds proves.
pub struct Bound {
    /// What it is about.
    pub claims: Claims,
    /// The tag of the operation's ticket.
    pub tag: Secret,
}

/// Why headers prove nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unbound {
    /// No such header.
    Absent,
    /// Twice, or not of the binding's form.
    Malformed,
    /// No key has the id that the header names.
    UnknownKey,
    /// Not made with that key for this address.
    Forged,
    /// Genuine, but over.
    Expired(Claims),
    /// The key at this position is no key.
    InvalidKey(u32),
}

/// A key of the form `itsm-key.ID.HEX`, which says of itself what it is.
struct Key<'a> {
    id: &'a str,
    block: Zeroizing<Block>,
}

/// SHA-256's block. HMAC pads a shorter key with zeros to this length, and hashes a longer one.
type Block = [u8; 64];

impl<'a> Key<'a> {
    fn read(text: &'a str) -> Result<Self, &'static str> {
        let mut parts = text.split('.');
        let (Some(KEY_PREFIX), Some(id), Some(digits), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("the key is not of the form itsm-key.ID.HEX");
        };
        if !is_key_id(id) {
            return Err("the key's ID is not 1 to 16 lower-case letters and digits");
        }
        let bytes = text::unhex(digits).map(Zeroizing::new);
        let bytes = bytes.filter(|bytes| (32..=64).contains(&bytes.len()));
        let bytes = bytes.ok_or("the key's HEX is not 64 to 128 lower-case hex digits")?;
        let mut block = Zeroizing::new([0; 64]);
        for (place, byte) in block.iter_mut().zip(bytes.iter()) {
            *place = *byte;
        }
        Ok(Self { id, block })
    }
}

/// Makes the header and the tag for `claims`.
pub fn bind(key: &Secret, claims: &Claims) -> Result<Binding, &'static str> {
    let key = Key::read(key.expose())?;
    if !operation_id::is_valid(&claims.operation_id) {
        return Err("the operation id is not 1 to 32 lower-case letters and digits");
    }
    if !is_url(&claims.callback_url) {
        return Err("the callback address is not 1 to 2048 bytes of printable ASCII");
    }
    let mac = header_mac(
        &key.block,
        key.id,
        &claims.operation_id,
        claims.expires_s,
        &claims.callback_url,
    );
    let value = format!(
        "{VERSION}.{}.{}.{}.{}",
        key.id,
        claims.operation_id,
        claims.expires_s,
        text::hex(&mac.finalize().into_bytes())
    );
    Ok(Binding { header: (HEADER.to_owned(), value), tag: tag(&key.block, &claims.operation_id) })
}

/// Checks the binding among a callback's headers.
pub fn check(
    keys: &[Secret],
    headers: &[(String, String)],
    callback_url: &str,
    now_s: u64,
) -> Result<Bound, Unbound> {
    // First, so that a wrong setting shows on the first callback and not on the first genuine one.
    let mut readable = Vec::with_capacity(keys.len());
    for (index, key) in (0..).zip(keys) {
        let key = Key::read(key.expose()).map_err(|_| Unbound::InvalidKey(index))?;
        readable.push(key);
    }
    let mut values = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(HEADER))
        .map(|(_, value)| value.as_str());
    let value = values.next().ok_or(Unbound::Absent)?;
    if values.next().is_some() || !is_url(callback_url) {
        return Err(Unbound::Malformed);
    }
    let HeaderValue { key_id, operation_id, expires_s, mac: received } =
        HeaderValue::read(value).ok_or(Unbound::Malformed)?;

    // A sender must not learn which key ids exist from how long the answer takes: with no key of
    // that id the same work is done on a key that nobody has.
    let nobody = [0; 64];
    let mut known = false;
    let mut genuine = None;
    let with_id = readable.iter().filter(|key| key.id == key_id);
    for key in with_id {
        known = true;
        let mac = header_mac(&key.block, key_id, operation_id, expires_s, callback_url);
        if mac.verify_slice(&received).is_ok() {
            genuine = Some(key);
        }
    }
    if !known {
        let mac = header_mac(&nobody, key_id, operation_id, expires_s, callback_url);
        let _same_work = mac.verify_slice(&received);
        return Err(Unbound::UnknownKey);
    }
    let key = genuine.ok_or(Unbound::Forged)?;
    let claims = Claims {
        operation_id: operation_id.to_owned(),
        callback_url: callback_url.to_owned(),
        expires_s,
    };
    if now_s >= expires_s {
        return Err(Unbound::Expired(claims));
    }
    Ok(Bound { tag: tag(&key.block, operation_id), claims })
}

/// The parts of a header's value.
struct HeaderValue<'a> {
    key_id: &'a str,
    operation_id: &'a str,
    expires_s: u64,
    mac: Vec<u8>,
}

impl<'a> HeaderValue<'a> {
    fn read(value: &'a str) -> Option<Self> {
        let mut parts = value.split('.');
        let (Some(VERSION), Some(key_id), Some(operation_id), Some(expiry), Some(mac), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let expires_s: u64 = expiry.parse().ok()?;
        let mac = text::unhex(mac)?;
        // One text for one number: "+5" and "05" parse too.
        let canonical = expires_s.to_string() == expiry;
        (canonical && mac.len() == 32 && is_key_id(key_id) && operation_id::is_valid(operation_id))
            .then_some(Self { key_id, operation_id, expires_s, mac })
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=16).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_url(url: &str) -> bool {
    (1..=MAX_URL_BYTES).contains(&url.len()) && text::is_printable_ascii(url)
}

fn header_mac(
    key: &Block,
    key_id: &str,
    operation_id: &str,
    expires_s: u64,
    callback_url: &str,
) -> Hmac<Sha256> {
    let expires_s = expires_s.to_string();
    mac(key, &[VERSION, key_id, operation_id, &expires_s, callback_url])
}

fn tag(key: &Block, operation_id: &str) -> Secret {
    let mac = mac(key, &["tag", operation_id]).finalize().into_bytes();
    let first = mac.first_chunk::<16>().copied().unwrap_or_default();
    Secret::new(operation_id::from_bits(u128::from_be_bytes(first)))
}

fn mac(key: &Block, parts: &[&str]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new(key.into());
    for part in parts {
        mac.update(&(part.len() as u32).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://cmdb.example.com/itsm/callback";

    fn key(id: &str, byte: u8) -> Secret {
        Secret::new(format!("itsm-key.{id}.{}", text::hex(&[byte; 32])))
    }

    fn claims() -> Claims {
        Claims { operation_id: "abc234".into(), callback_url: URL.into(), expires_s: 2_000_000_000 }
    }

    fn bound() -> (String, String) {
        bind(&key("k1", 7), &claims()).ok().unwrap().header
    }

    /// What a check says, with the tag in clear.
    fn checked(
        keys: &[Secret],
        headers: &[(String, String)],
        url: &str,
        now_s: u64,
    ) -> Result<(Claims, String), Unbound> {
        let bound = check(keys, headers, url, now_s)?;
        Ok((bound.claims, bound.tag.expose().to_owned()))
    }

    #[test]
    fn a_binding_is_checked_with_any_of_the_keys_until_it_expires() {
        let keys = [key("k2", 9), key("k1", 7)];
        let other = ("Accept".to_owned(), "*/*".to_owned());
        let (name, value) = bound();
        let headers = [other, (name.to_ascii_lowercase(), value)];
        let tag = bind(&keys[1], &claims()).ok().unwrap().tag.expose().to_owned();
        assert_eq!(checked(&keys, &headers, URL, 1_999_999_999), Ok((claims(), tag)));
        assert_eq!(checked(&keys, &headers, URL, 2_000_000_000), Err(Unbound::Expired(claims())));
    }

    #[test]
    fn what_is_not_exactly_the_binding_proves_nothing() {
        let (name, value) = bound();
        let header = |value: &str| vec![(name.clone(), value.to_owned())];
        let upper = value.to_ascii_uppercase();
        for (headers, url, unbound) in [
            (vec![], URL, Unbound::Absent),
            (header(""), URL, Unbound::Malformed),
            (header(&upper), URL, Unbound::Malformed),
            (header(&format!(" {value}")), URL, Unbound::Malformed),
            (header(&format!("{value}.x")), URL, Unbound::Malformed),
            (header(&value.replace(".2000000000.", ".02000000000.")), URL, Unbound::Malformed),
            (header(&value.replace(".2000000000.", ".+2000000000.")), URL, Unbound::Malformed),
            ([header(&value), header(&value)].concat(), URL, Unbound::Malformed),
            (header(&value.replace(".2000000000.", ".2000000001.")), URL, Unbound::Forged),
            (header(&value.replace("abc234", "abc235")), URL, Unbound::Forged),
            (header(&value.replace(".k1.", ".k2.")), URL, Unbound::UnknownKey),
            (header(&value), "https://cmdb.example.com/itsm/callback/", Unbound::Forged),
            (header(&value), "", Unbound::Malformed),
        ] {
            assert_eq!(
                checked(&[key("k1", 7)], &headers, url, 0),
                Err(unbound),
                "{headers:?} {url}"
            );
        }
        assert_eq!(checked(&[key("k1", 8)], &header(&value), URL, 0), Err(Unbound::Forged));
        assert_eq!(checked(&[], &header(&value), URL, 0), Err(Unbound::UnknownKey));
    }

    #[test]
    fn a_wrong_key_is_told_by_its_place_and_what_is_wrong_without_the_key() {
        let hex = text::hex(&[1; 32]);
        for (wrong, why) in [
            (hex.clone(), "the key is not of the form itsm-key.ID.HEX"),
            (format!("itsm-key.k1.{hex}."), "the key is not of the form itsm-key.ID.HEX"),
            (
                format!("itsm-key.K1.{hex}"),
                "the key's ID is not 1 to 16 lower-case letters and digits",
            ),
            (
                format!("itsm-key.k1.{}", text::hex(&[1; 31])),
                "the key's HEX is not 64 to 128 lower-case hex digits",
            ),
            (
                format!("itsm-key.k1.{}", hex.replace('0', "A")),
                "the key's HEX is not 64 to 128 lower-case hex digits",
            ),
        ] {
            let wrong = Secret::new(wrong);
            assert_eq!(bind(&wrong, &claims()).err(), Some(why));
            assert_eq!(
                checked(&[key("k1", 7), wrong], &[bound()], URL, 0),
                Err(Unbound::InvalidKey(1))
            );
        }
    }

    #[test]
    fn claims_that_could_not_be_checked_later_are_not_bound() {
        let with = |change: fn(&mut Claims)| {
            let mut claims = claims();
            change(&mut claims);
            bind(&key("k1", 7), &claims).err().unwrap()
        };
        assert!(with(|claims| claims.operation_id = "A".into()).contains("operation id"));
        assert!(with(|claims| claims.callback_url.clear()).contains("address"));
        assert!(with(|claims| claims.callback_url = "https://例.cn".into()).contains("address"));
    }

    #[test]
    fn a_tag_depends_on_key_and_operation_alone_and_not_on_what_the_header_shows() {
        let tag = |key: &Secret, change: fn(&mut Claims)| {
            let mut claims = claims();
            change(&mut claims);
            bind(key, &claims).ok().unwrap().tag.expose().to_owned()
        };
        let own = tag(&key("k1", 7), |_| {});
        assert!(operation_id::is_valid(&own) && own.len() == 26, "{own}");
        assert_eq!(own, tag(&key("k9", 7), |claims| claims.callback_url.push('x')));
        assert_eq!(own, tag(&key("k1", 7), |claims| claims.expires_s += 1));
        assert_ne!(own, tag(&key("k1", 8), |_| {}));
        assert_ne!(own, tag(&key("k1", 7), |claims| claims.operation_id.push('x')));
        assert!(!bound().1.contains(&own));
    }
}
