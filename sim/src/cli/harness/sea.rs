//! A run's islands: asked, closed, replayed.
//!
//! It doesn't know what is asked.

use std::time::Duration;

use archipelago::command::Client;
use archipelago::island::latency_of;
use archipelago::replay::Log;
use archipelago::{Archipelago, AtRest, Closed, Settled};
use hdrhistogram::Histogram;

use super::place::Kept;
use super::{Feeder, History, Listener, World};
use crate::cli::failure::{Failure, input};
use crate::cli::replay;
use crate::cli::report::{Common, Latency, per_second};

/// How long to wait for messages on their way, at the end and where a world asks for it.
const SETTLE_TIME: Duration = Duration::from_secs(60);

/// The islands of a run, and what earlier runs on the same data had answered.
pub struct Sea<W: World, K> {
    pub(super) kept: Kept,
    pub(super) islands: Archipelago<W>,
    pub(super) client: Client<W>,
    pub(super) history: History<K>,
}

/// What a run took, as far as its world alone knows it.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Requests answered in this run that its rate counts.
    pub answered: u64,
    /// Times that admission said Busy.
    pub busy: u64,
    /// From the first submission to the last reply.
    pub seconds: f64,
    /// Latencies of what came before ([`Sea::latency_us`]), to be left out.
    pub before_us: Option<Histogram<u64>>,
}

impl<W: World, K> Sea<W, K> {
    /// Who feeds it requests.
    #[must_use]
    pub fn feeder<L: Listener<W, Kept = K>>(&self, listener: L) -> Feeder<'_, W, L> {
        Feeder::new(&self.client, &self.history, listener)
    }

    /// The islands themselves.
    #[must_use]
    pub const fn islands(&self) -> &Archipelago<W> {
        &self.islands
    }

    /// Waits until all that is on its way has arrived.
    ///
    /// # Errors
    /// [`Failure::check`] with `late` when that takes too long.
    pub fn settle(&self, late: &str) -> Result<(), Failure> {
        match self.islands.settle(SETTLE_TIME).map_err(input)? {
            AtRest::Yes => Ok(()),
            AtRest::No => Err(Failure::check(late)),
        }
    }

    /// Latencies of all answers so far, in microseconds.
    ///
    /// # Errors
    /// When the islands cannot be looked at.
    pub fn latency_us(&self) -> Result<Histogram<u64>, Failure> {
        Ok(latency_of(&self.islands.stats().map_err(input)?))
    }

    /// Closes; `look` sees the islands as they were at the end, before the journal is replayed.
    ///
    /// # Errors
    /// When they do not come to rest, the journal fails, or cannot be replayed; those of `look`.
    pub fn finish<T>(
        self,
        ran: Ran,
        look: impl FnOnce(&Closed<W>) -> Result<T, Failure>,
    ) -> Result<(T, Common), Failure> {
        let Self { kept, islands, client, .. } = self;
        drop(client);
        let closed = islands.close(SETTLE_TIME).map_err(input)?;
        if let Settled::No { waiting, unacked } = closed.settled {
            return Err(Failure::check(format!(
                "the islands did not come to rest: {waiting} requests without an answer, \
                 {unacked} messages not acknowledged; what is open stays in the journal"
            )));
        }
        let seen = look(&closed)?;
        let mut common = common(&closed, ran)?;
        // The replay needs the memory of its own islands.
        drop(closed);
        if let Some(data) = kept.directory() {
            let log = Log::open(data)?;
            common.replay = Some(replay::report(&replay::restore::<W>(&log, None)?)?);
        }
        Ok((seen, common))
    }
}

fn common<W: World>(closed: &Closed<W>, ran: Ran) -> Result<Common, Failure> {
    let digest = closed.digest().map_err(|error| Failure::check(error.to_string()))?;
    let mut latency = latency_of(&closed.stats);
    if let Some(before) = &ran.before_us {
        // What was recorded before is part of it, so there is something to take away from.
        let _ = latency.subtract(before);
    }
    Ok(Common {
        messages: closed.images.iter().flat_map(|image| image.sent.values()).map(|n| n.0).sum(),
        answered_per_second: per_second(ran.answered, ran.seconds),
        latency_us: Latency {
            p50: latency.value_at_quantile(0.5),
            p99: latency.value_at_quantile(0.99),
            p999: latency.value_at_quantile(0.999),
            max: latency.max(),
        },
        journal_bytes: closed.journal_bytes,
        islands: closed.images.len() as u32,
        digest: digest.to_string(),
        threads: closed.threads as u32,
        seconds: ran.seconds,
        answered_now: ran.answered,
        busy: ran.busy,
        replay: None,
    })
}
