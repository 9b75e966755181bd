//! The laws of parcels.
//!
//! Rules:
//! 1. At every consistent cut no depot has seen what cannot be; what a depot counts is what its
//!    links and timers count; nothing is received that is not sent.
//! 2. At rest every parcel has arrived, nothing waits, and each request is decided once, unless it
//!    was asked to fail.
//!
//! It doesn't know what goes wrong, nor when a cut is taken.

use archipelago::IslandId;
use archipelago_core::replay::Image;

use super::depot::Depot;
use super::scenario::fails;
use crate::check::Cut;

/// Holds at every consistent cut.
///
/// # Errors
/// The first thing that does not fit.
pub fn nothing_wrong(depots: Cut<'_, Depot>) -> Result<(), String> {
    for (at, image) in depots.iter().enumerate() {
        let island = IslandId(at as u32);
        if let Some(wrong) = image.state.wrong() {
            return Err(format!("island {island}: {wrong}"));
        }
        // A dead letter has a stamp and no events, so the stamp may be ahead.
        let (stamp, clock) = (image.stamp.millis(), image.state.clock());
        if stamp < clock {
            return Err(format!("island {island}: its stamp {stamp} is before its time {clock}"));
        }
        timers_agree(image).map_err(|wrong| format!("island {island}: {wrong}"))?;
        for (other, peer) in depots.iter().enumerate() {
            let other = IslandId(other as u32);
            let (sent, received) = (image.state.sent_to(other), peer.state.received_from(island));
            let numbers = (image.sent_to(other).0, peer.applied_from(island).0);
            if (sent, received) != numbers {
                return Err(format!(
                    "island {island} counts {sent} parcels to island {other}, which counts \
                     {received}; their links count {numbers:?}"
                ));
            }
            if received > sent {
                return Err(format!(
                    "island {other} has {received} parcels of island {island}, which sent {sent}"
                ));
            }
        }
    }
    Ok(())
}

/// What a depot remembers of its timers is what the kernel has.
fn timers_agree(image: &Image<Depot>) -> Result<(), String> {
    let (alarms, timers) = (image.state.alarms(), &image.timers);
    let first = alarms.iter().map(|(timer, alarm)| (alarm.due, *timer)).min();
    let kept = timers.first().map(|(due, timer, _)| (due, timer));
    if alarms.len() == timers.len() && first == kept {
        return Ok(());
    }
    Err(format!(
        "{} timers should be set, {first:?} first, but {} are, {kept:?} first",
        alarms.len(),
        timers.len()
    ))
}

/// Holds when all is at rest, after `commands` requests of one client.
///
/// # Errors
/// The first thing that does not fit.
pub fn all_done(depots: Cut<'_, Depot>, commands: u64) -> Result<(), String> {
    for (at, image) in depots.iter().enumerate() {
        let island = IslandId(at as u32);
        let (waiting, alarms) = (image.state.waiting(), image.state.alarms().len());
        if waiting + alarms > 0 {
            return Err(format!("island {island}: {waiting} tasks wait, {alarms} timers are set"));
        }
        for (other, peer) in depots.iter().enumerate() {
            let (sent, received) =
                (image.state.sent_to(IslandId(other as u32)), peer.state.received_from(island));
            if sent != received {
                return Err(format!(
                    "island {island} sent island {other} {sent} parcels, {received} came"
                ));
            }
        }
    }
    let mut decided: Vec<u64> =
        depots.iter().flat_map(|image| image.state.decided()).map(|(_, number)| number.0).collect();
    decided.sort_unstable();
    let expected: Vec<u64> = (1..=commands).filter(|number| !fails(*number)).collect();
    match decided.iter().zip(&expected).find(|(is, should)| is != should) {
        None if decided.len() == expected.len() => Ok(()),
        None => Err(format!("{} requests are decided, not {}", decided.len(), expected.len())),
        Some((is, should)) => Err(format!("request {should} is not decided once; next is {is}")),
    }
}
