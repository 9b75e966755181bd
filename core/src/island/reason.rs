//! Why a command became a dead letter, in words of bounded length.
//!
//! It doesn't know commands.

/// The most bytes of a dead letter's reason that are kept.
const REASON_BYTES_MAX: usize = 1024;

/// The reason, shortened to what is kept.
pub(super) fn cut(reason: &str) -> &str {
    let end =
        (0..=REASON_BYTES_MAX.min(reason.len())).rev().find(|at| reason.is_char_boundary(*at));
    &reason[..end.unwrap_or(0)]
}

/// What a panic said.
#[must_use]
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}
