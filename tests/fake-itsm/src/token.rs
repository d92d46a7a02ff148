//! Tokens: one constant of the server, encrypted anew each time. They prove nothing about a ticket.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use base64::Engine;

const KEY: [u8; 32] = *b"the fake server's own AES key...";
const CONSTANT: &[u8] = b"bk_itsm_the-fake-servers-own-long-secret";

/// What looking at a token shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Check {
    /// It holds the constant.
    Passed,
    /// It does not.
    NotPassed,
    /// The server's own code fails on it.
    Crash,
}

/// A token, from 16 random bytes.
pub fn make(iv: [u8; 16]) -> String {
    let pad = 16 - CONSTANT.len() % 16;
    let mut plain = CONSTANT.to_vec();
    plain.extend(std::iter::repeat_n(pad as u8, pad));
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&KEY.into(), &iv.into());
    let encrypted = cipher.encrypt_padded_vec_mut::<NoPadding>(&plain);
    base64::engine::general_purpose::STANDARD.encode([iv.to_vec(), encrypted].concat())
}

/// Looks at a token as the server does: characters that are not base64's are skipped, the first 16 bytes
/// are the IV, and with no block behind it the server's unpadding fails.
pub fn check(token: &str) -> Check {
    let Some(bytes) = decode(token) else {
        return Check::NotPassed;
    };
    if bytes.len() == 16 {
        return Check::Crash;
    }
    let Some((iv, encrypted)) = bytes.split_first_chunk::<16>() else {
        return Check::NotPassed;
    };
    let cipher = cbc::Decryptor::<aes::Aes256>::new(&KEY.into(), iv.into());
    let Ok(plain) = cipher.decrypt_padded_vec_mut::<NoPadding>(encrypted) else {
        return Check::NotPassed;
    };
    let pad = usize::from(plain.last().copied().unwrap_or_default());
    let end = plain.len().saturating_sub(pad);
    if plain.get(..end) == Some(CONSTANT) { Check::Passed } else { Check::NotPassed }
}

/// Python's `b64decode`: strange characters are dropped, decoding ends at complete padding, and what
/// is then not whole is an error.
fn decode(token: &str) -> Option<Vec<u8>> {
    let known = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let mut digits = String::new();
    for character in token.chars().filter(known) {
        if character == '=' && digits.len() % 4 < 2 {
            // Padding in front of a whole group is passed over.
            continue;
        }
        digits.push(character);
        if character == '=' && digits.len().is_multiple_of(4) {
            break;
        }
    }
    base64::engine::general_purpose::STANDARD.decode(digits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_checked_as_leniently_as_the_server_does() {
        let token = make([7; 16]);
        let cut = |n: usize| token[..token.len() - n].to_owned();
        for (token, check_is) in [
            (token.clone(), Check::Passed),
            (make([8; 16]), Check::Passed),
            (format!(" {token}"), Check::Passed),
            (format!("{token}\n"), Check::Passed),
            (format!("{token}="), Check::Passed),
            (format!("{}!{}", &token[..10], &token[10..]), Check::Passed),
            (cut(1), Check::NotPassed),
            (cut(4), Check::NotPassed),
            (cut(token.len() / 2), Check::NotPassed),
            (String::new(), Check::NotPassed),
            ("garbage".into(), Check::NotPassed),
            ("!!!!".into(), Check::NotPassed),
            ("A".repeat(4096), Check::NotPassed),
            ("sK3/z9O/yPzIiFqHf4J6nQ==".into(), Check::Crash),
        ] {
            assert_eq!(check(&token), check_is, "{token}");
        }
    }
}
