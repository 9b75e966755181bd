//! Tests of the warehouse on a small net: stories, and random days one command after the other.

mod net;
mod serial;
mod stories;
