//! **Workload**: islands worth running, with the commands that real data makes of them.
//!
//! Rules:
//! 1. Each workload is an ordinary island: what a user of the library would write.
//! 2. Its truths are counted from the data by other means, and compared.
//!
//! It doesn't know the world it runs in: threads and disks, or the simulator's.

pub mod warehouse;
