//! The server's local time: UTC+8, without a zone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, as `2026-11-24 07:26:12`.
pub fn now() -> String {
    text(since_epoch())
}

/// Now with microseconds, as callbacks have it.
pub fn now_with_microseconds() -> String {
    let now = since_epoch();
    format!("{}.{:06}", text(now), now.subsec_micros())
}

/// Today, as ticket numbers have it.
pub fn today() -> String {
    now().chars().filter(char::is_ascii_digit).take(8).collect()
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn text(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs() + 8 * 3600;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut day) = (1970, days);
    let leap =
        |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!(
        "{year:04}-{month:02}-{:02} {:02}:{:02}:{:02}",
        day + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates_also_in_leap_years() {
        for (seconds, expected) in [
            (0, "1970-01-01 08:00:00"),
            (1_709_164_800, "2024-02-29 08:00:00"),
            (1_795_476_372, "2026-11-24 07:26:12"),
        ] {
            assert_eq!(text(Duration::from_secs(seconds)), expected);
        }
    }
}
