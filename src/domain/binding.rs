//! The proof that a callback belongs to an operation: an HMAC in a header that ITSM sends back.
//!
//! docs/binding.md is the format, and the tests hold both against tests/vectors/binding.json.

use super::operation_id;
use super::secret::Secret;
use super::text;
use hmac::digest::consts::U16;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::hint::black_box;
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
pub enum BindingError {
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
    /// The HMAC of nothing yet, to be copied: the key alone costs as much as a short text.
    keyed: Hmac<Sha256>,
}

impl<'a> Key<'a> {
    fn parse(text: &'a str) -> Result<Self, &'static str> {
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
        // SHA-256's block. HMAC pads a shorter key with zeros to this length, and hashes a longer one.
        let mut block = Zeroizing::new([0; 64]);
        for (place, byte) in block.iter_mut().zip(bytes.iter()) {
            *place = *byte;
        }
        Ok(Self { id, keyed: Hmac::new((&*block).into()) })
    }
}

/// Makes the header and the tag for `claims`.
pub fn bind(key: &Secret, claims: &Claims) -> Result<Binding, &'static str> {
    let key = Key::parse(key.expose())?;
    if !operation_id::is_valid(&claims.operation_id) {
        return Err("the operation id is not 1 to 32 lower-case letters and digits");
    }
    if !is_url(&claims.callback_url) {
        return Err("the callback address is not 1 to 2048 bytes of printable ASCII");
    }
    let mac = header_mac(
        &key.keyed,
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
    Ok(Binding { header: (HEADER.to_owned(), value), tag: tag(&key.keyed, &claims.operation_id) })
}

/// Checks the binding among a callback's headers.
pub fn check(
    keys: &[Secret],
    headers: &[(String, String)],
    callback_url: &str,
    now_s: u64,
) -> Result<Bound, BindingError> {
    // First, so that a wrong setting shows on the first callback and not on the first genuine one.
    let mut parsed = Vec::with_capacity(keys.len());
    for (place, key) in (0..).zip(keys) {
        let key = Key::parse(key.expose()).map_err(|_| BindingError::InvalidKey(place))?;
        parsed.push(key);
    }
    let mut values = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(HEADER))
        .map(|(_, value)| value.as_str());
    let value = values.next().ok_or(BindingError::Absent)?;
    if values.next().is_some() || !is_url(callback_url) {
        return Err(BindingError::Malformed);
    }
    let HeaderValue { key_id, operation_id, expires_s, mac: received } =
        HeaderValue::parse(value).ok_or(BindingError::Malformed)?;

    let is_made_with = |key: &&Key| {
        let mac = header_mac(&key.keyed, key_id, operation_id, expires_s, callback_url);
        mac.verify_slice(&received).is_ok()
    };
    let mut candidates = parsed.iter().filter(|key| key.id == key_id).peekable();
    if candidates.peek().is_none() {
        // A sender must not learn which key ids exist from the time of the answer: the same work is done with a
        // key that is not asked for.
        black_box(parsed.first().is_some_and(|key| is_made_with(&key)));
        return Err(BindingError::UnknownKey);
    }
    let key = candidates.find(is_made_with).ok_or(BindingError::Forged)?;
    let claims = Claims {
        operation_id: operation_id.to_owned(),
        callback_url: callback_url.to_owned(),
        expires_s,
    };
    if now_s >= expires_s {
        return Err(BindingError::Expired(claims));
    }
    Ok(Bound { tag: tag(&key.keyed, operation_id), claims })
}

/// The parts of a header's value.
struct HeaderValue<'a> {
    key_id: &'a str,
    operation_id: &'a str,
    expires_s: u64,
    mac: Vec<u8>,
}

impl<'a> HeaderValue<'a> {
    fn parse(value: &'a str) -> Option<Self> {
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
    keyed: &Hmac<Sha256>,
    key_id: &str,
    operation_id: &str,
    expires_s: u64,
    callback_url: &str,
) -> Hmac<Sha256> {
    let expires_s = expires_s.to_string();
    mac(keyed, &[VERSION, key_id, operation_id, &expires_s, callback_url])
}

fn tag(keyed: &Hmac<Sha256>, operation_id: &str) -> Secret {
    let mac = mac(keyed, &["tag", operation_id]).finalize().into_bytes();
    let (first, _) = mac.split::<U16>();
    Secret::new(operation_id::from_bits(u128::from_be_bytes(first.into())))
}

fn mac(keyed: &Hmac<Sha256>, parts: &[&str]) -> Hmac<Sha256> {
    let mut mac = keyed.clone();
    for part in parts {
        #[expect(clippy::cast_possible_truncation, reason = "a length has 32 bits on wasm")]
        mac.update(&(part.len() as u32).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}
