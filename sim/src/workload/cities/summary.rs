//! What all islands' hours came to, whichever island each lives on.
//!
//! It doesn't know how many islands there are.

use std::collections::BTreeMap;

use archipelago::patterns::aggregator::Ending;

use super::hour::Hour;
use super::island::{Cities, Run};
use crate::workload::fingerprint::{Fingerprint, Fingerprinter};

/// Sums over all hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Hours on which the model ran.
    pub hours: u64,
    /// Of these: all stations had reported.
    pub complete: u64,
    /// Of these: not all had.
    pub partial: u64,
    /// Stations in all of them.
    pub stations: u64,
    /// How often the model ran again.
    pub amended: u64,
    /// The sum of all means, in units of the fourth place.
    pub checksum: i128,
    /// Readings and announcements that no hour took in.
    pub turned_away: u64,
    /// Hours that still wait.
    pub open: u64,
    /// Tells the hours' results from others.
    pub results: Option<Fingerprint>,
}

impl Summary {
    /// Sums up the islands.
    #[must_use]
    pub fn of<'a>(islands: impl Iterator<Item = &'a Cities>) -> Self {
        let mut summary = Self::default();
        let mut hours: BTreeMap<Hour, Run> = BTreeMap::new();
        for island in islands {
            hours.extend(island.models());
            summary.turned_away += island.turned_away();
            summary.open += island.hours().open().count() as u64;
        }
        let mut sum = Fingerprinter::new("hours v1");
        for (Hour(hour), Run { model, amended }) in &hours {
            summary.hours += 1;
            summary.stations += u64::from(model.stations);
            summary.amended += u64::from(*amended);
            match model.ending {
                Ending::Complete => summary.complete += 1,
                Ending::Partial | Ending::Short => summary.partial += 1,
            }
            let mean = model.mean.unwrap_or_default().0;
            summary.checksum += i128::from(mean);
            [u64::from(*hour), u64::from(model.stations), mean.cast_unsigned()]
                .into_iter()
                .for_each(|number| sum.number(number));
        }
        summary.results = Some(sum.finish());
        summary
    }
}
