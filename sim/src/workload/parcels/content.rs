//! What is in a parcel: bytes that follow from who sent it, to whom, and as which.
//!
//! It doesn't know how parcels travel.

use archipelago_core::id::IslandId;
use archipelago_core::time::Millis;
use serde::{Deserialize, Serialize};

use crate::mix::mix;

/// A parcel: the sender's own count of those to this receiver, its time, and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// 1, 2, 3 … for this pair of islands.
    pub count: u64,
    /// When it was sent: the time of the sender's decision.
    pub sent: Millis,
    /// Follows from the pair, the count and its own length.
    pub content: Vec<u8>,
}

impl Parcel {
    /// Parcel `count` of `from` to `to`, with `bytes` bytes of content.
    #[must_use]
    pub fn new(from: IslandId, to: IslandId, count: u64, sent: Millis, bytes: u32) -> Self {
        Self { count, sent, content: content(from, to, count, bytes as usize) }
    }

    /// What is wrong with it, for `to` that gets it of `from` at `now` and has had `had` of its
    /// parcels.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self, from: IslandId, to: IslandId, had: u64, now: Millis) -> Result<(), String> {
        let count = self.count;
        if count != had + 1 {
            return Err(format!("parcel {count} of island {from} comes after parcel {had}"));
        }
        if self.content != content(from, to, count, self.content.len()) {
            return Err(format!("parcel {count} of island {from} has other content than was sent"));
        }
        if now < self.sent {
            let sent = self.sent;
            return Err(format!(
                "parcel {count} of island {from}, sent at {sent}, is decided before, at {now}"
            ));
        }
        Ok(())
    }
}

/// Cheap, and every byte depends on all four numbers.
fn content(from: IslandId, to: IslandId, count: u64, bytes: usize) -> Vec<u8> {
    let start = mix(u64::from(from.0) << 32 | u64::from(to.0)) ^ mix(count) ^ bytes as u64;
    let mut content = Vec::with_capacity(bytes + 8);
    let mut word = 0;
    while content.len() < bytes {
        content.extend_from_slice(&mix(start.wrapping_add(word)).to_le_bytes());
        word += 1;
    }
    content.truncate(bytes);
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_that_is_not_the_next_or_not_as_sent_is_told() {
        let (from, to) = (IslandId(1), IslandId(2));
        let parcel = Parcel::new(from, to, 4, Millis(9), 20);
        assert_eq!(parcel.content.len(), 20);
        assert_eq!(parcel.check(from, to, 3, Millis(9)), Ok(()));
        for (had, from, now) in [(2, from, 9), (4, from, 9), (3, IslandId(0), 9), (3, from, 8)] {
            assert!(parcel.check(from, to, had, Millis(now)).is_err(), "{had} {from} {now}");
        }
        let shorter = Parcel { content: parcel.content[..19].to_vec(), ..parcel.clone() };
        assert!(shorter.check(from, to, 3, Millis(9)).is_err());
    }
}
