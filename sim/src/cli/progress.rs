//! A progress bar on standard error, only where a person watches it.
//!
//! It doesn't know what progresses.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::text::thousands;

/// Says how far something is; gone without a trace at the end. May be shared by threads.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Of something with a known length.
    #[must_use]
    pub fn of(what: &'static str, total: u64) -> Self {
        let form = "{msg} [{bar:30}] {human_pos} of {human_len}, {rate} a second, {eta} left";
        Self::with(ProgressBar::with_draw_target(Some(total), target()), what, form)
    }

    /// Of something whose length nobody knows.
    #[must_use]
    pub fn unknown(what: &'static str) -> Self {
        let form = "{spinner} {msg} {elapsed}";
        let this = Self::with(ProgressBar::with_draw_target(None, target()), what, form);
        if !this.0.is_hidden() {
            this.0.enable_steady_tick(Duration::from_millis(100));
        }
        this
    }

    fn with(bar: ProgressBar, what: &'static str, form: &str) -> Self {
        let style = ProgressStyle::with_template(form);
        let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
            // A line that cannot be drawn is drawn the next time.
            let _ = out.write_str(&thousands(state.per_sec() as u64));
        };
        let style = style.expect("the template is ours and good").with_key("rate", rate);
        Self(bar.with_style(style).with_message(what))
    }

    /// So many are done now.
    pub fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// So many more are done.
    pub fn add(&self, more: u64) {
        self.0.inc(more);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn target() -> ProgressDrawTarget {
    if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_good() {
        let bar = Progress::of("orders", 3);
        bar.add(1);
        bar.set(3);
        drop(Progress::unknown("reading"));
    }
}
