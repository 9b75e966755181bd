//! The laws of the kernel, checked on real kernels in a small world of faults (see [`net`]).
//!
//! It doesn't know threads, files or the simulator: those have checks of their own.

mod codecs;
mod faults;
mod hello;
mod net;
mod stories;
