//! Tests of sagas: any schedule, and single stories.

mod net;
mod schedules;
mod stories;
